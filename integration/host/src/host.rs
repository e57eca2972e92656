//! One Envoy process: its VMs, its clock and what they share.

use std::{cell::RefCell, rc::Rc, time::Duration};

use crate::{
    death::Death,
    engine::Engine,
    error::LoadError,
    host::{builder::HostBuilder, worker::Worker},
    process::{SharedProcess, inject::Injection, metrics::Metric},
    vm::{
        Vm,
        counts::CallCounts,
        log::{LogLine, VmRole},
    },
};

pub(crate) mod builder;
mod clock;
pub(crate) mod outcome;
pub(crate) mod stream;
pub(crate) mod worker;

struct Inner {
    engine: Engine,
    process: SharedProcess,
    /// The main thread's VM, then each worker's.
    vms: Vec<RefCell<Vm>>,
}

/// An Envoy process under test. Clones are handles on the same process; it lives on one thread.
#[derive(Clone)]
pub struct TestHost(Rc<Inner>);

impl TestHost {
    /// Starts to describe a host for a module.
    pub fn builder(engine: &Engine) -> HostBuilder {
        HostBuilder::new(engine)
    }

    pub(crate) fn load(
        engine: &Engine,
        process: SharedProcess,
        workers: usize,
        configuration: &[u8],
    ) -> Result<Self, LoadError> {
        let start = |index: usize, role: VmRole| {
            let mut vm = Vm::new(engine, index, role, &process)?;
            vm.create_root(configuration)?;
            Ok(vm)
        };
        start(0, VmRole::Canary)?;
        let mut vms = vec![RefCell::new(start(0, VmRole::Main)?)];
        for worker in 0..workers {
            vms.push(RefCell::new(start(worker + 1, VmRole::Worker(worker))?));
        }
        let host = Self(Rc::new(Inner { engine: engine.clone(), process, vms }));
        host.run_pending();
        Ok(host)
    }

    /// Loads another plugin configuration: new root contexts beside the old, which keep their streams and ticks.
    ///
    /// # Errors
    /// [`LoadError`] if a VM refuses it. If it is the canary, as with every configuration error, nothing has changed.
    pub fn update_config(&self, configuration: &[u8]) -> Result<(), LoadError> {
        let mut canary = Vm::new(&self.0.engine, 0, VmRole::Canary, &self.0.process)?;
        canary.create_root(configuration)?;
        drop(canary);
        for vm in &self.0.vms {
            vm.borrow_mut().create_root(configuration)?;
        }
        self.run_pending();
        Ok(())
    }

    /// Ends the drain time: every root context but the newest gets `on_done` and `on_delete`.
    pub fn retire_old_configs(&self) {
        for vm in &self.0.vms {
            let mut vm = vm.borrow_mut();
            let current = vm.current_root;
            let old = vm.state().roots.iter().filter(|(id, root)| **id != current && !root.deleted);
            for id in old.map(|(id, _)| *id).collect::<Vec<_>>() {
                vm.shut_down_root(id);
            }
        }
        self.run_pending();
    }

    /// A worker, counted from 0.
    ///
    /// # Panics
    /// Where the host has no such worker: the test is wrong.
    pub fn worker(&self, index: usize) -> Worker {
        assert!(index < self.workers(), "there is no worker {index}");
        Worker::new(self.clone(), index + 1)
    }

    /// The main thread's VM: it ticks and makes calls, and has no streams.
    pub fn main(&self) -> Worker {
        Worker::new(self.clone(), 0)
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.0.vms.len().saturating_sub(1)
    }

    pub(crate) fn process(&self) -> &SharedProcess {
        &self.0.process
    }

    /// Works on one VM, then delivers what that set off elsewhere.
    pub(crate) fn with_vm<T>(&self, index: usize, work: impl FnOnce(&mut Vm) -> T) -> Option<T> {
        let result = work(&mut self.0.vms.get(index)?.borrow_mut());
        self.run_pending();
        Some(result)
    }

    pub(crate) fn read_vm<T>(&self, index: usize, read: impl FnOnce(&Vm) -> T) -> Option<T> {
        Some(read(&self.0.vms.get(index)?.borrow()))
    }

    /// How Envoy would have died, if it would have. Nothing runs from then on.
    pub fn death(&self) -> Option<Death> {
        self.process().get().death.clone()
    }

    /// The text of each VM's trap, with the export it happened in.
    pub fn traps(&self) -> Vec<String> {
        let vms = self.0.vms.iter().map(|vm| vm.borrow());
        vms.filter_map(|vm| {
            vm.trap.as_ref().map(|trap| format!("{}: {}", trap.callback, trap.message))
        })
        .collect()
    }

    /// Adds a fault to host calls of every VM.
    pub fn inject(&self, injection: Injection) {
        self.process().get_mut().injections.add(injection);
    }

    /// Removes all injected faults; answers how many calls they changed.
    pub fn clear_injections(&self) -> u64 {
        self.process().get_mut().injections.clear()
    }

    /// Everything logged so far, of all VMs including the canary.
    pub fn logs(&self) -> Vec<LogLine> {
        self.process().get().logs.clone()
    }

    /// As [`Self::logs`], and forgets them.
    pub fn take_logs(&self) -> Vec<LogLine> {
        std::mem::take(&mut self.process().get_mut().logs)
    }

    /// Every metric by name.
    pub fn metrics(&self) -> Vec<(String, Metric)> {
        self.process().get().metrics.all()
    }

    /// A counter's or gauge's value, `None` where neither is defined.
    pub fn metric(&self, name: &str) -> Option<u64> {
        self.metrics().into_iter().find_map(|(other, metric)| match metric {
            Metric::Counter(value) | Metric::Gauge(value) if other == name => Some(value),
            _ => None,
        })
    }

    /// A shared value of the plugin's VM id.
    pub fn shared_data(&self, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let process = self.process().get();
        process
            .shared_data
            .get(process.settings.vm_id.as_bytes(), key.as_ref())
            .map(|(value, _)| value.clone())
    }

    /// Writes a shared value, as another plugin or worker might.
    pub fn set_shared_data(&self, key: impl AsRef<[u8]>, value: impl Into<Vec<u8>>) {
        let mut process = self.process().get_mut();
        let vm_id = process.settings.vm_id.clone();
        // An unconditional write cannot fail.
        let written = process.shared_data.set(vm_id.as_bytes(), key.as_ref(), value.into(), 0);
        debug_assert!(written.is_ok(), "cas 0 always writes");
    }

    /// Calls of all VMs together since the start or the last [`Self::reset_counts`]; the canary's are not among them.
    pub fn counts(&self) -> CallCounts {
        let mut sum = CallCounts::default();
        for vm in &self.0.vms {
            sum.merge(&vm.borrow().state().counts);
        }
        sum
    }

    /// Sets all call counts to 0.
    pub fn reset_counts(&self) {
        for vm in &self.0.vms {
            vm.borrow_mut().state_mut().counts = CallCounts::default();
        }
    }

    /// The virtual wall clock, nanoseconds since the epoch.
    pub fn now(&self) -> u64 {
        self.process().get().now
    }

    /// Virtual time since the start.
    pub fn elapsed(&self) -> Duration {
        let process = self.process().get();
        Duration::from_nanos(process.now - process.settings.start_time)
    }
}

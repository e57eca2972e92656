//! One VM: a module instance with its contexts, called as Envoy calls it.

use wasmtime::{Store, Val};

use crate::{
    abi,
    engine::Engine,
    error::LoadError,
    process::SharedProcess,
    vm::{
        log::VmRole,
        state::{Root, VmState},
    },
};

pub(crate) mod counts;
pub(crate) mod exports;
pub(crate) mod log;
pub(crate) mod state;

/// A trap of this VM: from then on Envoy's failure policy decides.
#[derive(Clone, Debug)]
pub(crate) struct Trap {
    pub(crate) callback: &'static str,
    pub(crate) message: String,
}

/// What a callback returned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Returned {
    pub(crate) code: u32,
    /// A local reply was sent meanwhile: iteration stops whatever the code.
    pub(crate) stopped: bool,
}

/// A module instance.
pub(crate) struct Vm {
    pub(crate) store: Store<VmState>,
    instance: wasmtime::Instance,
    pub(crate) trap: Option<Trap>,
    fuel_limit: u64,
    /// The root context that new streams belong to.
    pub(crate) current_root: u32,
}

impl Vm {
    /// Instantiates the module and runs its start function.
    pub(crate) fn new(
        engine: &Engine,
        index: usize,
        role: VmRole,
        process: &SharedProcess,
    ) -> Result<Self, LoadError> {
        let fuel_limit = process.get().settings.fuel_limit;
        let mut store = Store::new(&engine.inner, VmState::new(index, role, process.clone()));
        let trapped = |error: wasmtime::Error| LoadError::Trap {
            callback: "_initialize",
            message: format!("{error:#}"),
            logs: process.get().logs.clone(),
        };
        store.set_fuel(fuel_limit).map_err(trapped)?;
        let instance = engine.pre.instantiate(&mut store).map_err(trapped)?;
        let memory = instance.get_memory(&mut store, "memory");
        let allocator = exports::ALLOCATORS.into_iter().find_map(|name| {
            Some((name, instance.get_typed_func::<u32, u32>(&mut store, name).ok()?))
        });
        store.data_mut().memory = memory;
        store.data_mut().allocator = allocator;
        let mut vm = Self { store, instance, trap: None, fuel_limit, current_root: 0 };
        vm.state_mut().allowed = Some(abi::ALLOWED_AT_START);
        if vm.has("_initialize") {
            vm.call("_initialize", 0, &[]);
            vm.call("main", 0, &[0, 0]);
        } else {
            vm.call("_start", 0, &[]);
        }
        vm.state_mut().allowed = None;
        vm.check_load()?;
        Ok(vm)
    }

    pub(crate) fn state(&self) -> &VmState {
        self.store.data()
    }

    pub(crate) fn state_mut(&mut self) -> &mut VmState {
        self.store.data_mut()
    }

    /// Creates a root context and starts and configures it. Answers its id.
    pub(crate) fn create_root(&mut self, configuration: &[u8]) -> Result<u32, LoadError> {
        let id = self.new_context();
        self.state_mut()
            .roots
            .insert(id, Root { configuration: configuration.to_vec(), ..Root::default() });
        let vm_configuration_size =
            size(self.state().process.get().settings.vm_configuration.len());
        self.call("proxy_on_context_create", id, &[id, 0]);
        let started = self.call("proxy_on_vm_start", id, &[id, vm_configuration_size]);
        self.check_load()?;
        if started.is_some_and(|returned| returned.code == 0) {
            return Err(LoadError::StartRejected(self.state().process.get().logs.clone()));
        }
        self.state_mut().configuring = true;
        let configured = self.call("proxy_on_configure", id, &[id, size(configuration.len())]);
        self.state_mut().configuring = false;
        self.check_load()?;
        if configured.is_some_and(|returned| returned.code == 0) {
            return Err(LoadError::ConfigurationRejected(self.state().process.get().logs.clone()));
        }
        self.current_root = id;
        Ok(id)
    }

    /// The next context id; roots and streams count together.
    pub(crate) fn new_context(&mut self) -> u32 {
        let id = self.state().next_context;
        self.state_mut().next_context += 1;
        id
    }

    pub(crate) fn has(&mut self, export: &str) -> bool {
        self.instance.get_func(&mut self.store, export).is_some()
    }

    /// The VM trapped, or the process is dead: nothing runs in it any more.
    pub(crate) fn is_failed(&self) -> bool {
        self.trap.is_some()
    }

    /// Calls an export and then carries out what it asked for. `None`: it does not exist, trapped, or nothing runs here.
    pub(crate) fn call(
        &mut self,
        export: &'static str,
        context: u32,
        args: &[u32],
    ) -> Option<Returned> {
        if self.is_failed() || self.state().process.get().death.is_some() {
            return None;
        }
        let function = self.instance.get_func(&mut self.store, export)?;
        let state = self.state_mut();
        state.current = context;
        state.effective = 0;
        state.callback = export;
        state.call_number += 1;
        state.stop_iteration = false;
        let args: Vec<Val> = args.iter().map(|arg| Val::I32(arg.cast_signed())).collect();
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        let outcome = self
            .store
            .set_fuel(self.fuel_limit)
            .and_then(|()| function.call(&mut self.store, &args, &mut results));
        let fuel = self.fuel_limit.saturating_sub(self.store.get_fuel().unwrap_or(0));
        self.state_mut().counts.count_export(export, fuel);
        let stopped = std::mem::take(&mut self.state_mut().stop_iteration);
        if let Err(error) = &outcome {
            self.trap = Some(Trap { callback: export, message: format!("{error:#}") });
        }
        self.run_actions();
        outcome.ok()?;
        let code = results.first().and_then(Val::i32).unwrap_or(0).cast_unsigned();
        Some(Returned { code, stopped })
    }

    fn check_load(&self) -> Result<(), LoadError> {
        let process = self.state().process.get();
        if let Some(death) = &process.death {
            return Err(LoadError::Died(death.clone()));
        }
        match &self.trap {
            Some(Trap { callback, message }) => Err(LoadError::Trap {
                callback,
                message: message.clone(),
                logs: process.logs.clone(),
            }),
            None => Ok(()),
        }
    }
}

/// A length as the ABI passes it.
pub(crate) fn size(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

//! What the workers of one Envoy process share: clock, shared data, queues, metrics, log, injected faults.

use std::{
    cell::{Ref, RefCell, RefMut},
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use crate::{
    death::{Death, KillPattern},
    foreign::ForeignFunction,
    host::builder::Settings,
    vm::log::LogLine,
};

pub(crate) mod inject;
pub(crate) mod metrics;
pub(crate) mod queues;
pub(crate) mod route;
pub(crate) mod shared_data;

/// The process-wide state behind every VM of one [`crate::TestHost`].
pub(crate) struct Process {
    pub(crate) settings: Settings,
    /// Virtual wall clock, nanoseconds since the Unix epoch.
    pub(crate) now: u64,
    pub(crate) shared_data: shared_data::SharedData,
    pub(crate) queues: queues::Queues,
    pub(crate) metrics: metrics::Metrics,
    pub(crate) injections: inject::Injections,
    pub(crate) foreign: BTreeMap<String, Rc<ForeignFunction>>,
    pub(crate) router: Rc<route::Router>,
    pub(crate) logs: Vec<LogLine>,
    pub(crate) death: Option<Death>,
    /// Queue notifications not delivered yet.
    pub(crate) queue_ready: VecDeque<queues::Notification>,
}

/// A handle on the process; cheap to clone, one thread only.
#[derive(Clone)]
pub(crate) struct SharedProcess(Rc<RefCell<Process>>);

impl SharedProcess {
    pub(crate) fn new(
        settings: Settings,
        foreign: BTreeMap<String, Rc<ForeignFunction>>,
        router: Rc<route::Router>,
    ) -> Self {
        Self(Rc::new(RefCell::new(Process {
            now: settings.start_time,
            settings,
            shared_data: shared_data::SharedData::default(),
            queues: queues::Queues::default(),
            metrics: metrics::Metrics::default(),
            injections: inject::Injections::default(),
            foreign,
            router,
            logs: Vec::new(),
            death: None,
            queue_ready: VecDeque::new(),
        })))
    }

    /// Reads the process. Never held across a call into a VM or a test's closure.
    pub(crate) fn get(&self) -> Ref<'_, Process> {
        self.0.borrow()
    }

    /// Changes the process. Never held across a call into a VM or a test's closure.
    pub(crate) fn get_mut(&self) -> RefMut<'_, Process> {
        self.0.borrow_mut()
    }

    /// Records that Envoy would have died. Only the first death counts.
    pub(crate) fn die(&self, pattern: KillPattern, callback: &'static str, context: u32) {
        self.get_mut().death.get_or_insert(Death { pattern, callback, context });
    }
}

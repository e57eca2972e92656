//! One plugin on one worker: its configuration, its ticks, its calls.

use crate::apply::{self, Target};
use crate::callouts::{self, Caller};
use crate::environment::{HostEnvironment, Sources};
use crate::hostcalls::{self, BufferType, Status};
use crate::logger;
use crate::metrics::HostMetrics;
use crate::queue::due;
use crate::stream::Stream;
use crate::streams::{Slot, streams};
use crate::timers::Timers;
use filter_api::{
    Callbacks, Callout, CalloutResult, Effects, Environment, HOST_ERRORS, HttpFilter, LocalReply,
    MetricRegistry, RootDecision,
};
use proxy_wasm::traits::{Context, RootContext};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// A configured filter and what its streams share.
pub(crate) struct Plugin<F: HttpFilter> {
    /// The root whose streams begin with this plugin; 0 once another has taken its place.
    pub(crate) root: Cell<u32>,
    pub(crate) filter: F,
    pub(crate) sources: Sources,
    pub(crate) timers: Rc<Timers<Stream<F>>>,
    /// Sent when the host fails a filter that refuses rather than lets through.
    pub(crate) failure_reply: LocalReply,
    this: Weak<Self>,
}

impl<F: HttpFilter> Plugin<F> {
    fn configure(
        root: u32,
        config: &[u8],
        timers: Rc<Timers<Stream<F>>>,
    ) -> Result<Rc<Self>, String> {
        let mut metrics = HostMetrics::new(F::NAME);
        let host_errors = metrics.counter(&HOST_ERRORS, "");
        let filter = F::configure(config, &mut metrics).map_err(|error| error.to_string())?;
        if let Some((name, Status(status))) = metrics.refused() {
            return Err(format!("Envoy refused to define the metric {name} (status {status})"));
        }
        let seed = getrandom::u64().map_err(|error| format!("no randomness: {error}"))?;
        let failure_reply = LocalReply::new(500, &format!("{}.host_failure", F::NAME))
            .map_err(|error| error.to_string())?;
        let random = RefCell::new(fastrand::Rng::with_seed(seed));
        let (wake_root, shared_key) = (Cell::new(None), Cell::default());
        let sources = Sources { filter: F::NAME, host_errors, random, wake_root, shared_key };
        Ok(Rc::new_cyclic(|this| Self {
            root: Cell::new(root),
            filter,
            sources,
            timers,
            failure_reply,
            this: this.clone(),
        }))
    }

    /// Carries out effects where there are no headers.
    pub(crate) fn apply(&self, effects: &Effects, env: &mut HostEnvironment<'_>) {
        apply::effects(&self.sources, effects);
        self.wake_if_asked(env);
    }

    /// Carries out effects in a header callback.
    ///
    /// # Errors
    /// See [`apply::effects_on`].
    pub(crate) fn apply_on(
        &self,
        effects: &Effects,
        target: &Target<'_>,
        env: &mut HostEnvironment<'_>,
    ) -> Result<(), Status> {
        let applied = apply::effects_on(&self.sources, effects, target);
        self.wake_if_asked(env);
        applied
    }

    #[inline]
    fn wake_if_asked(&self, env: &mut HostEnvironment<'_>) {
        let Some(time) = self.sources.wake_root.take() else { return };
        let now = env.monotonic();
        if let Err(status) = self.timers.bring_root_forward(now, due(now, time)) {
            self.sources.report("setting the tick", status);
        }
    }

    /// Does what the filter wants done outside any stream.
    fn carry_out(&self, decision: RootDecision, env: &mut HostEnvironment<'_>) {
        let RootDecision { wake_after, callouts, effects } = decision;
        self.apply(&effects, env);
        if let Some(time) = wake_after {
            let now = env.monotonic();
            if let Err(status) = self.timers.set_root(now, due(now, time)) {
                self.sources.report("setting the tick", status);
            }
        }
        for callout in callouts {
            let caller: Weak<dyn Caller> = self.this.clone();
            // Known when the module is compiled: without its callback a call is not in it either.
            match callout {
                Callout::Grpc { .. } if F::CALLBACKS.contains(Callbacks::GRPC_CALLOUTS) => {
                    callouts::call_grpc(&self.sources, callout, caller);
                }
                Callout::HttpGet { .. } if F::CALLBACKS.contains(Callbacks::HTTP_CALLOUTS) => {
                    callouts::get_http(&self.sources, callout, caller);
                }
                Callout::Grpc { .. } | Callout::HttpGet { .. } => {}
            }
        }
    }

    fn start(&self) {
        let mut env = HostEnvironment::new(&self.sources);
        let decision = self.filter.on_start(&mut env);
        self.carry_out(decision, &mut env);
    }

    fn on_tick(&self, now: u64) {
        if self.timers.take_root_due(now) {
            let mut env = HostEnvironment::at(&self.sources, now);
            let decision = self.filter.on_root_deadline(&mut env);
            self.carry_out(decision, &mut env);
        }
    }
}

impl<F: HttpFilter> Caller for Plugin<F> {
    fn on_callout(&self, result: &CalloutResult<'_>) {
        let mut env = HostEnvironment::new(&self.sources);
        let decision = self.filter.on_callout(result, &mut env);
        self.carry_out(decision, &mut env);
    }

    fn report(&self, what: &str, status: Status) {
        self.sources.report(what, status);
    }
}

/// The SDK's root context. Streams keep the plugin they began with across a reconfiguration.
pub(crate) struct Root<F: HttpFilter> {
    id: u32,
    timers: Rc<Timers<Stream<F>>>,
    plugin: Rc<Slot<F>>,
}

impl<F: HttpFilter> Root<F> {
    pub(crate) fn new(id: u32) -> Self {
        let plugin: Rc<Slot<F>> = Rc::default();
        if let Some(streams) = streams() {
            streams.add_root(id, plugin.clone());
        }
        Self { id, timers: Rc::default(), plugin }
    }

    fn configure(&mut self, size: usize) -> Result<(), String> {
        let read = |Status(status)| format!("Envoy did not hand it over (status {status})");
        let config = match size {
            0 => Vec::new(),
            _ => hostcalls::buffer(BufferType::PluginConfiguration, size).map_err(read)?,
        };
        let tick = |Status(status)| format!("Envoy sets no tick (status {status})");
        self.timers.reset().map_err(tick)?;
        let plugin = Plugin::configure(self.id, &config, Rc::clone(&self.timers))?;
        log::info!("{}: {}", F::NAME, plugin.filter.summary());
        if let Some(earlier) = self.plugin.replace(Some(Rc::clone(&plugin))) {
            earlier.root.set(0);
        }
        plugin.start();
        Ok(())
    }
}

impl<F: HttpFilter> Context for Root<F> {}

impl<F: HttpFilter> RootContext for Root<F> {
    fn on_configure(&mut self, size: usize) -> bool {
        logger::install();
        match self.configure(size) {
            Ok(()) => true,
            Err(line) => {
                log::error!("{}: configuration refused: {line}", F::NAME);
                false
            }
        }
    }

    fn on_tick(&mut self) {
        let Some(plugin) = self.plugin.borrow().clone() else { return };
        let report = |status| plugin.sources.report("serving the tick", status);
        let now = match hostcalls::monotonic() {
            Ok(now) => now,
            // Without a clock nothing can be told to be due; the tick comes again.
            Err(status) => return report(status),
        };
        // All first: a stream that is held again must wait for the next tick.
        let due: Vec<_> = std::iter::from_fn(|| self.timers.pop_due(now)).collect();
        for stream in due.iter().filter_map(Weak::upgrade) {
            stream.on_deadline(now);
        }
        plugin.on_tick(now);
        if let Err(status) = self.timers.rearm(now) {
            report(status);
        }
    }
}

impl<F: HttpFilter> Drop for Root<F> {
    fn drop(&mut self) {
        if let Some(streams) = streams() {
            streams.remove_root(self.id);
        }
        if let Some(plugin) = &*self.plugin.borrow() {
            plugin.root.set(0);
        }
    }
}

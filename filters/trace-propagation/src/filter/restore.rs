//! The memory's part: what an inbound request leaves there, and an outbound one is given back.

use super::pass::{Pass, read_all};
use crate::context::{TraceContext, TraceId};
use crate::correlate::{Found, Memory, Recalled, carried};
use crate::format;
use crate::headers::{Known, Single};
use crate::stream::OpenRequest;
use filter_api::{Environment, HeaderMutation, HeaderName, HeaderValue};

impl<'a> Pass<'a> {
    /// Looks an outbound request up.
    pub(super) fn recall(
        &mut self,
        memory: &Memory,
        env: &mut dyn Environment,
    ) -> Option<Recalled> {
        let keys = memory.keys(self.request.headers(), &self.snapshot, self.trace_id());
        let recalled = memory.recall(&keys, env);
        if recalled.is_none() {
            // Raised to 1 it tells that it was at 0, and is lowered at once: nothing is open.
            match env.try_acquire(memory.stats.open, 1) {
                None => self.effects.count(memory.stats.lost),
                Some(permit) => self.effects.release(permit),
            }
        }
        recalled
    }

    /// The trace id of the request's own context, or of any one header that carries one.
    fn trace_id(&self) -> Option<TraceId> {
        let own = self.own().map(|context| context.trace_id);
        own.or_else(|| format::lone_trace_id(&self.snapshot))
    }

    /// Gives the request back what it lacks. A context of its own is left alone, and one that
    /// contradicts the memory leaves everything alone.
    pub(super) fn restore(&mut self, recalled: &'a Recalled) {
        let settings = self.settings;
        let Some(memory) = &settings.memory else { return };
        let (trace_id, carried) = match &recalled.found {
            Found::Carried { trace_id, carried } => (*trace_id, carried.clone()),
            Found::Ambiguous => return self.effects.count(memory.stats.ambiguous),
        };
        let carried = recalled.slab.get(carried).unwrap_or_default();
        if self.trace_id().is_some_and(|own| !trace_id.is_zero() && !own.is_same(trace_id)) {
            return self.effects.count(memory.stats.ambiguous);
        }
        let has_own = self.own().is_some();
        let before = self.effects.as_slice().len();
        for (name, value) in carried::headers(carried) {
            match Known::find(name).filter(|known| known.is_context()) {
                Some(known) if !has_own => self.restore_context(known, value),
                Some(_) => {}
                None => self.restore_further(name, value),
            }
        }
        if self.effects.as_slice().len() > before {
            self.effects.count(memory.stats.restored);
        }
        if !has_own {
            self.readings = read_all(settings, &self.snapshot);
        }
    }

    /// A header of a format: there is no valid context in the request, so what it has of one is not.
    fn restore_context(&mut self, known: Known, value: &'a [u8]) {
        match self.snapshot.single(known) {
            Single::Value(present) if present == value => return,
            Single::Absent => {}
            _ if self.settings.is_looked_at(known) => {}
            // Of a format that nobody looked at.
            _ => return,
        }
        self.set(known, value);
        self.snapshot.set(known, value);
        self.has_restored_tracestate |= known == Known::Tracestate;
    }

    /// A header of `propagate`. The application's own stays, unless it is to be overwritten.
    fn restore_further(&mut self, name: &[u8], value: &[u8]) {
        let settings = self.settings;
        let find = |names: &'a [HeaderName]| names.iter().find(|one| one.as_bytes() == name);
        let (Some(header), Ok(checked)) = (find(&settings.propagate), HeaderValue::new(value))
        else {
            return;
        };
        match self.request.headers().first(name) {
            None => self.effects.mutate(HeaderMutation::Add(header.clone(), checked)),
            Some(present) if present != value && find(&settings.overwrite).is_some() => {
                self.effects.mutate(HeaderMutation::Set(header.clone(), checked));
            }
            Some(_) => {}
        }
    }

    /// Remembers an inbound request under its keys until it is over.
    pub(super) fn remember(
        &mut self,
        memory: &Memory,
        context: Option<&TraceContext>,
        env: &mut dyn Environment,
    ) -> Option<OpenRequest> {
        let permit = env.try_acquire(memory.stats.open, u64::MAX);
        let trace_id = context.map(|context| context.trace_id);
        let keys = memory.keys(self.request.headers(), &self.snapshot, trace_id);
        let carried =
            carried::collect(self.request.headers(), &self.settings.propagate, &self.effects);
        let Some(carried) = carried.filter(|carried| memory.fits(carried)) else {
            self.effects.count(memory.stats.too_large);
            return Some(OpenRequest { keys: Vec::new(), permit });
        };
        let trace_id = trace_id.unwrap_or_default();
        let keys = memory.remember(keys, trace_id, &carried, &mut self.effects, env);
        Some(OpenRequest { keys, permit })
    }
}

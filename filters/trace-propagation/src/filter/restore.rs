//! The memory's part: what an inbound request leaves there, and an outbound one is given back.

use super::pass::{Pass, read_all};
use crate::context::{TraceContext, TraceId};
use crate::correlate::{Found, Memory, Recalled, carried};
use crate::format;
use crate::headers::Known;
use crate::stream::OpenRequest;
use filter_api::{Environment, HeaderMutation, HeaderValue};

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
        self.restored.reserve(8);
        self.effects.reserve(8);
        for (name, value) in carried::headers(carried) {
            let known = Known::find(name);
            let is_first = !self.restored.iter().any(|(other, _)| *other == name);
            let is_there = is_first && self.has(name, known);
            let is_wanted = || match is_there {
                true => self.may_replace(name, known, carried, has_own),
                // Beside a context of its own it gets no header of a format.
                false => !has_own || !known.is_some_and(Known::is_context),
            };
            if !is_first || is_wanted() {
                self.give_back((name, value), known, is_first, is_there);
            }
        }
        if !self.restored.is_empty() {
            self.effects.count(memory.stats.restored);
        }
        // Who writes and publishes nothing has no use for what they say.
        let is_used = !settings.inject.is_empty() || !settings.publish.is_empty();
        if !has_own && (is_used || !self.readings.is_empty()) {
            self.readings = read_all(settings, &self.snapshot);
        }
    }

    /// Whether the application sent this header.
    fn has(&self, name: &[u8], known: Option<Known>) -> bool {
        match known {
            Some(known) => self.snapshot.has(known),
            None => self.request.headers().contains(name),
        }
    }

    /// Whether the lines of a header that is there make room for those that were carried, and differ.
    /// Without a context of its own, what the request has of a format is not valid. Any other header
    /// of the application stays, unless it is to be overwritten.
    fn may_replace(
        &self,
        name: &[u8],
        known: Option<Known>,
        carried: &[u8],
        has_own: bool,
    ) -> bool {
        let settings = self.settings;
        let is_wanted = match known.filter(|known| known.is_context()) {
            Some(known) => !has_own && settings.is_looked_at(known),
            None => settings.overwrite.iter().any(|other| other.as_bytes() == name),
        };
        let is_same = || {
            let lines = carried::headers(carried).filter(|(other, _)| *other == name);
            self.request.headers().values(name).eq(lines.map(|(_, line)| line))
        };
        is_wanted && !is_same()
    }

    /// Writes one line: the first one in place of those that are there, the others after it.
    fn give_back(
        &mut self,
        (name, value): (&'a [u8], &'a [u8]),
        known: Option<Known>,
        is_first: bool,
        is_there: bool,
    ) {
        let settings = self.settings;
        let header = match known.filter(|known| known.is_context()) {
            Some(known) => settings.names.of(known),
            None => settings.propagate.iter().find(|header| header.as_bytes() == name),
        };
        let (Some(header), Ok(checked)) = (header, HeaderValue::new(value)) else { return };
        self.effects.mutate(match is_there {
            true => HeaderMutation::Set(header.clone(), checked),
            false => HeaderMutation::Add(header.clone(), checked),
        });
        match known {
            Some(known) if is_first => self.snapshot.set(known, value),
            Some(known) => self.snapshot.add(known, value),
            None => {}
        }
        self.restored.push((name, value));
    }

    /// Every line of a header as the request goes on with it after it was restored.
    pub(super) fn lines(&self, name: &[u8]) -> Vec<&'a [u8]> {
        let restored = self.restored.iter().filter(|(other, _)| *other == name);
        let restored: Vec<&[u8]> = restored.map(|(_, value)| *value).collect();
        match restored.is_empty() {
            true => self.request.headers().values(name).collect(),
            false => restored,
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

//! One request on its way through the filter.

use crate::baggage::Baggage;
use crate::config::{Format, ParentId, Publish, Tracer, Trust};
use crate::context::{Decision, Reading, TraceContext};
use crate::format;
use crate::generate;
use crate::headers::{Known, Mask, Snapshot};
use crate::settings::Settings;
use crate::tracestate::{self, Tracestate};
use filter_api::{Effects, Environment, HeaderMutation, HeaderValue, RequestHead};
use std::rc::Rc;

/// A request, what it says in each format, and what is to happen to it.
pub(super) struct Pass<'a> {
    pub(super) settings: &'a Settings,
    pub(super) request: RequestHead<'a>,
    pub(super) snapshot: Snapshot<'a>,
    /// Of the formats that are looked at, those that say anything.
    pub(super) readings: Vec<(Format, Reading)>,
    /// Names and lines that the memory gave back.
    pub(super) restored: Vec<(&'a [u8], &'a [u8])>,
    /// Whether `traceparent` is written.
    is_parent_new: bool,
    /// Whether it is removed.
    is_parent_gone: bool,
    pub(super) effects: Effects,
}

impl<'a> Pass<'a> {
    pub(super) fn new(settings: &'a Settings, request: &RequestHead<'a>) -> Self {
        let snapshot = Snapshot::read(request.headers());
        let readings = read_all(settings, &snapshot);
        Self {
            settings,
            request: *request,
            snapshot,
            readings,
            restored: Vec::new(),
            is_parent_new: false,
            is_parent_gone: false,
            effects: Effects::default(),
        }
    }

    /// The context of the first format that has one, in the order of `extract`.
    pub(super) fn own(&self) -> Option<TraceContext> {
        // They are in that order, and what is only injected comes after.
        self.readings.iter().find_map(|(format, reading)| match reading {
            Reading::Context(context) if self.settings.extracted.has(*format) => Some(*context),
            _ => None,
        })
    }

    pub(super) fn reading(&self, format: Format) -> Reading {
        let found = self.readings.iter().find(|(other, _)| *other == format);
        found.map_or(Reading::Absent, |(_, reading)| *reading)
    }

    /// The context that the request goes on with.
    pub(super) fn context(&mut self, env: &mut dyn Environment) -> Option<TraceContext> {
        let settings = self.settings;
        let own = self.own();
        self.count_faults(own.as_ref());
        if settings.trust != Trust::Continue {
            return self.restart(own, env);
        }
        let Some(mut context) = own else { return self.generate(env) };
        if context.decision == Decision::Deferred
            && let Some(sampler) = &settings.sampler
        {
            context.decision = sampler.decide(context.trace_id, &self.request);
        }
        // Only W3C tells it, and it is of the trace, whichever format tells of that.
        if let Reading::Context(told) = self.reading(Format::Tracecontext)
            && told.trace_id == context.trace_id
        {
            context.is_random |= told.is_random;
        }
        match settings.parent_id {
            ParentId::New if !settings.inject.is_empty() => {
                context.parent_span_id = context.span_id;
                context.span_id = generate::random_id(env);
            }
            ParentId::New | ParentId::Keep => {}
        }
        if context.span_id == 0 {
            context.span_id = generate::random_id(env);
        }
        Some(context)
    }

    /// Counts what is malformed, and formats that say something else than the one that holds.
    fn count_faults(&mut self, own: Option<&TraceContext>) {
        let mut is_conflict = false;
        for (format, reading) in &self.readings {
            match (reading, own) {
                (Reading::Malformed, _) => {
                    if let Some(counter) = self.settings.stats.malformed(*format) {
                        self.effects.count(counter);
                    }
                }
                (Reading::Context(one), Some(own)) => {
                    is_conflict |= !format::has_same_ids(one, own);
                }
                _ => {}
            }
        }
        if is_conflict {
            self.effects.count(self.settings.stats.conflicts);
        }
    }

    /// A new context, unless none is asked for or none would be written.
    pub(super) fn generate(&mut self, env: &mut dyn Environment) -> Option<TraceContext> {
        let settings = self.settings;
        if settings.inject.is_empty() {
            return None;
        }
        let request_id = self.snapshot.first(Known::RequestId);
        let is_timed = settings.injected.has(Format::Xray);
        let mut context = generate::context(settings.generate, request_id, is_timed, env)?;
        // A decision that came without ids holds for the ids that it gets.
        let decided = settings.extract.iter().find_map(|format| match self.reading(*format) {
            Reading::Undecided(decision) => Some(decision),
            _ => None,
        });
        context.decision = match (decided, &settings.sampler) {
            (Some(decision), _) => decision,
            (None, Some(sampler)) => sampler.decide(context.trace_id, &self.request),
            (None, None) => Decision::Keep,
        };
        self.effects.count(settings.stats.generated);
        Some(context)
    }

    /// Makes every format say the same, where it does not.
    pub(super) fn write(&mut self, context: Option<&TraceContext>) {
        let settings = self.settings;
        if settings.trust != Trust::Continue {
            self.drop_strangers(context.is_some());
        }
        // Who injects nothing is only looking.
        if !settings.inject.is_empty() {
            if let Some(context) = context {
                self.write_formats(context);
            }
            self.drop_stale_b3();
            self.check_tracestate(context);
        }
        self.check_baggage();
    }

    fn write_formats(&mut self, context: &TraceContext) {
        let settings = self.settings;
        for format in settings.inject.iter().filter(|format| !settings.tracer.owns(**format)) {
            self.inject(*format, context);
        }
        for index in 0..self.readings.len() {
            let Some((format, reading)) = self.readings.get(index).copied() else { return };
            let is_other = !settings.injected.has(format) && !settings.tracer.owns(format);
            if is_other && self.is_stale(reading, context) {
                self.remove_all(format);
            }
        }
    }

    /// Writes the format unless it says the same already.
    fn inject(&mut self, format: Format, context: &TraceContext) {
        let (settings, reading) = (self.settings, self.reading(format));
        if let Reading::Context(present) = reading
            && format::agrees(format, &present, context)
            && format::is_as_written(format, &self.snapshot)
        {
            return;
        }
        if settings.tracer == Tracer::On && reading != Reading::Absent {
            return;
        }
        // Of another trace, or of a caller that is not trusted, nothing goes on.
        let is_its_own = settings.trust == Trust::Continue
            && match reading {
                Reading::Absent => true,
                Reading::Context(present) => present.trace_id.is_same(context.trace_id),
                Reading::Undecided(_) | Reading::Malformed => false,
            };
        self.is_parent_new |= format == Format::Tracecontext;
        let written = format::write(format, context, is_its_own.then_some(&self.snapshot));
        if self.snapshot.has_any(Mask::of(format::headers(format))) {
            for known in format::headers(format) {
                if !written.has(*known) {
                    self.remove(*known);
                }
            }
        }
        self.effects.reserve(4);
        for (known, value) in written.iter() {
            self.set(known, value);
        }
    }

    /// Whether the format says anything but what the context says.
    fn is_stale(&self, reading: Reading, context: &TraceContext) -> bool {
        if self.settings.tracer == Tracer::On {
            return false;
        }
        match reading {
            Reading::Absent => false,
            Reading::Malformed => true,
            Reading::Undecided(decision) => decision.contradicts(context.decision),
            Reading::Context(present) => {
                !format::has_same_ids(&present, context)
                    || present.decision.contradicts(context.decision)
            }
        }
    }

    /// Zipkin's tracer reads `b3` first and writes only `x-b3-*`: left alone, `b3` would hang every
    /// later span below the first.
    fn drop_stale_b3(&mut self) {
        let settings = self.settings;
        let is_stale = match settings.tracer {
            Tracer::Zipkin => true,
            Tracer::On => settings.injected.has(Format::B3multi),
            _ => false,
        };
        if is_stale && !settings.injected.has(Format::B3) {
            self.remove(Known::B3);
        }
    }

    /// `tracestate` lives and dies with its `traceparent`.
    fn check_tracestate(&mut self, context: Option<&TraceContext>) {
        let settings = self.settings;
        if !self.snapshot.has(Known::Tracestate)
            || settings.trust != Trust::Continue
            || !settings.formats.contains(&Format::Tracecontext)
            || settings.tracer.owns(Format::Tracecontext)
            || settings.tracer == Tracer::On
        {
            return;
        }
        let is_its_own = match (self.reading(Format::Tracecontext), context) {
            (Reading::Context(present), Some(context)) => {
                present.trace_id == context.trace_id && !self.is_parent_gone
            }
            _ => false,
        };
        if !is_its_own {
            return self.remove(Known::Tracestate);
        }
        let lines = self.lines(b"tracestate");
        // Beside a `traceparent` that stays as it is, a list stays as it is: W3C asks for that.
        let most = if self.is_parent_new { tracestate::MOST_BYTES } else { usize::MAX };
        match tracestate::check(lines.into_iter(), settings.max_tracestate.unwrap_or(most)) {
            Tracestate::Kept => {}
            Tracestate::Rewritten { is_cut: false, .. } if !self.is_parent_new => {}
            Tracestate::Empty => self.remove(Known::Tracestate),
            Tracestate::Rewritten { value, is_cut } => {
                if is_cut {
                    self.effects.count(settings.stats.tracestate_cut);
                }
                self.set(Known::Tracestate, &value);
            }
            Tracestate::Malformed => {
                self.effects.count(settings.stats.tracestate_malformed);
                self.remove(Known::Tracestate);
            }
        }
    }

    fn check_baggage(&mut self) {
        if !self.snapshot.has(Known::Baggage) {
            return;
        }
        match self.settings.baggage.judge(&self.lines(b"baggage")) {
            Baggage::Kept => {}
            Baggage::Cut(rest) => {
                self.effects.count(self.settings.stats.baggage_cut);
                if rest.is_empty() {
                    self.remove(Known::Baggage);
                } else {
                    self.set(Known::Baggage, &rest);
                }
            }
        }
    }

    /// Filter state for access logs and response headers.
    pub(super) fn publish(&mut self, context: Option<&TraceContext>) {
        let (settings, Some(context)) = (self.settings, context) else { return };
        for what in &settings.publish {
            let parent = format::traceparent(context);
            match what {
                Publish::TraceId => {
                    self.publish_text("trace_id", parent.get(3..35).unwrap_or_default());
                }
                Publish::ServerTiming => {
                    let value = [b"trace;desc=", parent.as_slice()].concat();
                    self.publish_text("server_timing", &value);
                }
                Publish::TraceResponse => self.publish_text("trace_response", &parent),
            }
        }
    }

    pub(super) fn publish_text(&mut self, key: &'static str, text: &[u8]) {
        // Written by this filter: ASCII.
        let text: Rc<str> = String::from_utf8_lossy(text).into();
        self.effects.publish(key, text);
    }

    pub(super) fn remove_all(&mut self, format: Format) {
        for known in format::headers(format) {
            self.remove(*known);
        }
    }

    pub(super) fn remove(&mut self, known: Known) {
        if let (true, Some(name)) = (self.snapshot.has(known), self.settings.names.of(known)) {
            self.effects.mutate(HeaderMutation::Remove(name.clone()));
            self.is_parent_gone |= known == Known::Traceparent;
        }
    }

    pub(super) fn set(&mut self, known: Known, value: &[u8]) {
        if let (Some(name), Ok(value)) = (self.settings.names.of(known), HeaderValue::new(value)) {
            let name = name.clone();
            // What is not there needs no looking for.
            self.effects.mutate(match self.snapshot.has(known) {
                true => HeaderMutation::Set(name, value),
                false => HeaderMutation::Add(name, value),
            });
        }
    }
}

/// What the request says in every format that is looked at, where it says anything.
pub(super) fn read_all(settings: &Settings, snapshot: &Snapshot<'_>) -> Vec<(Format, Reading)> {
    if !snapshot.has_any(settings.looked_at) {
        return Vec::new();
    }
    let mut readings = Vec::with_capacity(4);
    for (format, mask) in settings.formats.iter().zip(&settings.masks) {
        if !snapshot.has_any(*mask) {
            continue;
        }
        match format::read(*format, snapshot) {
            Reading::Absent => {}
            reading => readings.push((*format, reading)),
        }
    }
    readings
}

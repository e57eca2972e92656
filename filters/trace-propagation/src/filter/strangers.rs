//! Callers that are not trusted: what they sent of a trace is forgotten.

use super::pass::Pass;
use crate::config::{Format, Trust};
use crate::context::TraceContext;
use crate::format;
use crate::headers::Known;
use filter_api::{Environment, HeaderMutation, HeaderName};

/// What else tracers read of a caller: LightStep's and old Envoys' context, which nobody else can
/// read; Jaeger's request to record; where a trace of Datadog's began; baggage and modes.
const OTHERS: [&[u8]; 6] = [
    b"x-ot-span-context",
    b"jaeger-debug-id",
    b"jaeger-baggage",
    b"x-datadog-origin",
    b"sw8-correlation",
    b"sw8-x",
];
/// Baggage of Jaeger and OpenTracing has a header for each key.
const BAGGAGE: [&[u8]; 2] = [b"uberctx-", b"ot-baggage-"];

impl Pass<'_> {
    /// Forgets the caller's context, and begins a new one where that is asked for.
    pub(super) fn restart(
        &mut self,
        own: Option<TraceContext>,
        env: &mut dyn Environment,
    ) -> Option<TraceContext> {
        if let Some(own) = own {
            self.effects.count(self.settings.stats.restarted);
            if self.settings.trust == Trust::Link {
                self.publish_text("trace_link", &format::traceparent(&own));
            }
        }
        self.readings.clear();
        self.generate(env)
    }

    /// Removes what the caller sent, whatever its format.
    pub(super) fn drop_strangers(&mut self, has_context: bool) {
        let tracer = self.settings.tracer;
        for format in format::ALL {
            let is_kept =
                tracer.owns(format) || (has_context && self.settings.injected.has(format));
            if !is_kept {
                self.remove_all(format);
            }
        }
        if !tracer.owns(Format::Tracecontext) {
            self.remove(Known::Tracestate);
        }
        let sent = self.request.headers().iter().map(|(name, _)| name);
        let restored = self.restored.iter().map(|(name, _)| *name);
        let mut removed: Vec<&[u8]> = Vec::new();
        for name in sent.chain(restored).filter(|name| self.is_strangers(name)) {
            if !removed.contains(&name) {
                removed.push(name);
            }
        }
        for name in removed {
            if let Some(name) = std::str::from_utf8(name).ok().and_then(|n| HeaderName::new(n).ok())
            {
                self.effects.mutate(HeaderMutation::Remove(name));
            }
        }
    }

    /// Whether a header of no format is one that a stranger may not send.
    fn is_strangers(&self, name: &[u8]) -> bool {
        let tracer = self.settings.tracer;
        let is_tracers = || {
            (tracer.owns(Format::Datadog) && name.starts_with(b"x-datadog-"))
                || (tracer.owns(Format::Skywalking) && name.starts_with(b"sw8-"))
        };
        let key = BAGGAGE.iter().find_map(|prefix| name.strip_prefix(*prefix));
        match key {
            Some(key) => !self.settings.baggage.has(key),
            None => OTHERS.contains(&name) && !is_tracers(),
        }
    }
}

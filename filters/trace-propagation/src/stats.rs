//! The filter's statistics.

use crate::config::Format;
use filter_api::{Counter, Gauge, HOST_ERRORS, MetricRegistry, Stat};

const GENERATED: Stat = Stat::counter(
    "contexts_generated",
    "Requests without a valid context that were given a new one",
);
const RESTARTED: Stat = Stat::counter(
    "contexts_restarted",
    "Requests whose caller's context was dropped (trust RESTART, LINK)",
);
const CONFLICTS: Stat = Stat::counter(
    "conflicts",
    "Requests whose formats disagreed on trace or span; the first of extract held",
);
const MALFORMED: Stat = Stat::counter(
    "rule.<rule>.malformed",
    "Requests whose headers of the format <rule> were not as specified, and ignored",
);
const TRACESTATE_MALFORMED: Stat =
    Stat::counter("tracestate_malformed", "Lists dropped because they are not as specified");
const TRACESTATE_CUT: Stat = Stat::counter("tracestate_cut", "Lists cut at maxTracestateBytes");
const BAGGAGE_CUT: Stat =
    Stat::counter("baggage_cut", "Requests some or all of whose baggage was not let pass");
const STORED: Stat = Stat::counter("requests_stored", "Inbound requests remembered");
const RESTORED: Stat =
    Stat::counter("requests_restored", "Outbound requests that were given back headers");
const AMBIGUOUS: Stat = Stat::counter(
    "requests_ambiguous",
    "Outbound requests given nothing back, because their key means several requests or contradicts their own trace id",
);
const LOST: Stat = Stat::counter(
    "propagation_lost",
    "Outbound requests without any id that is remembered, while an inbound one was open: the application drops what it should forward",
);
const EVICTED: Stat = Stat::counter(
    "entries_evicted",
    "Entries of open requests that made room for others (capacity)",
);
const TOO_LARGE: Stat = Stat::counter(
    "entries_too_large",
    "Inbound requests not remembered: key or headers are too long",
);
const SHARED_DATA_CONFLICTS: Stat = Stat::counter(
    "shared_data_conflicts",
    "Updates of shared data given up: four other workers in a row were faster, or the host refused",
);
const OPEN: Stat =
    Stat::gauge("open_requests", "Inbound requests that are under way right now (role INBOUND)");

/// Every metric, in the order of the README.
pub(crate) const ALL: &[&Stat] = &[
    &GENERATED,
    &RESTARTED,
    &CONFLICTS,
    &MALFORMED,
    &TRACESTATE_MALFORMED,
    &TRACESTATE_CUT,
    &BAGGAGE_CUT,
    &STORED,
    &RESTORED,
    &AMBIGUOUS,
    &LOST,
    &EVICTED,
    &TOO_LARGE,
    &OPEN,
    &SHARED_DATA_CONFLICTS,
    &HOST_ERRORS,
];

/// Formats by their names in the configuration.
const FORMATS: [(Format, &str); 10] = [
    (Format::Tracecontext, "tracecontext"),
    (Format::B3, "b3"),
    (Format::B3multi, "b3multi"),
    (Format::Jaeger, "jaeger"),
    (Format::Datadog, "datadog"),
    (Format::Xray, "xray"),
    (Format::Gcp, "gcp"),
    (Format::Ottrace, "ottrace"),
    (Format::Skywalking, "skywalking"),
    (Format::GrpcTraceBin, "grpc_trace_bin"),
];

/// The handles.
#[derive(Clone, Debug)]
pub(crate) struct FilterStats {
    pub(crate) generated: Counter,
    pub(crate) restarted: Counter,
    pub(crate) conflicts: Counter,
    pub(crate) tracestate_malformed: Counter,
    pub(crate) tracestate_cut: Counter,
    pub(crate) baggage_cut: Counter,
    malformed: Vec<(Format, Counter)>,
}

/// The handles of the memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemoryStats {
    pub(crate) stored: Counter,
    pub(crate) restored: Counter,
    pub(crate) ambiguous: Counter,
    pub(crate) lost: Counter,
    pub(crate) evicted: Counter,
    pub(crate) too_large: Counter,
    pub(crate) conflicts: Counter,
    pub(crate) open: Gauge,
}

/// A format's name in the configuration.
pub(crate) fn format_name(format: Format) -> &'static str {
    FORMATS.iter().find(|(other, _)| *other == format).map_or("", |(_, name)| name)
}

// === impl FilterStats ===

impl FilterStats {
    /// Of the formats, only those that are looked at are counted.
    pub(crate) fn define(
        metrics: &mut dyn MetricRegistry,
        formats: impl Iterator<Item = Format>,
    ) -> Self {
        Self {
            generated: metrics.counter(&GENERATED, ""),
            restarted: metrics.counter(&RESTARTED, ""),
            conflicts: metrics.counter(&CONFLICTS, ""),
            tracestate_malformed: metrics.counter(&TRACESTATE_MALFORMED, ""),
            tracestate_cut: metrics.counter(&TRACESTATE_CUT, ""),
            baggage_cut: metrics.counter(&BAGGAGE_CUT, ""),
            malformed: formats
                .map(|format| (format, metrics.counter(&MALFORMED, format_name(format))))
                .collect(),
        }
    }

    /// The counter of a format's malformed headers.
    pub(crate) fn malformed(&self, format: Format) -> Option<Counter> {
        self.malformed.iter().find(|(other, _)| *other == format).map(|(_, counter)| *counter)
    }
}

// === impl MemoryStats ===

impl MemoryStats {
    pub(crate) fn define(metrics: &mut dyn MetricRegistry) -> Self {
        Self {
            stored: metrics.counter(&STORED, ""),
            restored: metrics.counter(&RESTORED, ""),
            ambiguous: metrics.counter(&AMBIGUOUS, ""),
            lost: metrics.counter(&LOST, ""),
            evicted: metrics.counter(&EVICTED, ""),
            too_large: metrics.counter(&TOO_LARGE, ""),
            conflicts: metrics.counter(&SHARED_DATA_CONFLICTS, ""),
            open: metrics.gauge(&OPEN, ""),
        }
    }
}

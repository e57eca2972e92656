//! Which headers belong to Envoy's own tracer.

use crate::config::{Format, Tracer};

impl Tracer {
    /// Whether the tracer writes the format's headers, after every filter. Of `ON` nobody knows
    /// which; there it is what is in the request already.
    pub(crate) fn owns(self, format: Format) -> bool {
        match self {
            Self::Off | Self::On => false,
            Self::Zipkin => format == Format::B3multi,
            Self::Opentelemetry => format == Format::Tracecontext,
            Self::Datadog => matches!(format, Format::Datadog | Format::Tracecontext),
            Self::Xray => format == Format::Xray,
            Self::Skywalking => format == Format::Skywalking,
        }
    }
}

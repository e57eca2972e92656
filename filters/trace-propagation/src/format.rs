//! The formats: each is read strictly, to the letter of its specification, and written in one way.

mod b3;
mod datadog;
mod gcp;
mod grpc;
mod jaeger;
mod ottrace;
mod skywalking;
mod tracecontext;
mod written;
mod xray;

pub(crate) use tracecontext::text as traceparent;

use crate::config::Format;
use crate::context::{Reading, TraceContext, TraceId};
use crate::digits::{self, decimal};
use crate::headers::{Known, Mask, Single, Snapshot};
use written::Written;

#[cfg(test)]
mod tests;

/// Every format.
pub(crate) const ALL: [Format; 10] = [
    Format::Tracecontext,
    Format::B3,
    Format::B3multi,
    Format::Jaeger,
    Format::Datadog,
    Format::Xray,
    Format::Gcp,
    Format::Ottrace,
    Format::Skywalking,
    Format::GrpcTraceBin,
];

/// Formats without an order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FormatSet(u16);

impl FormatSet {
    /// These formats.
    pub(crate) fn of(formats: &[Format]) -> Self {
        Self(formats.iter().fold(0, |set, format| set | 1 << *format as u16))
    }

    pub(crate) fn has(self, format: Format) -> bool {
        self.0 >> format as u16 & 1 != 0
    }
}

/// The format's own headers: what is not written of them goes.
pub(crate) fn headers(format: Format) -> &'static [Known] {
    match format {
        Format::Tracecontext => &[Known::Traceparent],
        Format::B3 => &[Known::B3],
        Format::B3multi => &b3::MULTI,
        Format::Jaeger => &[Known::UberTraceId],
        Format::Datadog => &datadog::HEADERS,
        Format::Xray => &[Known::AmznTraceId],
        Format::Gcp => &[Known::CloudTraceContext],
        Format::Ottrace => &ottrace::HEADERS,
        Format::Skywalking => &[Known::Sw8],
        Format::GrpcTraceBin => &[Known::GrpcTraceBin],
    }
}

/// What the request says in this format.
pub(crate) fn read(format: Format, request: &Snapshot<'_>) -> Reading {
    match format {
        Format::B3multi => b3::read_multi(request),
        Format::Datadog => datadog::read(request),
        Format::Ottrace => ottrace::read(request),
        Format::Tracecontext => single(request, Known::Traceparent, tracecontext::read),
        Format::B3 => single(request, Known::B3, b3::read_single),
        Format::Jaeger => single(request, Known::UberTraceId, jaeger::read),
        Format::Xray => single(request, Known::AmznTraceId, xray::read),
        Format::Gcp => single(request, Known::CloudTraceContext, gcp::read),
        Format::Skywalking => single(request, Known::Sw8, skywalking::read),
        Format::GrpcTraceBin => single(request, Known::GrpcTraceBin, grpc::read),
    }
}

/// A format of one header, which must not repeat.
fn single(request: &Snapshot<'_>, header: Known, read: fn(&[u8]) -> Reading) -> Reading {
    match request.single(header) {
        Single::Absent => Reading::Absent,
        Single::Value(value) => read(digits::trim(value)),
        Single::Repeated => Reading::Malformed,
    }
}

/// Whether headers that say what the context says stand there as they would be written: a later
/// version of W3C's does not, and B3 with a word for its decision or with two of one header.
pub(crate) fn is_as_written(format: Format, request: &Snapshot<'_>) -> bool {
    match format {
        Format::Tracecontext => match request.single(Known::Traceparent) {
            Single::Value(value) => tracecontext::is_current(digits::trim(value)),
            Single::Absent | Single::Repeated => false,
        },
        Format::B3multi => b3::is_current(request),
        _ => true,
    }
}

/// The context in this format. What `beside` has of the format and is no part of a context goes on:
/// tags of Datadog, fields of X-Ray. SkyWalking's is only read: it names services and endpoints that
/// a proxy does not know.
pub(crate) fn write(
    format: Format,
    context: &TraceContext,
    beside: Option<&Snapshot<'_>>,
) -> Written {
    let beside = |known| beside.and_then(|request| request.first(known));
    match format {
        Format::Tracecontext => Written::one(Known::Traceparent, tracecontext::text(context)),
        Format::B3 => Written::one(Known::B3, b3::single_text(context)),
        Format::B3multi => b3::multi(context),
        Format::Jaeger => Written::one(Known::UberTraceId, jaeger::text(context)),
        Format::Datadog => datadog::write(context, beside(Known::DatadogTags)),
        Format::Xray => {
            Written::one(Known::AmznTraceId, xray::text(context, beside(Known::AmznTraceId)))
        }
        Format::Gcp => Written::one(Known::CloudTraceContext, gcp::text(context)),
        Format::Ottrace => ottrace::write(context),
        Format::GrpcTraceBin => Written::one(Known::GrpcTraceBin, grpc::text(context)),
        Format::Skywalking => Written::default(),
    }
}

/// What of a context the format can carry.
pub(crate) fn project(format: Format, mut context: TraceContext) -> TraceContext {
    if format != Format::Tracecontext {
        context.is_random = false;
    }
    if !matches!(format, Format::B3 | Format::B3multi) {
        context.parent_span_id = 0;
    }
    context.decision = match format {
        Format::B3 | Format::B3multi | Format::Datadog => context.decision,
        Format::Jaeger => context.decision.decided(),
        Format::Tracecontext | Format::GrpcTraceBin => context.decision.without_debug().decided(),
        Format::Xray | Format::Gcp | Format::Ottrace | Format::Skywalking => {
            context.decision.without_debug()
        }
    };
    if format == Format::Ottrace {
        context.trace_id.high = 0;
    }
    context
}

/// Whether a reading of the format says the same as `context`, as far as the format can.
pub(crate) fn agrees(format: Format, reading: &TraceContext, context: &TraceContext) -> bool {
    let wanted = project(format, *context);
    has_same_ids(reading, &wanted)
        && reading.decision == wanted.decision
        && (format != Format::Tracecontext || reading.is_random == wanted.is_random)
}

/// Whether both are of the same trace and span. A span that one of them leaves out is the other's.
pub(crate) fn has_same_ids(one: &TraceContext, other: &TraceContext) -> bool {
    let is_same_span = one.span_id == other.span_id || one.span_id == 0 || other.span_id == 0;
    one.trace_id.is_same(other.trace_id) && is_same_span
}

/// The trace id of any one header that carries one: for finding a request again, never for making a
/// context of it.
pub(crate) fn lone_trace_id(request: &Snapshot<'_>) -> Option<TraceId> {
    const CARRIERS: Mask = Mask::of(&[
        Known::Traceparent,
        Known::B3,
        Known::UberTraceId,
        Known::AmznTraceId,
        Known::CloudTraceContext,
        Known::Sw8,
        Known::GrpcTraceBin,
        Known::B3TraceId,
        Known::OtTraceId,
        Known::DatadogTraceId,
    ]);
    if !request.has_any(CARRIERS) {
        return None;
    }
    const WHOLE: [Format; 7] = [
        Format::Tracecontext,
        Format::B3,
        Format::Jaeger,
        Format::Xray,
        Format::Gcp,
        Format::Skywalking,
        Format::GrpcTraceBin,
    ];
    let whole = WHOLE.iter().find_map(|format| match read(*format, request) {
        Reading::Context(context) => Some(context.trace_id),
        _ => None,
    });
    let hex = |known| request.first(known).and_then(|value| digits::trace_id(digits::trim(value)));
    let low = |known| {
        let low = request.first(known).and_then(|value| decimal(digits::trim(value)));
        low.filter(|low| *low != 0).map(|low| TraceId { high: 0, low })
    };
    whole
        .or_else(|| hex(Known::B3TraceId))
        .or_else(|| hex(Known::OtTraceId))
        .or_else(|| low(Known::DatadogTraceId))
}

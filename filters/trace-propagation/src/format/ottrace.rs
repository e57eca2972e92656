//! OpenTracing's basic tracers: `ot-tracer-traceid`, `ot-tracer-spanid`, `ot-tracer-sampled`.

use super::written::Written;
use crate::context::{Decision, Reading, TraceContext};
use crate::digits::{push_hex, span_id, trace_id, trim};
use crate::headers::{Known, Snapshot};

#[cfg(test)]
mod tests;

pub(super) const HEADERS: [Known; 3] = [Known::OtTraceId, Known::OtSpanId, Known::OtSampled];

pub(super) fn read(request: &Snapshot<'_>) -> Reading {
    match HEADERS.map(|known| request.first(known).map(trim)) {
        [None, None, None] => Reading::Absent,
        _ if HEADERS.iter().any(|known| request.is_repeated(*known)) => Reading::Malformed,
        [Some(trace), Some(span), sampled] => Reading::of(parse(trace, span, sampled)),
        _ => Reading::Malformed,
    }
}

fn parse(trace: &[u8], span: &[u8], sampled: Option<&[u8]>) -> Option<TraceContext> {
    let decision = match sampled {
        None => Decision::Deferred,
        Some(b"true" | b"1") => Decision::Keep,
        Some(b"false" | b"0") => Decision::Drop,
        Some(_) => return None,
    };
    let (trace_id, span_id) = (trace_id(trace)?, span_id(span)?);
    Some(TraceContext { trace_id, span_id, decision, ..TraceContext::default() })
}

/// Only the lower half of a trace id: these tracers know no more.
pub(super) fn write(context: &TraceContext) -> Written {
    let mut written = Written::with_capacity(37);
    push_hex(written.of(Known::OtTraceId), context.trace_id.low, 16);
    push_hex(written.of(Known::OtSpanId), context.span_id, 16);
    match context.decision {
        Decision::Deferred => {}
        Decision::Drop => written.of(Known::OtSampled).extend_from_slice(b"false"),
        Decision::Keep | Decision::Debug => {
            written.of(Known::OtSampled).extend_from_slice(b"true");
        }
    }
    written
}

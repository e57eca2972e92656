//! B3, in one header and in several (openzipkin/b3-propagation).

use super::written::Written;
use crate::context::{Decision, Reading, TraceContext};
use crate::digits::{push_hex, push_short_trace_id, span_id, trace_id, trim};
use crate::headers::{Known, Snapshot};

#[cfg(test)]
mod tests;

pub(super) const MULTI: [Known; 5] =
    [Known::B3TraceId, Known::B3SpanId, Known::B3ParentSpanId, Known::B3Sampled, Known::B3Flags];

/// `{trace}-{span}[-{decision}[-{parent}]]`, or a decision alone.
pub(super) fn read_single(value: &[u8]) -> Reading {
    match value {
        [decision] => flag(*decision).map_or(Reading::Malformed, Reading::Undecided),
        _ => Reading::of(parse_single(value)),
    }
}

fn parse_single(value: &[u8]) -> Option<TraceContext> {
    let mut fields = value.split(|byte| *byte == b'-');
    let trace_id = trace_id(fields.next()?)?;
    let span_id = span_id(fields.next()?)?;
    let decision = match fields.next() {
        None => Decision::Deferred,
        Some([byte]) => flag(*byte)?,
        Some(_) => return None,
    };
    let parent_span_id = parent(fields.next())?;
    if fields.next().is_some() {
        return None;
    }
    Some(TraceContext { trace_id, span_id, parent_span_id, decision, is_random: false })
}

fn flag(byte: u8) -> Option<Decision> {
    match byte {
        b'0' => Some(Decision::Drop),
        b'1' => Some(Decision::Keep),
        b'd' => Some(Decision::Debug),
        _ => None,
    }
}

/// Absent at the root of a trace; never empty or zero.
fn parent(field: Option<&[u8]>) -> Option<u64> {
    field.map_or(Some(0), span_id)
}

/// The first value of each header counts.
pub(super) fn read_multi(request: &Snapshot<'_>) -> Reading {
    let value = |known| request.first(known).map(trim);
    let [trace, span, above, sampled, flags] = MULTI.map(value);
    let Some(decision) = decision(sampled, flags) else { return Reading::Malformed };
    match (trace, span) {
        (Some(trace), Some(span)) => Reading::of(parse_multi(trace, span, above, decision)),
        (None, None) if above.is_some() => Reading::Malformed,
        (None, None) => match decision {
            Decision::Deferred => Reading::Absent,
            decided => Reading::Undecided(decided),
        },
        // A part of a context must not become a new trace with an old parent.
        _ => Reading::Malformed,
    }
}

/// Whether the headers are what [`multi`] would write of them: a decision is a digit, none stands
/// beside debug, and no header stands twice, for a reader may take the last one.
pub(super) fn is_current(request: &Snapshot<'_>) -> bool {
    let is_debug = request.first(Known::B3Flags).map(trim) == Some(b"1");
    let is_once = !MULTI.iter().any(|known| request.is_repeated(*known));
    is_once
        && match request.first(Known::B3Sampled).map(trim) {
            Some(b"0" | b"1") => !is_debug,
            Some(_) => false,
            None => true,
        }
}

fn parse_multi(
    trace: &[u8],
    span: &[u8],
    above: Option<&[u8]>,
    decision: Decision,
) -> Option<TraceContext> {
    let (trace_id, span_id) = (trace_id(trace)?, span_id(span)?);
    let parent_span_id = parent(above)?;
    Some(TraceContext { trace_id, span_id, parent_span_id, decision, is_random: false })
}

/// `true` and `false` are what older tracers write.
fn decision(sampled: Option<&[u8]>, flags: Option<&[u8]>) -> Option<Decision> {
    let sampled = match sampled {
        None => Decision::Deferred,
        Some(b"1" | b"true") => Decision::Keep,
        Some(b"0" | b"false") => Decision::Drop,
        Some(_) => return None,
    };
    match flags {
        None | Some(b"0") => Some(sampled),
        // Debug implies a decision, whatever stands beside it.
        Some(b"1") => Some(Decision::Debug),
        Some(_) => None,
    }
}

pub(super) fn single_text(context: &TraceContext) -> Vec<u8> {
    let mut text = Vec::with_capacity(68);
    push_short_trace_id(&mut text, context.trace_id);
    text.push(b'-');
    push_hex(&mut text, context.span_id, 16);
    let flag = match context.decision {
        // Without a decision there is no place for a parent.
        Decision::Deferred => return text,
        Decision::Drop => b'0',
        Decision::Keep => b'1',
        Decision::Debug => b'd',
    };
    text.extend_from_slice(&[b'-', flag]);
    if context.parent_span_id != 0 {
        text.push(b'-');
        push_hex(&mut text, context.parent_span_id, 16);
    }
    text
}

pub(super) fn multi(context: &TraceContext) -> Written {
    let mut written = Written::with_capacity(65);
    push_short_trace_id(written.of(Known::B3TraceId), context.trace_id);
    push_hex(written.of(Known::B3SpanId), context.span_id, 16);
    if context.parent_span_id != 0 {
        push_hex(written.of(Known::B3ParentSpanId), context.parent_span_id, 16);
    }
    match context.decision {
        Decision::Deferred => {}
        Decision::Drop => written.of(Known::B3Sampled).push(b'0'),
        Decision::Keep => written.of(Known::B3Sampled).push(b'1'),
        // Which is a decision, so none stands beside it.
        Decision::Debug => written.of(Known::B3Flags).push(b'1'),
    }
    written
}

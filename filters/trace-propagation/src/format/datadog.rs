//! Datadog: decimal ids, the upper half of a 128-bit trace id as a tag.

use super::written::Written;
use crate::context::{Decision, Reading, TraceContext, TraceId};
use crate::digits::{decimal, decimal_text, hex, push_hex, trim};
use crate::headers::{Known, Snapshot};

#[cfg(test)]
mod tests;

pub(super) const HEADERS: [Known; 4] = [
    Known::DatadogTraceId,
    Known::DatadogParentId,
    Known::DatadogSamplingPriority,
    Known::DatadogTags,
];

/// The tag with the upper half, 16 hex digits.
const UPPER: &[u8] = b"_dd.p.tid";

pub(super) fn read(request: &Snapshot<'_>) -> Reading {
    let [trace, parent, priority, _] = HEADERS;
    match (request.first(trace), request.first(parent), request.first(priority)) {
        (None, None, None) => Reading::Absent,
        (Some(_), _, _) if HEADERS.iter().any(|known| request.is_repeated(*known)) => {
            Reading::Malformed
        }
        (Some(trace), parent, priority) => {
            let tags = request.first(Known::DatadogTags);
            Reading::of(parse(trim(trace), parent.map(trim), priority.map(trim), tags))
        }
        _ => Reading::Malformed,
    }
}

fn parse(
    trace: &[u8],
    parent: Option<&[u8]>,
    priority: Option<&[u8]>,
    tags: Option<&[u8]>,
) -> Option<TraceContext> {
    let low = decimal(trace).filter(|low| *low != 0)?;
    let high = tags.map_or(Some(0), upper)?;
    // A root that has no span to speak of leaves it out, or writes 0.
    let span_id = parent.map_or(Some(0), decimal)?;
    let decision = match priority {
        None => Decision::Deferred,
        Some(b"-1" | b"0") => Decision::Drop,
        Some(b"1") => Decision::Keep,
        Some(b"2") => Decision::Debug,
        Some(_) => return None,
    };
    let trace_id = TraceId { high, low };
    Some(TraceContext { trace_id, span_id, decision, ..TraceContext::default() })
}

/// The upper half among the tags, 0 where there is none; `None` where it is malformed.
fn upper(tags: &[u8]) -> Option<u64> {
    let mut found = None;
    for tag in tags.split(|byte| *byte == b',').filter_map(|tag| value_of(trim(tag))) {
        if tag.len() != 16 || found.is_some() {
            return None;
        }
        found = Some(hex(tag)?);
    }
    Some(found.unwrap_or_default())
}

fn value_of(tag: &[u8]) -> Option<&[u8]> {
    tag.strip_prefix(UPPER)?.strip_prefix(b"=")
}

/// Tags that are not the trace id's stay.
pub(super) fn write(context: &TraceContext, tags: Option<&[u8]>) -> Written {
    let mut written = Written::with_capacity(128);
    written.of(Known::DatadogTraceId).extend_from_slice(&decimal_text(context.trace_id.low));
    written.of(Known::DatadogParentId).extend_from_slice(&decimal_text(context.span_id));
    match context.decision {
        Decision::Deferred => {}
        Decision::Drop => written.of(Known::DatadogSamplingPriority).push(b'0'),
        Decision::Keep => written.of(Known::DatadogSamplingPriority).push(b'1'),
        Decision::Debug => written.of(Known::DatadogSamplingPriority).push(b'2'),
    }
    let mut kept: Vec<&[u8]> = tags.map_or_else(Vec::new, |tags| {
        let tags = tags.split(|byte| *byte == b',').map(trim);
        tags.filter(|tag| !tag.is_empty() && value_of(tag).is_none()).collect()
    });
    let mut own = Vec::new();
    if context.trace_id.high != 0 {
        own.extend_from_slice(UPPER);
        own.push(b'=');
        push_hex(&mut own, context.trace_id.high, 16);
        kept.push(&own);
    }
    if !kept.is_empty() {
        written.of(Known::DatadogTags).extend_from_slice(&kept.join(&b','));
    }
    written
}

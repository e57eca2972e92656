//! Jaeger's `uber-trace-id`: `{trace}:{span}:{parent}:{flags}`, hex without padding.

use crate::context::{Decision, Reading, TraceContext};
use crate::digits::{hex, push_hex, push_trace_id, unpadded_trace_id};
use std::borrow::Cow;

#[cfg(test)]
mod tests;

const SAMPLED: u64 = 1;
const DEBUG: u64 = 1 << 1;

pub(super) fn read(value: &[u8]) -> Reading {
    Reading::of(parse(&decoded(value)))
}

fn parse(value: &[u8]) -> Option<TraceContext> {
    let mut fields = value.split(|byte| *byte == b':');
    let trace_id = unpadded_trace_id(fields.next()?)?;
    let span_id = hex(fields.next()?).filter(|id| *id != 0)?;
    // Deprecated, and ignored by its readers; it still has to be there.
    hex(fields.next()?)?;
    let flags = fields.next().filter(|flags| flags.len() <= 2).and_then(hex)?;
    if fields.next().is_some() {
        return None;
    }
    let decision = match flags & (SAMPLED | DEBUG) {
        0 => Decision::Drop,
        SAMPLED => Decision::Keep,
        _ => Decision::Debug,
    };
    Some(TraceContext { trace_id, span_id, decision, ..TraceContext::default() })
}

/// Some clients URL-encode the value, of which only the colons change.
fn decoded(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'%') {
        return Cow::Borrowed(value);
    }
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((byte, after)) = rest.split_first() {
        rest = match rest {
            [b'%', b'3', b'A' | b'a', after @ ..] => {
                decoded.push(b':');
                after
            }
            _ => {
                decoded.push(*byte);
                after
            }
        };
    }
    Cow::Owned(decoded)
}

pub(super) fn text(context: &TraceContext) -> Vec<u8> {
    let mut text = Vec::with_capacity(53);
    push_trace_id(&mut text, context.trace_id);
    text.push(b':');
    push_hex(&mut text, context.span_id, 16);
    text.extend_from_slice(match context.decision {
        Decision::Deferred | Decision::Drop => b":0:0",
        Decision::Keep => b":0:1",
        Decision::Debug => b":0:3",
    });
    text
}

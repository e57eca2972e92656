//! W3C Trace Context, Level 2: `traceparent`.

use crate::context::{Decision, Reading, TraceContext};
use crate::digits::{Cursor, push_hex, push_trace_id};

#[cfg(test)]
mod tests;

const SAMPLED: u64 = 1;
const RANDOM: u64 = 1 << 1;
/// A version that is not, and never will be.
const FORBIDDEN: u64 = 0xff;

pub(super) fn read(value: &[u8]) -> Reading {
    Reading::of(parse(value))
}

/// Version 00 is exactly 55 characters; of a later one the first 55 mean the same, and what follows
/// them is set off with a dash.
fn parse(value: &[u8]) -> Option<TraceContext> {
    let mut text = Cursor(value);
    let version = text.hex(2)?;
    text.byte(b'-')?;
    let trace_id = text.trace_id()?;
    text.byte(b'-')?;
    let span_id = text.hex(16)?;
    text.byte(b'-')?;
    let flags = text.hex(2)?;
    match (version, text.rest()) {
        (FORBIDDEN, _) => return None,
        (_, []) => {}
        (1.., [b'-', ..]) => {}
        _ => return None,
    }
    if trace_id.is_zero() || span_id == 0 {
        return None;
    }
    Some(TraceContext {
        trace_id,
        span_id,
        decision: Decision::of(flags & SAMPLED != 0),
        is_random: flags & RANDOM != 0,
        ..TraceContext::default()
    })
}

/// Always version 00, with the flags that it knows.
pub(crate) fn text(context: &TraceContext) -> Vec<u8> {
    let mut text = Vec::with_capacity(55);
    text.extend_from_slice(b"00-");
    push_trace_id(&mut text, context.trace_id);
    text.push(b'-');
    push_hex(&mut text, context.span_id, 16);
    text.push(b'-');
    let sampled = if context.decision.is_sampled() { SAMPLED } else { 0 };
    let random = if context.is_random { RANDOM } else { 0 };
    push_hex(&mut text, sampled | random, 2);
    text
}

/// Whether the value is of the version that [`text`] writes.
pub(crate) fn is_current(value: &[u8]) -> bool {
    value.starts_with(b"00-")
}

//! OpenCensus in gRPC: `grpc-trace-bin`, its binary encoding as base64.
//!
//! A version, 0, and fields, each behind its number: 0 the trace id (16 bytes), 1 the span id (8), 2
//! the options (1), in that order. What follows is of a later day.

use crate::base64;
use crate::context::{Decision, Reading, TraceContext, TraceId};

#[cfg(test)]
mod tests;

const VERSION: u8 = 0;
const TRACE: u8 = 0;
const SPAN: u8 = 1;
const OPTIONS: u8 = 2;
/// The bit of the options that says whether the trace is recorded.
const SAMPLED: u8 = 1;

pub(super) fn read(value: &[u8]) -> Reading {
    Reading::of(base64::decode(value).and_then(|bytes| parse(&bytes)))
}

fn parse(bytes: &[u8]) -> Option<TraceContext> {
    let rest = bytes.strip_prefix(&[VERSION, TRACE])?;
    let (high, rest) = rest.split_first_chunk::<8>()?;
    let (low, rest) = rest.split_first_chunk::<8>()?;
    let (span, rest) = rest.strip_prefix(&[SPAN])?.split_first_chunk::<8>()?;
    let (options, rest) = match rest {
        [OPTIONS, options, rest @ ..] => (*options, rest),
        [OPTIONS] => return None,
        rest => (0, rest),
    };
    // Fields stand in their order, each once.
    if matches!(rest, [TRACE..=OPTIONS, ..]) {
        return None;
    }
    let trace_id = TraceId { high: u64::from_be_bytes(*high), low: u64::from_be_bytes(*low) };
    let span_id = u64::from_be_bytes(*span);
    let decision = Decision::of(options & SAMPLED != 0);
    let context = TraceContext { trace_id, span_id, decision, ..TraceContext::default() };
    (!trace_id.is_zero() && span_id != 0).then_some(context)
}

pub(super) fn text(context: &TraceContext) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(29);
    bytes.extend_from_slice(&[VERSION, TRACE]);
    bytes.extend_from_slice(&context.trace_id.high.to_be_bytes());
    bytes.extend_from_slice(&context.trace_id.low.to_be_bytes());
    bytes.push(SPAN);
    bytes.extend_from_slice(&context.span_id.to_be_bytes());
    bytes.extend_from_slice(&[OPTIONS, u8::from(context.decision.is_sampled())]);
    base64::encode(&bytes)
}

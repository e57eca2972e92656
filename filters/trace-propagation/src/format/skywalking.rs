//! SkyWalking's `sw8`, version 3 of its cross-process protocol. It is only read.
//!
//! `{sample}-{trace}-{segment}-{span}-{service}-{instance}-{endpoint}-{peer}`, of which the first and
//! the fourth are numbers and all others base64. Its ids are texts: a trace id of 32 hex digits, or
//! a UUID, is taken as it is, and any other becomes its hash, which is the same at every hop.

use crate::base64;
use crate::context::{Decision, Reading, TraceContext, TraceId};
use crate::digits::{decimal, trace_id};
use matchers::sticky::position;

#[cfg(test)]
mod tests;

/// Fields of the protocol.
const FIELDS: usize = 8;

pub(super) fn read(value: &[u8]) -> Reading {
    Reading::of(parse(value))
}

fn parse(value: &[u8]) -> Option<TraceContext> {
    let mut fields = value.split(|byte| *byte == b'-');
    let is_sampled = match fields.next()? {
        b"0" => false,
        b"1" => true,
        _ => return None,
    };
    let trace = base64::decode(fields.next()?)?;
    let mut segment = base64::decode(fields.next()?)?;
    let span = fields.next()?;
    decimal(span)?;
    let mut rest = 0;
    for field in fields {
        base64::decode(field)?;
        rest += 1;
    }
    if rest != FIELDS - 4 {
        return None;
    }
    segment.push(b'/');
    segment.extend_from_slice(span);
    Some(TraceContext {
        trace_id: id_of(&trace),
        span_id: position(&segment, "sw8.span").max(1),
        decision: Decision::of(is_sampled),
        ..TraceContext::default()
    })
}

fn id_of(text: &[u8]) -> TraceId {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'-').collect();
    let is_uuid = digits.len() == 32 && matches!(text.len(), 32 | 36);
    let given = if is_uuid { trace_id(&digits) } else { None };
    given.unwrap_or_else(|| TraceId {
        high: position(text, "sw8.high"),
        low: position(text, "sw8.low").max(1),
    })
}

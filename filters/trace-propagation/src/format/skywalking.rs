//! SkyWalking's `sw8`, version 3 of its cross-process protocol. It is only read.
//!
//! `{sample}-{trace}-{segment}-{span}-{service}-{instance}-{endpoint}-{peer}`, of which the first and
//! the fourth are numbers and all others base64. Its ids are texts: a trace id of 32 hex digits, or
//! a UUID, is taken as it is, and any other becomes its hash, which is the same at every hop.

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
    let trace = base64(fields.next()?)?;
    let mut segment = base64(fields.next()?)?;
    let span = fields.next()?;
    decimal(span)?;
    let mut rest = 0;
    for field in fields {
        base64(field)?;
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

/// The bytes of a base64 text, at least one of them; padding may be left out.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = text.get(..text.len().checked_sub(padding)?)?;
    if digits.is_empty() || padding > 2 || digits.len() % 4 == 1 {
        return None;
    }
    if padding > 0 && !text.len().is_multiple_of(4) {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}

//! Google Cloud's `x-cloud-trace-context`: `{32 hex}[/{decimal}][;o={options}]`.

use crate::context::{Decision, Reading, TraceContext};
use crate::digits::{Cursor, decimal, decimal_text, push_trace_id};

#[cfg(test)]
mod tests;

/// The bit of `o` that asks for a trace.
const TRACED: u64 = 1;

pub(super) fn read(value: &[u8]) -> Reading {
    Reading::of(parse(value))
}

fn parse(value: &[u8]) -> Option<TraceContext> {
    let mut halves = value.splitn(2, |byte| *byte == b';');
    let ids = halves.next()?;
    let decision = match halves.next() {
        None => Decision::Deferred,
        Some(options) => {
            let options = decimal(options.strip_prefix(b"o=")?).filter(|bits| *bits <= 3)?;
            Decision::of(options & TRACED != 0)
        }
    };
    let mut text = Cursor(ids);
    let trace_id = text.trace_id().filter(|id| !id.is_zero())?;
    let span_id = match text.rest() {
        [] => 0,
        [b'/', span @ ..] => decimal(span)?,
        _ => return None,
    };
    Some(TraceContext { trace_id, span_id, decision, ..TraceContext::default() })
}

pub(super) fn text(context: &TraceContext) -> Vec<u8> {
    let mut text = Vec::with_capacity(57);
    push_trace_id(&mut text, context.trace_id);
    text.push(b'/');
    text.extend_from_slice(&decimal_text(context.span_id));
    text.extend_from_slice(match context.decision {
        Decision::Deferred => b"",
        Decision::Drop => b";o=0",
        Decision::Keep | Decision::Debug => b";o=1",
    });
    text
}

//! AWS X-Ray: `Root=1-{8 hex of a time}-{24 hex};Parent={16 hex};Sampled={0|1|?}`.

use crate::context::{Decision, Reading, TraceContext, TraceId};
use crate::digits::{Cursor, push_hex, span_id, trim};

#[cfg(test)]
mod tests;

pub(super) fn read(value: &[u8]) -> Reading {
    Reading::of(parse(value))
}

/// The fields in order, name and value.
fn fields(value: &[u8]) -> impl Iterator<Item = Option<(&[u8], &[u8])>> {
    let fields = value.split(|byte| *byte == b';').map(trim).filter(|field| !field.is_empty());
    fields.map(|field| {
        let place = field.iter().position(|byte| *byte == b'=')?;
        Some((field.get(..place)?, field.get(place + 1..)?))
    })
}

/// A load balancer leaves `Parent` and `Sampled` out. Fields that are not known, such as `Self` and
/// `Lineage`, say nothing about the context.
fn parse(value: &[u8]) -> Option<TraceContext> {
    let (mut root, mut parent, mut sampled) = (None, None, None);
    for field in fields(value) {
        let (name, value) = field?;
        let slot = match name {
            b"Root" => &mut root,
            b"Parent" => &mut parent,
            b"Sampled" => &mut sampled,
            _ => continue,
        };
        if slot.replace(value).is_some() {
            return None;
        }
    }
    let decision = match sampled {
        None | Some(b"?") => Decision::Deferred,
        Some(b"0") => Decision::Drop,
        Some(b"1") => Decision::Keep,
        Some(_) => return None,
    };
    let trace_id = trace_id(root?)?;
    let span_id = parent.map_or(Some(0), span_id)?;
    Some(TraceContext { trace_id, span_id, decision, ..TraceContext::default() })
}

fn trace_id(root: &[u8]) -> Option<TraceId> {
    let mut text = Cursor(root);
    text.byte(b'1')?;
    text.byte(b'-')?;
    let time = text.hex(8)?;
    text.byte(b'-')?;
    let unique = text.hex(8)?;
    let id = TraceId { high: time << 32 | unique, low: text.hex(16)? };
    text.end()?;
    (!id.is_zero()).then_some(id)
}

/// Fields of others that stand beside the context, `Self` of a load balancer and `Lineage`, go on
/// behind it.
pub(super) fn text(context: &TraceContext, beside: Option<&[u8]>) -> Vec<u8> {
    let TraceId { high, low } = context.trace_id;
    let mut text = Vec::with_capacity(74);
    text.extend_from_slice(b"Root=1-");
    push_hex(&mut text, high >> 32, 8);
    text.push(b'-');
    push_hex(&mut text, high, 8);
    push_hex(&mut text, low, 16);
    text.extend_from_slice(b";Parent=");
    push_hex(&mut text, context.span_id, 16);
    text.extend_from_slice(match context.decision {
        Decision::Deferred => b";Sampled=?",
        Decision::Drop => b";Sampled=0",
        Decision::Keep | Decision::Debug => b";Sampled=1",
    });
    for (name, value) in fields(beside.unwrap_or_default()).flatten() {
        if !matches!(name, b"Root" | b"Parent" | b"Sampled") {
            for part in [b";", name, b"=", value] {
                text.extend_from_slice(part);
            }
        }
    }
    text
}

//! A configuration that was written as YAML.
//!
//! Envoy hands a plugin whose `configuration` is a `google.protobuf.Struct` the message as it is, in
//! protobuf's binary form, and not as JSON. It is three small messages (`struct.proto`):
//!
//! ```text
//! Struct    { map<string, Value> fields = 1; }
//! Value     { null 1 | double 2 | string 3 | bool 4 | Struct 5 | ListValue 6 }
//! ListValue { repeated Value values = 1; }
//! ```

use super::Node;
use std::borrow::Cow;

#[cfg(test)]
mod tests;

/// Nesting beyond which a message is refused, as JSON's is.
const DEEPEST: usize = 100;

/// A field of a message.
enum Field<'a> {
    Bytes(&'a [u8]),
    Fixed64([u8; 8]),
    Varint(u64),
}

/// The `Struct` that `bytes` are, whole; `None` where they are none.
pub(crate) fn object(bytes: &[u8]) -> Option<Node<'_>> {
    read_struct(bytes, DEEPEST)
}

fn read_struct(mut rest: &[u8], depth: usize) -> Option<Node<'_>> {
    let depth = depth.checked_sub(1)?;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (1, Field::Bytes(entry), tail) = field(rest)? else { return None };
        entries.push(read_entry(entry, depth)?);
        rest = tail;
    }
    Some(Node::Object(entries))
}

/// An entry of a map is a message of its key and its value.
fn read_entry(mut rest: &[u8], depth: usize) -> Option<(Cow<'_, str>, Node<'_>)> {
    let (mut key, mut value) = ("", Node::Null);
    while !rest.is_empty() {
        let (number, found, tail) = field(rest)?;
        match (number, found) {
            (1, Field::Bytes(bytes)) => key = std::str::from_utf8(bytes).ok()?,
            (2, Field::Bytes(bytes)) => value = read_value(bytes, depth)?,
            _ => return None,
        }
        rest = tail;
    }
    Some((Cow::Borrowed(key), value))
}

fn read_value(mut rest: &[u8], depth: usize) -> Option<Node<'_>> {
    let mut value = Node::Null;
    while !rest.is_empty() {
        let (number, found, tail) = field(rest)?;
        value = match (number, found) {
            (1, Field::Varint(_)) => Node::Null,
            (2, Field::Fixed64(bytes)) => Node::Float(f64::from_le_bytes(bytes)),
            (3, Field::Bytes(bytes)) => Node::Text(Cow::Borrowed(std::str::from_utf8(bytes).ok()?)),
            (4, Field::Varint(flag)) => Node::Bool(flag != 0),
            (5, Field::Bytes(bytes)) => read_struct(bytes, depth)?,
            (6, Field::Bytes(bytes)) => read_list(bytes, depth)?,
            _ => return None,
        };
        rest = tail;
    }
    Some(value)
}

fn read_list(mut rest: &[u8], depth: usize) -> Option<Node<'_>> {
    let depth = depth.checked_sub(1)?;
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (1, Field::Bytes(item), tail) = field(rest)? else { return None };
        items.push(read_value(item, depth)?);
        rest = tail;
    }
    Some(Node::List(items))
}

/// The number and content of the first field, and what follows it.
fn field(bytes: &[u8]) -> Option<(u64, Field<'_>, &[u8])> {
    let (tag, rest) = varint(bytes)?;
    let (found, rest) = match tag & 7 {
        0 => {
            let (value, rest) = varint(rest)?;
            (Field::Varint(value), rest)
        }
        1 => {
            let (value, rest) = rest.split_first_chunk()?;
            (Field::Fixed64(*value), rest)
        }
        2 => {
            let (length, rest) = varint(rest)?;
            let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (Field::Bytes(value), rest)
        }
        _ => return None,
    };
    Some((tag >> 3, found, rest))
}

/// Seven bits a byte, the lowest first; ten bytes at the most.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    let mut rest = bytes;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        rest = tail;
        if byte & 0x80 == 0 {
            return Some((value, rest));
        }
    }
    None
}

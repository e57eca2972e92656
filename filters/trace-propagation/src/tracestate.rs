//! W3C's `tracestate`: checked as a whole, joined, cut where it is too long.

use crate::digits::trim;

#[cfg(test)]
mod tests;

const MOST_MEMBERS: usize = 32;
/// A list that is written is cut at so many bytes, unless the user says otherwise.
pub(crate) const MOST_BYTES: usize = 4096;
/// Of a list that is too long, members beyond this go first.
const LONG_MEMBER: usize = 128;

/// What becomes of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tracestate {
    /// It stays as it is.
    Kept,
    /// Several lines become one, or members were cut off.
    Rewritten { value: Vec<u8>, is_cut: bool },
    /// It holds no member.
    Empty,
    /// One thing in it is not as specified, so nothing of it is used.
    Malformed,
}

/// Checks all lines together, which are one list, and keeps it within `limit` bytes.
pub(crate) fn check<'a>(lines: impl Iterator<Item = &'a [u8]>, limit: usize) -> Tracestate {
    let (mut members, mut keys): (Vec<&[u8]>, Vec<&[u8]>) = (Vec::new(), Vec::new());
    let mut count = 0_usize;
    let mut first: &[u8] = b"";
    for line in lines {
        count += 1;
        first = line;
        for member in line.split(|byte| *byte == b',').map(trim) {
            if member.is_empty() {
                continue;
            }
            match key_of(member) {
                Some(key) if members.len() < MOST_MEMBERS && !keys.contains(&key) => {
                    keys.push(key);
                    members.push(member);
                }
                _ => return Tracestate::Malformed,
            }
        }
    }
    if members.is_empty() {
        return Tracestate::Empty;
    }
    let is_cut = cut(&mut members, limit);
    match (count, is_cut) {
        (1, false) if first.len() <= limit => Tracestate::Kept,
        _ if members.is_empty() => Tracestate::Empty,
        _ => Tracestate::Rewritten { value: members.join(&b','), is_cut },
    }
}

/// The key of a member that is as specified.
fn key_of(member: &[u8]) -> Option<&[u8]> {
    let place = member.iter().position(|byte| *byte == b'=')?;
    let (key, value) = member.split_at_checked(place)?;
    (is_key(key) && is_value(value.get(1..)?)).then_some(key)
}

/// `key`, or `tenant@system` with the lengths of Level 1, which Level 2 no longer tells apart: its
/// conformance suite refuses any other. Of Level 2 is that each may begin with a digit.
fn is_key(key: &[u8]) -> bool {
    let mut parts = key.splitn(2, |byte| *byte == b'@');
    match (parts.next().unwrap_or_default(), parts.next()) {
        (simple, None) => is_name(simple, 256),
        (tenant, Some(system)) => is_name(tenant, 241) && is_name(system, 14),
    }
}

fn is_name(name: &[u8], longest: usize) -> bool {
    let is_alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_inner = |byte: &u8| is_alphanumeric(byte) || matches!(byte, b'_' | b'-' | b'*' | b'/');
    name.len() <= longest && name.first().is_some_and(is_alphanumeric) && name.iter().all(is_inner)
}

fn is_value(value: &[u8]) -> bool {
    let is_allowed = |byte: &u8| matches!(byte, 0x20..=0x7e) && !matches!(byte, b',' | b'=');
    (1..=256).contains(&value.len())
        && value.iter().all(is_allowed)
        && value.last().is_some_and(|last| *last != b' ')
}

/// Takes out whole members until the list is within `limit`: long ones first, then from the right.
fn cut(members: &mut Vec<&[u8]>, limit: usize) -> bool {
    let length = |members: &[&[u8]]| {
        members.iter().map(|member| member.len() + 1).sum::<usize>().saturating_sub(1)
    };
    let before = members.len();
    while length(members) > limit {
        match members.iter().rposition(|member| member.len() > LONG_MEMBER) {
            Some(place) => drop(members.remove(place)),
            None => drop(members.pop()),
        }
    }
    members.len() < before
}

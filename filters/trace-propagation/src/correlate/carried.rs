//! The headers of a request as they are remembered: name and value, each behind its length.

use crate::headers::Known;
use filter_api::{Effect, Effects, HeaderMutation, HeaderName, HeaderPairs};

#[cfg(test)]
mod tests;

/// Every header that tells of the trace, and those of `propagate`, as the request goes on with them.
/// `None` where a value is too long.
pub(crate) fn collect(
    headers: HeaderPairs<'_>,
    propagate: &[HeaderName],
    effects: &Effects,
) -> Option<Vec<u8>> {
    let is_wanted = |name: &[u8]| {
        Known::find(name).is_some_and(Known::is_context)
            || propagate.iter().any(|wanted| wanted.as_bytes() == name)
    };
    let mutations = || {
        effects.as_slice().iter().filter_map(|effect| match effect {
            Effect::Mutate(mutation) => Some(mutation),
            _ => None,
        })
    };
    let is_changed = |name: &[u8]| {
        mutations().any(|mutation| match mutation {
            HeaderMutation::Set(other, _) | HeaderMutation::Remove(other) => {
                other.as_bytes() == name
            }
            HeaderMutation::Add(..) | HeaderMutation::SetStatus(_) => false,
        })
    };
    let mut carried = Vec::new();
    for (name, value) in headers.iter() {
        if is_wanted(name) && !is_changed(name) {
            push(&mut carried, name, value)?;
        }
    }
    for mutation in mutations() {
        if let HeaderMutation::Set(name, value) | HeaderMutation::Add(name, value) = mutation
            && is_wanted(name.as_bytes())
        {
            push(&mut carried, name.as_bytes(), value.as_bytes())?;
        }
    }
    Some(carried)
}

fn push(carried: &mut Vec<u8>, name: &[u8], value: &[u8]) -> Option<()> {
    carried.push(u8::try_from(name.len()).ok()?);
    carried.extend_from_slice(name);
    carried.extend_from_slice(&u16::try_from(value.len()).ok()?.to_le_bytes());
    carried.extend_from_slice(value);
    Some(())
}

/// Names and values, up to the first that is not whole.
pub(crate) fn headers(mut carried: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let (length, rest) = carried.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        carried = rest;
        Some((name, value))
    })
}

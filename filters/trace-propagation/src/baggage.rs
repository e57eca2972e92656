//! W3C baggage: what may pass, and how much of it.

use crate::digits::trim;

#[cfg(test)]
mod tests;

/// What passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaggagePolicy {
    /// Keys that pass; `None` lets every one pass.
    pub(crate) allow: Option<Vec<Box<[u8]>>>,
    pub(crate) max_members: usize,
    pub(crate) max_bytes: usize,
}

/// What becomes of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Baggage {
    /// It stays as it is, or there is none.
    Kept,
    /// Members were taken out; empty where none is left.
    Cut(Vec<u8>),
}

impl BaggagePolicy {
    /// Judges all lines together, which are one list. Members are never cut in two, and keep their
    /// order; what is beyond a limit goes from the right.
    pub(crate) fn judge(&self, lines: &[&[u8]]) -> Baggage {
        let mut kept: Vec<&[u8]> = Vec::new();
        let (mut length, mut is_cut) = (0, false);
        for member in lines.iter().flat_map(|line| line.split(|byte| *byte == b',')).map(trim) {
            if member.is_empty() {
                continue;
            }
            // With the comma in front of it, where it is not the first.
            let longer = length + member.len() + usize::from(!kept.is_empty());
            if self.allows(member) && kept.len() < self.max_members && longer <= self.max_bytes {
                kept.push(member);
                length = longer;
            } else {
                is_cut = true;
            }
        }
        if is_cut { Baggage::Cut(kept.join(&b',')) } else { Baggage::Kept }
    }

    /// Whether the member's key is one of those allowed. A member without `=` has none.
    fn allows(&self, member: &[u8]) -> bool {
        let place = member.iter().position(|byte| *byte == b'=');
        let key = place.and_then(|place| member.get(..place));
        self.allow.is_none() || key.is_some_and(|key| self.has(trim(key)))
    }

    /// Whether this key passes.
    pub(crate) fn has(&self, key: &[u8]) -> bool {
        self.allow.as_ref().is_none_or(|allowed| allowed.iter().any(|allowed| **allowed == *key))
    }
}

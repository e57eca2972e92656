//! What is written in a format.

use crate::headers::Known;

/// Most headers that a format has.
const MOST: usize = 5;

/// Headers with the values to write, one behind the other in one text: a text for each would cost as
/// much as what stands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    text: Vec<u8>,
    /// Headers, and where their values begin.
    parts: [Option<(Known, usize)>; MOST],
}

impl Written {
    /// With room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { text: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// One header.
    pub(super) fn one(known: Known, text: Vec<u8>) -> Self {
        Self { text, parts: [Some((known, 0)), None, None, None, None] }
    }

    /// One more header, whose value is what is pushed from here on.
    pub(super) fn of(&mut self, known: Known) -> &mut Vec<u8> {
        let begin = self.text.len();
        if let Some(part) = self.parts.iter_mut().find(|part| part.is_none()) {
            *part = Some((known, begin));
        }
        &mut self.text
    }

    /// Every header with its value, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Known, &[u8])> {
        self.parts.iter().enumerate().map_while(|(place, part)| {
            let (known, begin) = (*part)?;
            let next = self.parts.get(place + 1).copied().flatten();
            let end = next.map_or(self.text.len(), |(_, begin)| begin);
            Some((known, self.text.get(begin..end)?))
        })
    }

    /// Whether this header is among them.
    pub(crate) fn has(&self, known: Known) -> bool {
        self.parts.iter().flatten().any(|(other, _)| *other == known)
    }
}

//! What is remembered of one request.

use crate::refusal::Sentence;
use filter_api::{Effects, Permit};

/// A request in a tarpit; nothing for all others.
#[derive(Debug, Default)]
pub struct AclStream {
    held: Option<Box<Held>>,
}

#[derive(Debug)]
struct Held {
    /// What becomes of it.
    sentence: Sentence,
    permit: Permit,
}

impl AclStream {
    /// The request is held before its end.
    pub(crate) fn hold(&mut self, sentence: Sentence, permit: Permit) {
        self.held = Some(Box::new(Held { sentence, permit }));
    }

    /// The request is held no more, whatever ended it.
    pub(crate) fn release(&mut self, effects: &mut Effects) -> Option<Sentence> {
        let Held { sentence, permit } = *self.held.take()?;
        effects.release(permit);
        Some(sentence)
    }
}

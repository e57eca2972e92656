//! Decisions on pieces of a response body.

use crate::Effects;
use std::rc::Rc;
use std::time::Duration;

/// One piece of a body, as the host hands it over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyChunk {
    /// Bytes of this piece; 0 is common at the end.
    pub size: usize,
    /// Nothing follows.
    pub end_of_stream: bool,
}

/// What is to become of the piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BodyVerdict {
    /// Send it on.
    #[default]
    Continue,
    /// Send only its first bytes on.
    Keep(usize),
    /// Send these bytes on in its stead.
    Replace(Rc<[u8]>),
    /// Reset the stream; this piece is not sent.
    Reset,
    /// Hold it, and what follows, this long, with back-pressure on the upstream. Once the time is
    /// over everything held goes on by itself.
    StopIteration(Duration),
}

/// A filter's answer to a body callback.
#[derive(Debug, Default)]
#[must_use]
pub struct BodyDecision {
    /// What is to become of the piece.
    pub verdict: BodyVerdict,
    /// What happens beside it; header changes are too late here and are ignored.
    pub effects: Effects,
}

impl BodyDecision {
    /// A decision with nothing beside its verdict.
    pub fn of(verdict: BodyVerdict) -> Self {
        Self { verdict, effects: Effects::default() }
    }
}

//! What becomes of an answer's body, piece by piece.

use filter_api::{BodyChunk, BodyVerdict};
use std::rc::Rc;
use std::time::Duration;

#[cfg(test)]
mod tests;

const SECOND: u128 = 1_000_000_000;

/// A fault on a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BodyFault {
    /// These bytes instead.
    Replace(Rc<[u8]>),
    /// No faster than this.
    Throttle(Rate),
    /// At most this many bytes, then a reset.
    Truncate(u64),
}

/// A rate of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rate {
    /// Bytes per second, at least 1.
    Fixed(u64),
    /// As the request's header asks.
    Header,
}

/// How far a body has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BodyProgress {
    /// The new body goes out with the first piece, the pieces themselves are dropped.
    Replace(Option<Rc<[u8]>>),
    /// Every piece is held until its last byte is due.
    Throttle {
        /// Bytes per second, at least 1.
        rate: u64,
        /// Monotonic nanoseconds of the first piece.
        start: Option<u64>,
        /// Bytes so far.
        bytes: u64,
    },
    /// So many bytes may still pass; `None` once one was held back.
    Truncate(Option<u64>),
}

impl BodyProgress {
    /// The beginning of a throttled body, at `rate` bytes per second.
    pub(crate) fn throttle(rate: u64) -> Self {
        Self::Throttle { rate: rate.max(1), start: None, bytes: 0 }
    }

    /// What becomes of the next piece. `now` is monotonic nanoseconds, asked for only if needed.
    pub(crate) fn piece(&mut self, chunk: BodyChunk, now: impl FnOnce() -> u64) -> BodyVerdict {
        match self {
            Self::Replace(body) => body.take().map_or(BodyVerdict::Keep(0), BodyVerdict::Replace),
            Self::Throttle { rate, start, bytes } => {
                let now = now();
                let start = *start.get_or_insert(now);
                *bytes = bytes.saturating_add(chunk.size as u64);
                let due = u128::from(start) + u128::from(*bytes) * SECOND / u128::from(*rate);
                match due.saturating_sub(u128::from(now)) {
                    0 => BodyVerdict::Continue,
                    left => BodyVerdict::StopIteration(Duration::from_nanos(
                        u64::try_from(left).unwrap_or(u64::MAX),
                    )),
                }
            }
            Self::Truncate(left) => truncate(left, chunk),
        }
    }
}

/// A reset discards the piece at hand, so the cut is made in one callback and the reset in the next.
/// Where there is none, the last bytes are lost too: never a clean end after a cut.
fn truncate(left: &mut Option<u64>, chunk: BodyChunk) -> BodyVerdict {
    let size = chunk.size as u64;
    let Some(allowed) = *left else { return BodyVerdict::Reset };
    if size <= allowed {
        *left = Some(allowed - size);
        return BodyVerdict::Continue;
    }
    *left = None;
    if chunk.end_of_stream || allowed == 0 {
        BodyVerdict::Reset
    } else {
        // Less than the piece, so it fits.
        BodyVerdict::Keep(usize::try_from(allowed).unwrap_or(usize::MAX))
    }
}

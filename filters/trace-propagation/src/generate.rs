//! New contexts: their ids, and whether they are recorded.

use crate::config::Generate;
use crate::context::{Decision, TraceContext, TraceId};
use crate::digits::{self, hex};
use filter_api::{Environment, RequestHead};
use matchers::sticky::position;
use matchers::{FractionalPercent, MatchTable};

#[cfg(test)]
mod tests;

/// Salt of the span that follows from an `x-request-id`.
const SPAN_SALT: &str = "trace_propagation.span";
/// Digits of a UUID before its version, which Envoy overwrites with the reason of a trace.
pub(crate) const UUID_VERSION: usize = 14;

/// The shares of the traces that are recorded.
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    pub(crate) matches: MatchTable,
    /// In the order of the matchers.
    pub(crate) shares: Vec<FractionalPercent>,
    /// Of all other requests.
    pub(crate) share: FractionalPercent,
}

/// A new context; `None` with [`Generate::Never`]. A random trace id that `is_timed` begins with the
/// second in which it was made.
pub(crate) fn context(
    mode: Generate,
    request_id: Option<&[u8]>,
    is_timed: bool,
    env: &mut dyn Environment,
) -> Option<TraceContext> {
    let (trace_id, span_id) = match mode {
        Generate::Never => return None,
        Generate::IfMissing => (random_trace_id(is_timed, env), random_id(env)),
        Generate::FromRequestId => match request_id.and_then(|id| Some((id, of_uuid(id)?))) {
            Some((id, trace_id)) => (trace_id, of_masked(id)),
            None => (random_trace_id(is_timed, env), random_id(env)),
        },
    };
    Some(TraceContext { trace_id, span_id, is_random: true, ..TraceContext::default() })
}

fn random_trace_id(is_timed: bool, env: &mut dyn Environment) -> TraceId {
    const SECOND: u64 = 1_000_000_000;
    let random = TraceId { high: random_id(env), low: random_id(env) };
    match is_timed {
        // The right-most 56 bits stay random, as the flag says.
        true => {
            let seconds = env.unix_time().0 / SECOND;
            TraceId { high: seconds << 32 | random.high & 0xffff_ffff, ..random }
        }
        false => random,
    }
}

/// 64 random bits, never all zero.
pub(crate) fn random_id(env: &mut dyn Environment) -> u64 {
    // A second zero in a row happens once in 2^128, and 1 is as good an id as any.
    match env.random() {
        0 => env.random().max(1),
        id => id,
    }
}

/// The 128 bits of a random UUID, its version as Envoy first wrote it.
fn of_uuid(id: &[u8]) -> Option<TraceId> {
    if !is_uuid(id) {
        return None;
    }
    let digits: Vec<u8> =
        id.iter().filter(|byte| **byte != b'-').map(u8::to_ascii_lowercase).collect();
    let (high, low) = digits.split_at_checked(16)?;
    const VERSION: u64 = 0xf000;
    let id = TraceId { high: hex(high)? & !VERSION | 0x4000, low: hex(low)? };
    (id.low != 0).then_some(id)
}

/// A span of a request id, the same for every version digit.
fn of_masked(id: &[u8]) -> u64 {
    let mut masked = id.to_ascii_lowercase();
    mask_version(&mut masked);
    position(&masked, SPAN_SALT).max(1)
}

/// Whether the text looks like a UUID: 36 characters with dashes in the right places.
pub(crate) fn is_uuid(id: &[u8]) -> bool {
    let four = |place: usize| {
        let digits = id.get(place..).and_then(|rest| rest.first_chunk::<4>());
        u64::from(digits.map_or(0, |digits| u32::from_le_bytes(*digits)))
    };
    let are_hex = |one, other| digits::are_hex(four(one) | four(other) << 32);
    id.len() == 36
        && [8, 13, 18, 23].iter().all(|place| id.get(*place) == Some(&b'-'))
        && are_hex(0, 4)
        && are_hex(9, 14)
        && are_hex(19, 24)
        && are_hex(28, 32)
}

/// Makes the digit that Envoy overwrites the same in every UUID.
pub(crate) fn mask_version(id: &mut [u8]) {
    if let (true, Some(version)) = (is_uuid(id), id.get_mut(UUID_VERSION)) {
        *version = b'4';
    }
}

impl Sampler {
    /// Decides by the trace id: of two hops with the same share, both or none record it. As
    /// OpenTelemetry's consistent sampling: the right-most 56 bits are the random number, and the
    /// greatest of them are recorded.
    pub(crate) fn decide(&self, id: TraceId, request: &RequestHead<'_>) -> Decision {
        let rule = self.matches.first(request);
        let share = rule.and_then(|index| self.shares.get(index)).unwrap_or(&self.share);
        Decision::of(share.draw(!(id.low << 8 | 0xff)))
    }
}

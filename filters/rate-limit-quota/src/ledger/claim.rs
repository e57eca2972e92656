//! What a request wants of one quota, and what it was given.

use crate::algorithm::{Algorithm, Limit, Outcome, State};
use crate::hash::Digest;
use crate::store::Place;

/// What a quota says about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) algorithm: Algorithm,
    pub(crate) limit: Limit,
    pub(crate) penalty: Option<Penalty>,
    /// Taken ahead by a worker.
    pub(crate) lease: Option<LeaseTerms>,
}

/// After so many refusals within a time, nothing for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Penalty {
    pub(crate) refusals: u64,
    /// Nanoseconds.
    pub(crate) within: u64,
    /// Nanoseconds.
    pub(crate) duration: u64,
}

/// How much a worker takes ahead, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeaseTerms {
    pub(crate) units: u64,
    /// Nanoseconds.
    pub(crate) duration: u64,
}

/// One quota's part in a request.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) terms: Terms,
    pub(crate) place: Place,
    /// The key's record.
    pub(crate) record: Digest,
    /// The record that keys share for which there is no room.
    pub(crate) overflow: Digest,
    /// Units that must be there.
    pub(crate) check: u64,
    /// Units that are taken.
    pub(crate) charge: u64,
    /// Units that stay for requests of a higher priority.
    pub(crate) reserve: u64,
    /// A refusal is only counted.
    pub(crate) is_shadow: bool,
    /// Shared across Envoys.
    pub(crate) is_global: bool,
    /// Served from units that the worker had taken ahead.
    pub(crate) is_leased: bool,
    /// Decided on without the store.
    pub(crate) is_settled: bool,
    /// How it stands with the quota after this request.
    pub(crate) standing: Standing,
    /// Taken once the slab is written.
    pub(crate) proposed: Option<Taken>,
    /// What the record is then.
    pub(crate) state: Option<State>,
    pub(crate) taken: Option<Taken>,
}

/// How it stands with a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) is_admitted: bool,
    pub(crate) remaining: u64,
    /// Nanoseconds.
    pub(crate) reset_after: u64,
    /// Nanoseconds; `None` where it is admitted, or no time helps or is known.
    pub(crate) retry_after: Option<u64>,
    /// Refused because of earlier refusals.
    pub(crate) is_penalized: bool,
    /// The store had no room for the key.
    pub(crate) is_crowded: bool,
}

/// Units that were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) place: Place,
    pub(crate) record: Digest,
    pub(crate) receipt: u64,
    /// All units; what is above the claim's charge is a lease.
    pub(crate) units: u64,
    /// Until when they may be used: monotonic nanoseconds.
    pub(crate) until: u64,
}

/// Units that could not be given back.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    pub(crate) terms: Terms,
    pub(crate) taken: Taken,
    pub(crate) units: u64,
}

impl Claim {
    /// Decides on it without the store.
    pub(crate) fn settle(&mut self, standing: Standing) {
        self.standing = standing;
        self.is_settled = true;
    }

    /// Whether the request is refused because of it.
    pub(crate) fn is_refused(&self) -> bool {
        !self.standing.is_admitted && !self.is_shadow
    }

    /// Whether the store has to decide on it.
    pub(super) fn is_open(&self) -> bool {
        !self.is_settled && self.taken.is_none()
    }

    /// Where units would be that were not taken, because the request costs none yet.
    pub(crate) fn untaken(&self, receipt: u64) -> Taken {
        Taken { place: self.place, record: self.record, receipt, units: 0, until: 0 }
    }

    /// The slab that holds what was proposed is stored.
    pub(super) fn confirm(&mut self) {
        if let Some(proposed) = self.proposed.take() {
            self.taken = Some(proposed);
        }
    }
}

impl From<&Outcome> for Standing {
    fn from(outcome: &Outcome) -> Self {
        Self {
            is_admitted: outcome.admitted,
            remaining: outcome.remaining,
            reset_after: outcome.reset_after,
            retry_after: outcome.retry_after,
            is_penalized: false,
            is_crowded: false,
        }
    }
}

//! Deciding on all claims before anything is written.

use super::claim::{Claim, Penalty, Standing, Taken};
use super::{Ledger, Retry, load};
use crate::algorithm::{Algorithm, Ask, Detail, Limit, Outcome, State};
use crate::hash::Digest;
use crate::store::Place;

/// What tells a key's other records from its first.
const PENALTY: Digest = Digest([0x7065_6e61_6c74_7900, 0]);
const RETRY: Digest = Digest([0x7265_7472_7900_0000, 0]);

/// A ban is a record with this detail; a count of refusals has a longer one.
const BANNED: [u8; 1] = [1];

impl Ledger<'_> {
    /// Whether this is a retry that costs nothing. Counts it, to be written.
    pub(super) fn is_repeated(&mut self, claims: &[Claim], retry: Retry) -> bool {
        let Some(first) = claims.first() else { return false };
        let record = first.record.and(retry.id).and(RETRY);
        let now = self.now;
        let Some(loaded) = load(&mut self.slabs, first.place, self.env) else { return false };
        let Some(state) = loaded.slab.get(record).filter(|state| state.expires > now) else {
            return false;
        };
        let used = state.detail.first().copied().unwrap_or(u8::MAX);
        if used >= retry.times {
            return false;
        }
        let detail = Detail::from(&[used.saturating_add(1)][..]);
        loaded.set(record, &State { detail, ..state }, now);
        true
    }

    /// Decides on every claim that is not taken yet, and changes the slabs accordingly. `true` where
    /// the request is refused.
    pub(super) fn evaluate(&mut self, claims: &mut [Claim], retry: Option<Retry>) -> bool {
        let mut is_refused = false;
        for claim in claims.iter_mut().filter(|claim| claim.is_open()) {
            self.decide(claim);
            is_refused |= claim.is_refused();
        }
        for claim in claims.iter_mut().filter(|claim| claim.is_open()) {
            let state = claim.state.take();
            match claim.proposed.zip(state).filter(|_| !is_refused) {
                Some((taken, state)) => self.propose(claim.place, &taken, &state),
                None => {
                    claim.proposed = None;
                    if !claim.standing.is_admitted {
                        self.count_refusal(claim);
                    }
                }
            }
        }
        if let (false, true, Some(retry), Some(first)) =
            (is_refused, is_together(claims), retry, claims.first())
        {
            self.remember(first, retry);
        }
        is_refused
    }

    /// Where claims lie in several slabs, notes that the request has paid once it has paid all. If that
    /// cannot be written, its retries pay.
    pub(super) fn remember_apart(&mut self, claims: &[Claim], retry: Option<Retry>) {
        if let (false, Some(retry), Some(first)) = (is_together(claims), retry, claims.first()) {
            self.slabs.clear();
            self.remember(first, retry);
            let _noted = self.write(&mut []);
        }
    }

    /// How one claim stands, and what would be written.
    fn decide(&mut self, claim: &mut Claim) {
        (claim.proposed, claim.state) = (None, None);
        let (now, capacity) = (self.now, self.capacity);
        let Some(loaded) = load(&mut self.slabs, claim.place, self.env) else { return };
        if let Some(left) = claim.terms.penalty.and_then(|_| {
            let state = loaded.slab.get(claim.record.and(PENALTY))?;
            let left = state.expires.checked_sub(now).filter(|left| *left > 0)?;
            (*state.detail == BANNED).then_some(left)
        }) {
            claim.standing = Standing {
                reset_after: left,
                retry_after: Some(left),
                is_penalized: true,
                ..Standing::default()
            };
            return;
        }
        let mut record = claim.record;
        let mut state = loaded.slab.get(record);
        let is_crowded = state.is_none() && !loaded.slab.has_room(now, capacity);
        if is_crowded {
            record = claim.overflow;
            state = loaded.slab.get(record);
        }
        let (outcome, units, until) = ask(claim, state.as_ref(), now);
        claim.standing = Standing { is_crowded, ..Standing::from(&outcome) };
        if is_crowded && self.refuses_when_full {
            claim.standing.is_admitted = false;
            return;
        }
        let taken = Taken { place: claim.place, record, receipt: outcome.receipt, units, until };
        claim.proposed = outcome.state.is_some().then_some(taken);
        claim.state = outcome.state;
    }

    fn propose(&mut self, place: Place, taken: &Taken, state: &State) {
        let now = self.now;
        if let Some(loaded) = load(&mut self.slabs, place, self.env) {
            loaded.set(taken.record, state, now);
        }
    }

    /// Counts a refusal towards the penalty, if there is one.
    fn count_refusal(&mut self, claim: &Claim) {
        let (now, capacity) = (self.now, self.capacity);
        let Some(penalty) = claim.terms.penalty.filter(|_| !claim.standing.is_penalized) else {
            return;
        };
        let Some(loaded) = load(&mut self.slabs, claim.place, self.env) else { return };
        let record = claim.record.and(PENALTY);
        let before = loaded.slab.get(record);
        if before.is_some() || loaded.slab.has_room(now, capacity) {
            loaded.set(record, &refused(penalty, before.as_ref(), now), now);
        }
    }

    /// Notes that the request has paid. Requests that may come again never take more than half of the
    /// room of the keys themselves.
    fn remember(&mut self, first: &Claim, retry: Retry) {
        let (now, capacity) = (self.now, self.capacity);
        let Some(loaded) = load(&mut self.slabs, first.place, self.env) else { return };
        if loaded.slab.has_room(now, capacity / 2) {
            let expires = now.saturating_add(retry.known_for);
            let record = first.record.and(retry.id).and(RETRY);
            loaded.set(record, &State { expires, detail: Detail::from(&[0][..]) }, now);
        }
    }
}

/// Whether one compare-and-set takes all.
fn is_together(claims: &[Claim]) -> bool {
    claims.iter().all(|claim| claims.first().is_some_and(|first| first.place == claim.place))
}

/// Asks for a lease where the quota grants them, and else for the request's own units.
fn ask(claim: &Claim, state: Option<&State>, now: u64) -> (Outcome, u64, u64) {
    let Claim { terms, check, charge, reserve, .. } = claim;
    let own = Ask { now, used_by: now, check: *check, charge: *charge, reserve: *reserve };
    if let Some(lease) = terms.lease {
        let units = lease.units.max(*charge);
        let until = now.saturating_add(lease.duration);
        let ahead = Ask { used_by: until, check: units.max(*check), charge: units, ..own };
        let outcome = terms.algorithm.take(&terms.limit, state, ahead);
        if outcome.admitted {
            // A fixed window's units end with it.
            let until = match terms.algorithm {
                Algorithm::FixedWindow => until.min(outcome.receipt),
                _ => until,
            };
            return (outcome, units, until);
        }
    }
    (terms.algorithm.take(&terms.limit, state, own), *charge, now)
}

/// The count of refusals with one more; a ban once there are enough.
fn refused(penalty: Penalty, before: Option<&State>, now: u64) -> State {
    let limit = Limit { amount: penalty.refusals, period: penalty.within, burst: 0 };
    let counted = Algorithm::FixedWindow.take(&limit, before, Ask::of(now, 1));
    match counted.state {
        Some(state) if counted.remaining > 0 => state,
        _ => State {
            expires: now.saturating_add(penalty.duration),
            detail: Detail::from(&BANNED[..]),
        },
    }
}

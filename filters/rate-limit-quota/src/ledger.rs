//! Taking what a request needs of all its quotas, or of none.
//!
//! Quotas of the same key lie in one slab, so one compare-and-set takes of all of them. Where there
//! are several slabs, all are read and decided on before the first is written; if one was changed by
//! another worker meanwhile and now refuses, what was already taken is given back. Meanwhile others
//! may find less than there is, never more.

mod claim;
mod evaluate;

#[cfg(test)]
mod tests;

pub(crate) use claim::{Claim, LeaseTerms, Owed, Penalty, Standing, Taken, Terms};

use crate::algorithm::State;
use crate::hash::Digest;
use crate::store::{Place, PlaceKey, Slab};
use filter_api::{Cas, Environment, SharedDataError};
use shared_state::ABSENT;

/// Envoy measured: 2 % conflicts on one key at 30,000 requests per second. Eight in a row is less than
/// one request in 10^13.
const TRIES: u32 = 8;
/// For giving back, where giving up would be a loss.
const TRIES_TO_GIVE_BACK: u32 = 32;

/// How the request fared with its quotas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// Every claim that counts was taken.
    Taken,
    /// One of them was refused, and nothing was taken.
    Refused,
    /// A retry of a request that has paid.
    Deduplicated,
    /// Other workers were faster each time, or the host refused: nothing was taken.
    Failed,
}

/// Which request this is, for recognising its retries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    /// The hash of its id.
    pub(crate) id: Digest,
    /// How long it is known, in nanoseconds.
    pub(crate) known_for: u64,
    /// How often it may come again for nothing.
    pub(crate) times: u8,
}

/// One request's business with the store.
pub(crate) struct Ledger<'e> {
    pub(crate) env: &'e mut dyn Environment,
    /// Monotonic nanoseconds.
    pub(crate) now: u64,
    /// Records that a slab may hold.
    pub(crate) capacity: usize,
    /// Whether a key for which there is no room is refused, or shares a record with all such keys.
    pub(crate) refuses_when_full: bool,
    /// Compare-and-sets that found another worker faster.
    pub(crate) conflicts: u64,
    /// What could not be given back.
    pub(crate) owed: Vec<Owed>,
    slabs: Vec<Loaded>,
}

/// A slab as it was read, with the changes of this request.
struct Loaded {
    place: Place,
    key: PlaceKey,
    slab: Slab,
    cas: Cas,
    is_changed: bool,
}

impl<'e> Ledger<'e> {
    pub(crate) fn new(
        env: &'e mut dyn Environment,
        now: u64,
        capacity: usize,
        refuses_when_full: bool,
    ) -> Self {
        let slabs = Vec::new();
        Self { env, now, capacity, refuses_when_full, conflicts: 0, owed: Vec::new(), slabs }
    }

    /// Takes all claims, or none.
    pub(crate) fn settle(&mut self, claims: &mut [Claim], retry: Option<Retry>) -> Settled {
        for _ in 0..TRIES {
            self.slabs.clear();
            // What another try has taken is this request's own doing.
            let is_first = claims.iter().all(|claim| claim.taken.is_none());
            if let Some(retry) = retry
                && is_first
                && self.is_repeated(claims, retry)
            {
                match self.write(claims) {
                    Ok(true) => return Settled::Deduplicated,
                    Ok(false) => continue,
                    Err(()) => return Settled::Failed,
                }
            }
            let is_refused = self.evaluate(claims, retry);
            let written = self.write(claims);
            if is_refused {
                // What was written then are counts of refusals; one more or less is no matter.
                self.give_back_all(claims);
                return Settled::Refused;
            }
            match written {
                Ok(true) => {
                    self.remember_apart(claims, retry);
                    return Settled::Taken;
                }
                Ok(false) => {}
                Err(()) => break,
            }
        }
        self.give_back_all(claims);
        Settled::Failed
    }

    /// Charges what a request turned out to cost, even beyond the limit. Says whether it was written.
    pub(crate) fn charge(&mut self, terms: &Terms, taken: &Taken, cost: u64) -> bool {
        let now = self.now;
        let change = |state: Option<&State>| terms.algorithm.charge(&terms.limit, state, now, cost);
        self.update(taken, false, change)
    }

    /// Gives back `cost` units of what was taken; what cannot be is [owed](Self::owed).
    pub(crate) fn give_back(&mut self, terms: &Terms, taken: &Taken, cost: u64) {
        let (now, receipt) = (self.now, taken.receipt);
        let change = |state: Option<&State>| {
            terms.algorithm.give_back(&terms.limit, state, now, cost, receipt)
        };
        if cost > 0 && !self.update(taken, true, change) {
            self.owed.push(Owed { terms: *terms, taken: *taken, units: cost });
        }
    }

    fn give_back_all(&mut self, claims: &mut [Claim]) {
        for claim in claims {
            if let Some(taken) = claim.taken.take() {
                self.give_back(&claim.terms, &taken, taken.units);
            }
        }
    }

    /// Changes one record; `false` where that could not be written. Where `is_there`, something has been
    /// stored in its slab: as the host forgets nothing, one that is not found could not be read.
    fn update(
        &mut self,
        taken: &Taken,
        is_there: bool,
        change: impl Fn(Option<&State>) -> Option<State>,
    ) -> bool {
        for _ in 0..TRIES_TO_GIVE_BACK {
            self.slabs.clear();
            let now = self.now;
            let loaded = load(&mut self.slabs, taken.place, self.env);
            if is_there && loaded.as_ref().is_none_or(|loaded| loaded.cas == ABSENT) {
                return false;
            }
            let state = loaded.and_then(|loaded| {
                let state = change(loaded.slab.get(taken.record).as_ref())?;
                Some((loaded, state))
            });
            let Some((loaded, state)) = state else { return true };
            loaded.set(taken.record, &state, now);
            match self.write(&mut []) {
                Ok(true) => return true,
                Ok(false) => {}
                Err(()) => return false,
            }
        }
        false
    }

    /// Stores every changed slab; `Ok(false)` where another worker was faster. Claims of the slabs that
    /// were stored are taken from now on.
    fn write(&mut self, claims: &mut [Claim]) -> Result<bool, ()> {
        let mut is_whole = true;
        for loaded in &mut self.slabs {
            if !loaded.is_changed {
                continue;
            }
            let (key, bytes) = (loaded.key.as_str(), loaded.slab.bytes());
            let set = self.env.set_shared_data(key, bytes, loaded.cas);
            let here = claims.iter_mut().filter(|claim| claim.place == loaded.place);
            match set {
                Ok(()) => here.for_each(Claim::confirm),
                Err(SharedDataError::CasMismatch) => {
                    self.conflicts += 1;
                    is_whole = false;
                    here.for_each(|claim| claim.proposed = None);
                }
                Err(SharedDataError::Host) => {
                    here.for_each(|claim| claim.proposed = None);
                    return Err(());
                }
            }
        }
        Ok(is_whole)
    }
}

impl Loaded {
    fn set(&mut self, record: Digest, state: &State, now: u64) {
        self.slab.set(record, state, now);
        self.is_changed = true;
    }
}

/// The slab at `place`, read at most once per try.
fn load<'s>(
    slabs: &'s mut Vec<Loaded>,
    place: Place,
    env: &mut dyn Environment,
) -> Option<&'s mut Loaded> {
    let known = slabs.iter().position(|loaded| loaded.place == place);
    let index = known.unwrap_or_else(|| {
        let key = place.key();
        let (bytes, cas) = env.shared_data(key.as_str()).unwrap_or((Vec::new(), ABSENT));
        slabs.push(Loaded { place, key, slab: Slab::new(bytes), cas, is_changed: false });
        slabs.len() - 1
    });
    slabs.get_mut(index)
}

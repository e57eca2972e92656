//! Units that a worker has taken ahead, in its own memory.

use crate::hash::Digest;
use crate::ledger::Standing;

#[cfg(test)]
mod tests;

/// Sets of four: a key has its place in one of them.
const SETS: usize = 1024;
const WAYS: usize = 4;

/// The leases of one worker: at most 4,096, in 400 KB that are allocated with the first.
#[derive(Debug, Default)]
pub(crate) struct Leases(Vec<Option<Lease>>);

/// Units of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) record: Digest,
    pub(crate) units: u64,
    /// Monotonic nanoseconds.
    pub(crate) until: u64,
    /// For giving units back to the store.
    pub(crate) receipt: u64,
    /// As it was when the units were taken.
    pub(crate) standing: Standing,
}

impl Leases {
    /// Takes `units` of the key's lease, if it has so many.
    pub(crate) fn take(&mut self, record: Digest, now: u64, units: u64) -> Option<Lease> {
        let lease = self.set(record).iter_mut().flatten().find(|lease| lease.record == record)?;
        if lease.until <= now {
            return None;
        }
        lease.units = lease.units.checked_sub(units)?;
        Some(*lease)
    }

    /// Puts units back that were just taken.
    pub(crate) fn put_back(&mut self, record: Digest, units: u64) {
        let mut set = self.set(record).iter_mut().flatten();
        if let Some(lease) = set.find(|lease| lease.record == record) {
            lease.units = lease.units.saturating_add(units);
        }
    }

    /// Keeps a lease. `false` where there is no place for it: the places are those of keys whose leases
    /// run, and none of them is driven out.
    pub(crate) fn keep(&mut self, lease: Lease, now: u64) -> bool {
        if self.0.is_empty() {
            self.0.resize(SETS * WAYS, None);
        }
        let is_free = |place: &Option<Lease>| {
            place.is_none_or(|held| held.record == lease.record || held.until <= now)
        };
        let set = self.set(lease.record);
        let own = set.iter().position(|place| place.is_some_and(|l| l.record == lease.record));
        let index = own.or_else(|| set.iter().position(is_free));
        let place = index.and_then(|index| set.get_mut(index));
        let is_kept = place.is_some();
        if let Some(place) = place {
            *place = Some(lease);
        }
        is_kept
    }

    /// Whether a lease of this key would have a place.
    pub(crate) fn has_place(&mut self, record: Digest, now: u64) -> bool {
        if self.0.is_empty() {
            return true;
        }
        self.set(record)
            .iter()
            .any(|place| place.is_none_or(|held| held.record == record || held.until <= now))
    }

    fn set(&mut self, record: Digest) -> &mut [Option<Lease>] {
        let [low, _] = record.0;
        let begin = (low >> 32) as usize % SETS * WAYS;
        self.0.get_mut(begin..begin.saturating_add(WAYS)).unwrap_or_default()
    }
}

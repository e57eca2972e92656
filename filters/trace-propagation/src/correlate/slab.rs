//! A few entries in one shared value.
//!
//! An entry is its length (2 bytes), when it expires (8), how many of its requests are open (2),
//! whether it is ambiguous (1), its trace id (16), its key (1 byte of length), and what was carried.
//! All numbers are little-endian.

use super::Key;
use crate::context::TraceId;
use std::ops::Range;

#[cfg(test)]
mod tests;

/// What an entry takes on average, at most.
const BYTES_PER_SLOT: usize = 512;
/// What one entry takes at most.
pub(super) const LARGEST_ENTRY: usize = 4096;
/// Bytes of an entry before its key.
const FIXED: usize = 30;

/// How much a slab holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    slots: usize,
    bytes: usize,
}

/// What is to be remembered.
pub(super) struct NewEntry<'a> {
    pub(super) key: &'a Key,
    pub(super) trace_id: TraceId,
    pub(super) carried: &'a [u8],
    /// Monotonic nanoseconds.
    pub(super) expires: u64,
}

/// What happened beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Entries of open requests that had to go.
    pub(super) evicted: u64,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Several different requests have it.
    Ambiguous,
    /// Where in the slab stands what the one request carried. The trace id is all zero where it had
    /// none.
    Carried { trace_id: TraceId, carried: Range<usize> },
}

/// An entry as it is stored.
#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    expires: u64,
    open: u16,
    is_ambiguous: bool,
    trace_id: TraceId,
    key: &'a [u8],
    carried: &'a [u8],
}

// === impl Limits ===

impl Limits {
    pub(crate) fn of_slots(slots: usize) -> Self {
        Self { slots, bytes: (slots * BYTES_PER_SLOT).max(LARGEST_ENTRY) }
    }
}

// === impl Entry ===

impl<'a> Entry<'a> {
    /// The first entry, and what follows it.
    fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (length, _) = bytes.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_le_bytes(*length));
        let (entry, after) = bytes.split_at_checked(length)?;
        let (expires, rest) = entry.get(2..)?.split_first_chunk::<8>()?;
        let (open, rest) = rest.split_first_chunk::<2>()?;
        let (ambiguous, rest) = rest.split_first()?;
        let (high, rest) = rest.split_first_chunk::<8>()?;
        let (low, rest) = rest.split_first_chunk::<8>()?;
        let (key_length, rest) = rest.split_first()?;
        let (key, carried) = rest.split_at_checked(usize::from(*key_length))?;
        let trace_id = TraceId { high: u64::from_le_bytes(*high), low: u64::from_le_bytes(*low) };
        let entry = Self {
            expires: u64::from_le_bytes(*expires),
            open: u16::from_le_bytes(*open),
            is_ambiguous: *ambiguous != 0,
            trace_id,
            key,
            carried,
        };
        Some((entry, after))
    }

    fn length(&self) -> usize {
        FIXED + self.key.len() + self.carried.len()
    }

    fn push(&self, bytes: &mut Vec<u8>) {
        // Both are checked before an entry is made: see `fits`.
        let length = u16::try_from(self.length()).unwrap_or_default();
        let key_length = u8::try_from(self.key.len()).unwrap_or_default();
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&self.expires.to_le_bytes());
        bytes.extend_from_slice(&self.open.to_le_bytes());
        bytes.push(u8::from(self.is_ambiguous));
        bytes.extend_from_slice(&self.trace_id.high.to_le_bytes());
        bytes.extend_from_slice(&self.trace_id.low.to_le_bytes());
        bytes.push(key_length);
        bytes.extend_from_slice(self.key);
        bytes.extend_from_slice(self.carried);
    }

    fn is_of(&self, key: &Key) -> bool {
        // The key holds the lower half. Who knows only that means the same trace.
        let is_same_upper =
            |id: TraceId| id.high == self.trace_id.high || id.high == 0 || self.trace_id.high == 0;
        self.key == key.bytes && key.trace_id.is_none_or(is_same_upper)
    }
}

/// Whether an entry may be made of a key and what was carried.
pub(super) fn fits(key_length: usize, carried: &[u8]) -> bool {
    FIXED + key_length + carried.len() <= LARGEST_ENTRY
}

/// Every entry, up to the first that is not whole.
fn entries(mut bytes: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    std::iter::from_fn(move || {
        let (entry, after) = Entry::split(bytes)?;
        bytes = after;
        Some(entry)
    })
}

/// What is known of the key; `None` where it is not known, or no longer.
pub(super) fn find(slab: &[u8], key: &Key, now: u64) -> Option<Found> {
    let mut end = 0;
    let entry = entries(slab).find(|entry| {
        end += entry.length();
        entry.expires > now && entry.is_of(key)
    })?;
    Some(match entry.is_ambiguous {
        true => Found::Ambiguous,
        false => Found::Carried {
            trace_id: entry.trace_id,
            carried: end.saturating_sub(entry.carried.len())..end,
        },
    })
}

/// The slab with one more request. Expired entries go first, then those of requests that are over,
/// then those of open ones, the oldest first.
pub(super) fn remember(
    stored: Option<&[u8]>,
    new: &NewEntry<'_>,
    now: u64,
    limits: Limits,
) -> (Vec<u8>, Outcome) {
    let is_alive = |entry: &Entry<'_>| entry.expires > now;
    let (own, mut others): (Vec<_>, Vec<_>) =
        entries(stored.unwrap_or_default()).filter(is_alive).partition(|e| e.is_of(new.key));
    let entry = merged(own.first(), new);
    let mut outcome = Outcome::default();
    let sum = |entries: &[Entry<'_>]| entries.iter().map(Entry::length).sum::<usize>();
    while others.len() >= limits.slots || sum(&others) + entry.length() > limits.bytes {
        let oldest = others.iter().enumerate().min_by_key(|(_, e)| (e.open > 0, e.expires));
        let Some(oldest) = oldest.map(|(index, _)| index) else { break };
        outcome.evicted += u64::from(others.swap_remove(oldest).open > 0);
    }
    let mut bytes = Vec::with_capacity(sum(&others) + entry.length());
    others.iter().for_each(|other| other.push(&mut bytes));
    entry.push(&mut bytes);
    (bytes, outcome)
}

/// The entry of a request whose key may be known.
fn merged<'a>(known: Option<&Entry<'a>>, new: &NewEntry<'a>) -> Entry<'a> {
    let fresh = Entry {
        expires: new.expires,
        open: 1,
        is_ambiguous: false,
        trace_id: new.trace_id,
        key: &new.key.bytes,
        carried: new.carried,
    };
    match known.filter(|known| known.open > 0) {
        // What a request that is over carried says nothing about one that is not.
        None => fresh,
        Some(known) => {
            let open = known.open.saturating_add(1);
            let is_same = known.trace_id == new.trace_id && known.carried == new.carried;
            if is_same && !known.is_ambiguous {
                return Entry { open, ..fresh };
            }
            let trace_id =
                if known.trace_id == new.trace_id { new.trace_id } else { TraceId::default() };
            Entry { open, is_ambiguous: true, trace_id, carried: &[], ..fresh }
        }
    }
}

/// The slab with one open request less; `None` where the key is not known.
pub(super) fn close(stored: &[u8], key: &Key) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(stored.len());
    let mut is_known = false;
    for mut entry in entries(stored) {
        if entry.is_of(key) && entry.open > 0 {
            entry.open -= 1;
            is_known = true;
        }
        entry.push(&mut bytes);
    }
    is_known.then_some(bytes)
}

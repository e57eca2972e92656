//! One value of shared data: the records of some keys.
//!
//! First their number (4 bytes), then for each record 25 bytes: a fingerprint (8), the instant at which
//! it expires (8), the length of its detail (1), and the detail, which has eight bytes or less in all
//! algorithms but one. So looking for a key compares one number per record. A longer detail stands behind
//! the records, in their order; its record has its length instead. A value that is too short for its
//! number of records, which only a stranger could have written, is no slab and says nothing.

use crate::algorithm::{Detail, State};
use crate::hash::Digest;
use std::cell::Cell;
use std::ops::Range;

const NUMBER: usize = 4;
const RECORD: usize = 25;
/// In place of a length: the detail stands behind the records.
const BEHIND: u8 = u8::MAX;

/// Looking for what has expired takes as long as looking for a key, so not every new key does it.
const FORGET_EVERY: usize = 8;

type Record = [u8; RECORD];

/// The bytes of a slab.
#[derive(Debug, Default)]
pub(crate) struct Slab {
    bytes: Vec<u8>,
    /// Who was last looked for, and where it was found: what is read is mostly written next.
    sought: Cell<Option<(u64, Option<usize>)>>,
}

impl Slab {
    /// A slab of stored bytes.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let slab = Self { bytes, sought: Cell::default() };
        if slab.parts().is_some() { slab } else { Self::default() }
    }

    /// The bytes to store.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The state of a key; `None` where nothing is known of it.
    pub(crate) fn get(&self, key: Digest) -> Option<State> {
        let index = self.find(key.folded())?;
        let record = self.records().get(index)?;
        let detail = match detail(record) {
            (BEHIND, _) => {
                Detail::Many(self.bytes.get(self.behind(index)).unwrap_or_default().to_vec())
            }
            (length, bytes) => Detail::Few(length, bytes),
        };
        Some(State { expires: expires(record), detail })
    }

    /// Whether there is room for a key that has no record, if all that `now` has left behind goes.
    pub(crate) fn has_room(&self, now: u64, capacity: usize) -> bool {
        let records = self.records();
        records.len() < capacity
            || records.iter().filter(|record| expires(record) > now).count() < capacity
    }

    /// Sets the state of a key.
    pub(crate) fn set(&mut self, key: Digest, state: &State, now: u64) {
        let fingerprint = key.folded();
        let (length, detail, behind) = match &state.detail {
            Detail::Few(length, bytes) => (*length, *bytes, &[][..]),
            Detail::Many(bytes) => (BEHIND, (bytes.len() as u64).to_le_bytes(), bytes.as_slice()),
        };
        let [f0, f1, f2, f3, f4, f5, f6, f7] = fingerprint.to_le_bytes();
        let [e0, e1, e2, e3, e4, e5, e6, e7] = state.expires.to_le_bytes();
        let [d0, d1, d2, d3, d4, d5, d6, d7] = detail;
        let stored = [
            f0, f1, f2, f3, f4, f5, f6, f7, e0, e1, e2, e3, e4, e5, e6, e7, length, d0, d1, d2, d3,
            d4, d5, d6, d7,
        ];
        let index = self.find(fingerprint).unwrap_or_else(|| {
            if self.records().len().is_multiple_of(FORGET_EVERY) {
                self.forget(now);
            }
            self.add()
        });
        let place = self.behind(index);
        if !place.is_empty() || !behind.is_empty() {
            self.replace(place, behind);
        }
        if let Some(record) = self.records_mut().get_mut(index) {
            *record = stored;
        }
    }
}

impl Slab {
    /// The records, and what stands behind them; `None` for what is no slab.
    fn parts(&self) -> Option<(&[Record], &[u8])> {
        let Some((number, rest)) = self.bytes.split_first_chunk::<NUMBER>() else {
            return self.bytes.is_empty().then_some((&[], &[]));
        };
        let number = usize::try_from(u32::from_le_bytes(*number)).ok()?;
        let (records, behind) = rest.split_at_checked(number.checked_mul(RECORD)?)?;
        Some((records.as_chunks().0, behind))
    }

    fn records(&self) -> &[Record] {
        self.parts().map_or(&[], |(records, _)| records)
    }

    fn find(&self, wanted: u64) -> Option<usize> {
        if let Some((_, found)) = self.sought.get().filter(|(sought, _)| *sought == wanted) {
            return found;
        }
        let found = self.records().iter().position(|record| fingerprint(record) == wanted);
        self.sought.set(Some((wanted, found)));
        found
    }

    /// Where the detail of the record at `index` stands that has no place in it.
    fn behind(&self, index: usize) -> Range<usize> {
        let (records, behind) = self.parts().unwrap_or_default();
        let mut end = self.bytes.len().saturating_sub(behind.len());
        if behind.is_empty() {
            return end..end;
        }
        let mut begin = end;
        for record in records.iter().take(index.saturating_add(1)) {
            begin = end;
            end = end.saturating_add(length_behind(record));
        }
        begin..end
    }

    /// Puts `new` in the place of the bytes at `place`.
    fn replace(&mut self, place: Range<usize>, new: &[u8]) {
        if place.len() == new.len() {
            let bytes = self.bytes.get_mut(place).unwrap_or_default();
            bytes.iter_mut().zip(new).for_each(|(to, from)| *to = *from);
            return;
        }
        let rest = self.bytes.get(place.end..).unwrap_or_default().to_vec();
        self.bytes.truncate(place.start);
        self.bytes.reserve_exact(new.len().saturating_add(rest.len()));
        self.bytes.extend_from_slice(new);
        self.bytes.extend_from_slice(&rest);
    }

    /// Adds an empty record as the last.
    fn add(&mut self) -> usize {
        if self.bytes.is_empty() {
            self.bytes = Vec::with_capacity(NUMBER + RECORD);
            self.bytes.extend_from_slice(&[0; NUMBER]);
        }
        self.sought.take();
        let number = self.records().len();
        let end = NUMBER.saturating_add(number.saturating_mul(RECORD));
        self.replace(end..end, &[0; RECORD]);
        self.count(number.saturating_add(1));
        number
    }

    /// Drops what `now` has left behind.
    fn forget(&mut self, now: u64) {
        let is_over = |record: &Record| expires(record) <= now;
        let (records, mut behind) = self.parts().unwrap_or_default();
        if !records.iter().any(is_over) {
            return;
        }
        let mut kept = Vec::with_capacity(self.bytes.len());
        kept.extend_from_slice(&[0; NUMBER]);
        let mut kept_behind = Vec::new();
        let mut left = 0;
        for record in records {
            let (detail, rest) = behind.split_at_checked(length_behind(record)).unwrap_or_default();
            behind = rest;
            if !is_over(record) {
                left += 1;
                kept.extend_from_slice(record);
                kept_behind.extend_from_slice(detail);
            }
        }
        kept.extend_from_slice(&kept_behind);
        self.bytes = kept;
        self.sought.take();
        self.count(left);
    }

    fn count(&mut self, records: usize) {
        // The host's memory ends before the number does.
        let number = u32::try_from(records).unwrap_or(u32::MAX);
        if let Some(place) = self.bytes.first_chunk_mut() {
            *place = number.to_le_bytes();
        }
    }

    fn records_mut(&mut self) -> &mut [Record] {
        let records = self.bytes.get_mut(NUMBER..).unwrap_or_default();
        records.as_chunks_mut().0
    }
}

/// What tells keys apart.
#[inline(always)]
fn fingerprint(record: &Record) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *record;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[inline(always)]
fn expires(record: &Record) -> u64 {
    let [_, _, _, _, _, _, _, _, a, b, c, d, e, f, g, h, ..] = *record;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

fn detail(record: &Record) -> (u8, [u8; 8]) {
    let [.., length, a, b, c, d, e, f, g, h] = *record;
    (length, [a, b, c, d, e, f, g, h])
}

/// How much of a record's detail stands behind the records.
fn length_behind(record: &Record) -> usize {
    match detail(record) {
        (BEHIND, length) => usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX),
        _ => 0,
    }
}

//! One value of shared data: the records of some keys, one after the other.
//!
//! A record is a fingerprint of 16 bytes, the instant at which it expires (8), the length of its
//! detail (2) and the detail. Anything else than whole records, which only a stranger could have
//! written, ends the reading.

use crate::algorithm::State;
use crate::hash::Digest;

const FINGERPRINT: usize = 16;
const HEAD: usize = FINGERPRINT + 8 + 2;

/// The bytes of a slab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slab(Vec<u8>);

/// One record in the bytes.
struct Record<'a> {
    begin: usize,
    /// As a number: comparing bytes is a call for each record.
    fingerprint: u128,
    expires: u64,
    detail: &'a [u8],
}

impl Record<'_> {
    fn end(&self) -> usize {
        self.begin.saturating_add(HEAD).saturating_add(self.detail.len())
    }
}

impl Slab {
    /// A slab of stored bytes.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The state of a key; `None` where nothing is known of it.
    pub(crate) fn get(&self, fingerprint: Digest) -> Option<State> {
        let fingerprint = u128::from_le_bytes(fingerprint.bytes());
        let mut records = self.records();
        let record = records.find(|record| record.fingerprint == fingerprint)?;
        Some(State { expires: record.expires, detail: record.detail.into() })
    }

    /// Whether there is room for a key that has no record, if all that `now` has left behind goes.
    pub(crate) fn has_room(&self, now: u64, capacity: usize) -> bool {
        // So few bytes are too few records, whatever is in them.
        self.0.len() / HEAD < capacity
            || self.records().filter(|record| record.expires > now).take(capacity).count()
                < capacity
    }

    /// Sets the state of a key.
    pub(crate) fn set(&mut self, fingerprint: Digest, state: &State, now: u64) {
        let bytes = fingerprint.bytes();
        let fingerprint = u128::from_le_bytes(bytes);
        let known = self.records().find(|record| record.fingerprint == fingerprint);
        let known = known.map(|record| (record.begin, record.end(), record.detail.len()));
        match known {
            Some((begin, end, length)) if length == state.detail.len() => {
                let after_fingerprint = begin.saturating_add(FINGERPRINT)..end;
                if let Some(place) = self.0.get_mut(after_fingerprint) {
                    write(place, state);
                }
            }
            _ => {
                let stays =
                    |record: &Record<'_>| record.expires > now && record.fingerprint != fingerprint;
                // Mostly all of them stay, and nothing is to be copied.
                let mut end = 0;
                let all_stay = self.records().all(|record| {
                    end = record.end();
                    stays(&record)
                });
                if !all_stay || end != self.0.len() {
                    self.keep(stays);
                }
                self.push(bytes, state);
            }
        }
    }

    fn push(&mut self, fingerprint: [u8; FINGERPRINT], state: &State) {
        // A detail beyond 64 KiB is not one of ours; a record without it is whole.
        let length = u16::try_from(state.detail.len());
        let (length, detail) = length.map_or((0, &[][..]), |length| (length, &*state.detail));
        self.0.reserve_exact(HEAD + detail.len());
        self.0.extend_from_slice(&fingerprint);
        self.0.extend_from_slice(&state.expires.to_le_bytes());
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(detail);
    }

    /// Drops every record but those wanted.
    fn keep(&mut self, wanted: impl Fn(&Record<'_>) -> bool) {
        let mut kept = Vec::with_capacity(self.0.len());
        for record in self.records().filter(|record| wanted(record)) {
            kept.extend_from_slice(self.0.get(record.begin..record.end()).unwrap_or_default());
        }
        self.0 = kept;
    }

    fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let mut begin = 0;
        std::iter::from_fn(move || {
            let record = read(&self.0, begin)?;
            begin = record.end();
            Some(record)
        })
    }
}

#[inline]
fn read(bytes: &[u8], begin: usize) -> Option<Record<'_>> {
    let (fingerprint, rest) = bytes.get(begin..)?.split_first_chunk::<FINGERPRINT>()?;
    let (expires, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let detail = rest.get(..usize::from(u16::from_le_bytes(*length)))?;
    let fingerprint = u128::from_le_bytes(*fingerprint);
    Some(Record { begin, fingerprint, expires: u64::from_le_bytes(*expires), detail })
}

/// Writes what follows the fingerprint; the length of the detail stays.
fn write(place: &mut [u8], state: &State) {
    if let Some((expires, rest)) = place.split_first_chunk_mut() {
        *expires = state.expires.to_le_bytes();
        for (to, from) in rest.iter_mut().skip(2).zip(&*state.detail) {
            *to = *from;
        }
    }
}

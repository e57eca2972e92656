//! The memory of a sidecar: what an inbound request carried, for the outbound requests that the
//! application makes of it.
//!
//! It lies in shared data, which knows neither deletion nor a list of its keys: a fixed number of
//! slabs, each with a few entries. A key always lies in the same slab. Where two requests that are
//! under way at the same time have the same key and are not the same, nobody can tell whose a third
//! one is: the entry is ambiguous until both are over, and nothing is restored from it.

pub(crate) mod carried;
mod slab;

pub(crate) use slab::{Found, Limits};

use crate::config::Role;
use crate::context::TraceId;
use crate::generate::mask_version;
use crate::headers::{Known, Snapshot};
use crate::stats::MemoryStats;
use attributes::HeaderKey;
use filter_api::{Effects, Environment, HeaderPairs};
use matchers::sticky::Seed;
use shared_state::{Update, update};
use slab::{NewEntry, Outcome};

#[cfg(test)]
mod tests;

/// By what an outbound request is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeySource {
    RequestId,
    TraceId,
    Header(HeaderKey),
}

/// What an entry is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// A letter for the kind, and the bytes to compare.
    bytes: Vec<u8>,
    /// Of a key that is a trace id, of which `bytes` has the lower half.
    trace_id: Option<TraceId>,
}

/// The memory of one plugin.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    pub(crate) role: Role,
    pub(crate) key: KeySource,
    pub(crate) by_trace_id: bool,
    /// Nanoseconds.
    pub(crate) ttl: u64,
    pub(crate) slabs: u64,
    pub(crate) limits: Limits,
    pub(crate) seed: Seed,
    pub(crate) stats: MemoryStats,
}

/// What the memory knows of an outbound request.
pub(crate) struct Recalled {
    pub(crate) slab: Vec<u8>,
    pub(crate) found: Found,
}

/// The longest key that is remembered.
const LONGEST_KEY: usize = 200;
/// Entries that share a slab.
const SLOTS: u64 = 16;

// === impl Key ===

impl Key {
    fn of_trace_id(id: TraceId) -> Self {
        let mut bytes = vec![b't'];
        bytes.extend_from_slice(&id.low.to_le_bytes());
        Self { bytes, trace_id: Some(id) }
    }

    /// `None` where it is too long to be remembered.
    fn of_text(kind: u8, text: &[u8]) -> Option<Self> {
        if text.is_empty() || text.len() > LONGEST_KEY {
            return None;
        }
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.push(kind);
        bytes.extend_from_slice(text);
        Some(Self { bytes, trace_id: None })
    }
}

// === impl Memory ===

impl Memory {
    /// How `capacity` entries are laid out.
    pub(crate) fn layout(capacity: u64) -> (u64, Limits) {
        let slabs = (capacity / SLOTS).max(1);
        (slabs, Limits::of_slots(capacity.min(SLOTS) as usize))
    }

    /// The keys of a request, the first of which tells most.
    pub(crate) fn keys(
        &self,
        headers: HeaderPairs<'_>,
        snapshot: &Snapshot<'_>,
        trace_id: Option<TraceId>,
    ) -> Vec<Key> {
        let own = match &self.key {
            KeySource::RequestId => snapshot.first(Known::RequestId).and_then(|id| {
                let mut key = Key::of_text(b'r', id)?;
                if let Some((_, id)) = key.bytes.split_first_mut() {
                    mask_version(id);
                }
                Some(key)
            }),
            KeySource::Header(name) => {
                headers.first(name.as_bytes()).and_then(|value| Key::of_text(b'h', value))
            }
            KeySource::TraceId => None,
        };
        let by_trace =
            trace_id.filter(|id| self.is_by_trace_id() && id.low != 0).map(Key::of_trace_id);
        own.into_iter().chain(by_trace).collect()
    }

    pub(crate) fn is_by_trace_id(&self) -> bool {
        self.by_trace_id || self.key == KeySource::TraceId
    }

    /// Whether so much can be remembered of one request.
    pub(crate) fn fits(&self, carried: &[u8]) -> bool {
        slab::fits(LONGEST_KEY + 1, carried)
    }

    fn slab(&self, key: &Key) -> String {
        const NAME: &str = "memory/";
        let mut slab = self.seed.position(&key.bytes) % self.slabs.max(1);
        let mut name = String::with_capacity(NAME.len() + 16);
        name.push_str(NAME);
        // Its hex digits, the last one first: a name, not a number.
        loop {
            name.push(char::from_digit((slab & 0xf) as u32, 16).unwrap_or('0'));
            slab >>= 4;
            if slab == 0 {
                return name;
            }
        }
    }

    /// Remembers what an inbound request carried. Gives the keys that are to be closed at its end.
    pub(crate) fn remember(
        &self,
        keys: Vec<Key>,
        trace_id: TraceId,
        carried: &[u8],
        effects: &mut Effects,
        env: &mut dyn Environment,
    ) -> Vec<Key> {
        let now = env.monotonic();
        let mut kept = Vec::with_capacity(keys.len());
        for key in keys {
            let mut outcome = Outcome::default();
            let expires = now.saturating_add(self.ttl);
            let updated = update(env, &self.slab(&key), |stored| {
                let entry = NewEntry { key: &key, trace_id, carried, expires };
                let (value, what) = slab::remember(stored, &entry, now, self.limits);
                outcome = what;
                Some(value)
            });
            if updated == Update::Failed {
                effects.count(self.stats.conflicts);
                continue;
            }
            effects.count_by(self.stats.evicted, outcome.evicted);
            kept.push(key);
        }
        if !kept.is_empty() {
            effects.count(self.stats.stored);
        }
        kept
    }

    /// An inbound request is over.
    pub(crate) fn close(&self, keys: &[Key], effects: &mut Effects, env: &mut dyn Environment) {
        for key in keys {
            if update(env, &self.slab(key), |stored| slab::close(stored?, key)) == Update::Failed {
                effects.count(self.stats.conflicts);
            }
        }
    }

    /// The slab in which the first of these keys that is known lies, and what it says of it.
    pub(crate) fn recall(&self, keys: &[Key], env: &mut dyn Environment) -> Option<Recalled> {
        let now = if keys.is_empty() { 0 } else { env.monotonic() };
        keys.iter().find_map(|key| {
            let (slab, _) = env.shared_data(&self.slab(key))?;
            let found = slab::find(&slab, key, now)?;
            Some(Recalled { slab, found })
        })
    }
}

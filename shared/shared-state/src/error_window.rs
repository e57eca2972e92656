//! Answers and failures among them, over a moving window.

use crate::update::{Update, update};
use filter_api::Environment;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// The window moves in tenths.
const SLOTS: usize = 10;

/// Answers and failures among them in the last `window`, over all workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorWindow {
    key: String,
    /// Nanoseconds of a tenth of the window.
    slot: u64,
}

/// What a window holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Answers, failures included.
    pub answers: u64,
    /// Failures.
    pub failures: u64,
}

/// Answers and failures among them, per tenth of the window, as they stand in shared data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Window {
    /// Number of the youngest tenth since the clock began.
    newest: u64,
    /// A ring: tenth `n` stands at `n % SLOTS`.
    slots: [Slot; SLOTS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slot {
    answers: u32,
    failures: u32,
}

// === impl ErrorWindow ===

impl ErrorWindow {
    /// A window at the shared key `key`; its length becomes part of the key, so that a new one starts
    /// anew.
    #[must_use]
    pub fn new(key: &str, window: Duration) -> Self {
        let slot = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX) / SLOTS as u64;
        let window = window.as_millis().to_string();
        Self { key: [key, ".", &window].concat(), slot: slot.max(1) }
    }

    /// Counts one answer.
    pub fn observe(&self, is_failure: bool, env: &mut dyn Environment) -> Update {
        let now = env.monotonic() / self.slot;
        update(env, &self.key, |stored| {
            let mut window = Window::decode(stored);
            window.add(now, is_failure);
            Some(window.encode())
        })
    }

    /// What the window holds right now.
    pub fn sums(&self, env: &mut dyn Environment) -> Sums {
        let now = env.monotonic() / self.slot;
        let Some((stored, _)) = env.shared_data(&self.key) else { return Sums::default() };
        Window::decode(Some(&stored)).sums(now)
    }
}

// === impl Sums ===

impl Sums {
    /// Whether more than `ratio` (0 to below 1) of at least `min_answers` are failures.
    #[must_use]
    pub fn exceed(self, ratio: f64, min_answers: u64) -> bool {
        // Both sums are below 2^53.
        self.answers >= min_answers && self.failures as f64 > ratio * self.answers as f64
    }
}

// === impl Window ===

impl Window {
    /// An absent or foreign value is an empty window.
    fn decode(stored: Option<&[u8]>) -> Self {
        let mut window = Self::default();
        let Some((newest, slots)) = stored.and_then(|bytes| bytes.split_first_chunk::<8>()) else {
            return window;
        };
        let (slots, rest) = slots.as_chunks::<8>();
        if slots.len() != SLOTS || !rest.is_empty() {
            return window;
        }
        window.newest = u64::from_le_bytes(*newest);
        for (slot, [a, b, c, d, e, f, g, h]) in window.slots.iter_mut().zip(slots) {
            slot.answers = u32::from_le_bytes([*a, *b, *c, *d]);
            slot.failures = u32::from_le_bytes([*e, *f, *g, *h]);
        }
        window
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + 8 * SLOTS);
        bytes.extend_from_slice(&self.newest.to_le_bytes());
        for slot in &self.slots {
            bytes.extend_from_slice(&slot.answers.to_le_bytes());
            bytes.extend_from_slice(&slot.failures.to_le_bytes());
        }
        bytes
    }

    /// Counts an answer in tenth `now`. Another worker may be a callback ahead: what it counted
    /// stays, and this answer goes to its tenth.
    fn add(&mut self, now: u64, is_failure: bool) {
        if now > self.newest {
            let stale = (now - self.newest).min(SLOTS as u64);
            for age in 0..stale {
                if let Some(slot) = self.slot_mut(now - age) {
                    *slot = Slot::default();
                }
            }
            self.newest = now;
        }
        if let Some(slot) = self.slot_mut(self.newest) {
            slot.answers = slot.answers.saturating_add(1);
            slot.failures = slot.failures.saturating_add(u32::from(is_failure));
        }
    }

    /// Answers and failures of the ten tenths up to `now`.
    fn sums(&self, now: u64) -> Sums {
        let now = now.max(self.newest);
        let oldest = now.saturating_sub(SLOTS as u64 - 1);
        (oldest..=self.newest)
            .filter_map(|tenth| self.slots.get((tenth % SLOTS as u64) as usize))
            .fold(Sums::default(), |sums, slot| Sums {
                answers: sums.answers + u64::from(slot.answers),
                failures: sums.failures + u64::from(slot.failures),
            })
    }

    fn slot_mut(&mut self, tenth: u64) -> Option<&mut Slot> {
        self.slots.get_mut((tenth % SLOTS as u64) as usize)
    }
}

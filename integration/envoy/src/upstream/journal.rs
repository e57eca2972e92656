//! What arrived, for the test to read while the upstream goes on.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::Received;

/// So many requests are kept; beyond that they are only counted.
const KEPT: usize = 1000;

#[derive(Default)]
struct Entries {
    count: usize,
    kept: Vec<Received>,
}

/// The requests of one upstream, in the order in which they ended.
#[derive(Default)]
pub(super) struct Journal {
    entries: Mutex<Entries>,
    grown: Condvar,
}

impl Journal {
    pub(super) fn add(&self, received: Received) {
        let mut entries = self.entries();
        entries.count += 1;
        if entries.kept.len() < KEPT {
            entries.kept.push(received);
        }
        drop(entries);
        self.grown.notify_all();
    }

    pub(super) fn count(&self) -> usize {
        self.entries().count
    }

    pub(super) fn kept(&self) -> Vec<Received> {
        self.entries().kept.clone()
    }

    pub(super) fn wait_for(&self, count: usize, patience: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + patience;
        let mut entries = self.entries();
        while entries.count < count {
            let left = deadline.saturating_duration_since(Instant::now());
            ensure!(!left.is_zero(), "{} of {count} requests after {patience:?}", entries.count);
            let waited = self.grown.wait_timeout(entries, left);
            entries = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// A panic of a script elsewhere does not make the entries wrong.
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

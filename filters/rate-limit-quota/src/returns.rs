//! Units that could not be given back at once, because the host failed or other workers were faster each
//! time. Their worker keeps them and tries again: soon, and before it decides on its next request.

use crate::ledger::{Ledger, Owed};

#[cfg(test)]
mod tests;

/// How many a worker keeps, in 150 KB; what is beyond comes back with time.
const MOST: usize = 1024;

/// What one worker has still to give back.
#[derive(Debug, Default)]
pub(crate) struct Returns(Vec<Owed>);

impl Returns {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps what `ledger` could not give back. Answers how many units found no place.
    pub(crate) fn keep(&mut self, ledger: &mut Ledger<'_>) -> u64 {
        let room = MOST.saturating_sub(self.0.len());
        let owed = std::mem::take(&mut ledger.owed);
        let lost = owed.iter().skip(room).fold(0_u64, |sum, owed| sum.saturating_add(owed.units));
        self.0.extend(owed.into_iter().take(room));
        lost
    }

    /// Gives back what it can, the oldest first; the first failure ends it. Answers how many units are back.
    pub(crate) fn try_again(&mut self, ledger: &mut Ledger<'_>) -> u64 {
        let (mut done, mut units) = (0, 0_u64);
        for Owed { terms, taken, units: owed } in &self.0 {
            ledger.give_back(terms, taken, *owed);
            if ledger.owed.pop().is_some() {
                break;
            }
            done += 1;
            units = units.saturating_add(*owed);
        }
        self.0.drain(..done);
        units
    }
}

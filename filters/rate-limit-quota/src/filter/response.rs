//! What follows a request that was admitted: its answer, its end.

use super::QuotaFilter;
use crate::algorithm::Algorithm;
use crate::cost::number;
use crate::ledger::Ledger;
use crate::stream::Active;
use filter_api::{Effects, Environment, HeaderMutation, ResponseHead};
use std::time::Duration;

/// From here on an answer is the service's failure.
const FIRST_SERVER_ERROR: u16 = 500;

/// When units that could not be given back are tried again, if no request comes before.
const TRY_AGAIN: Duration = Duration::from_millis(20);

impl QuotaFilter {
    /// The answer is there: gives back what was taken for a failure, takes what it turned out to cost,
    /// and tells the client how it stands.
    pub(super) fn answered(
        &self,
        active: &mut Active,
        response: &ResponseHead<'_>,
        env: &mut dyn Environment,
    ) -> Effects {
        let mut effects = Effects::default();
        let has_failed = response.status().is_some_and(|status| status >= FIRST_SERVER_ERROR);
        let now = env.monotonic();
        for held in &active.held {
            let Some(quota) = self.settings.quotas.get(held.quota) else { continue };
            let mut ledger = self.ledger(now, env);
            if has_failed && quota.refunds {
                ledger.give_back(&held.terms, &held.taken, held.units);
                effects.count(self.settings.stats.refunded);
            }
            if let Some(header) = &quota.response_cost {
                let said = response.headers().first(header.as_bytes()).and_then(number);
                if !ledger.charge(&held.terms, &held.taken, said.unwrap_or(0)) {
                    effects.count(self.settings.stats.store_failed);
                }
            }
            self.close(ledger, &mut effects);
        }
        if has_failed {
            // Given back once.
            active.held.retain(|held| {
                self.settings.quotas.get(held.quota).is_none_or(|quota| !quota.refunds)
            });
        }
        for (name, value) in active.headers.drain(..) {
            effects.mutate(HeaderMutation::Add(name, value));
        }
        effects
    }

    /// The stream is over: what was in use is free.
    pub(super) fn release(
        &self,
        active: &Active,
        effects: &mut Effects,
        env: &mut dyn Environment,
    ) {
        let in_use =
            active.held.iter().filter(|held| held.terms.algorithm == Algorithm::Concurrency);
        for held in in_use {
            let now = env.monotonic();
            let mut ledger = self.ledger(now, env);
            ledger.give_back(&held.terms, &held.taken, held.units);
            self.close(ledger, effects);
        }
    }

    /// Tries again to give back what could not be given back at once.
    pub(super) fn give_back_owed(
        &self,
        now: u64,
        effects: &mut Effects,
        env: &mut dyn Environment,
    ) {
        let mut returns = self.returns.borrow_mut();
        if returns.is_empty() {
            return;
        }
        let mut ledger = self.ledger(now, env);
        let units = returns.try_again(&mut ledger);
        effects.count_by(self.settings.stats.units_returned_late, units);
        effects.count_by(self.settings.stats.store_retries, ledger.conflicts);
        if !returns.is_empty() {
            effects.wake_root(TRY_AGAIN);
        }
    }

    pub(super) fn ledger<'e>(&self, now: u64, env: &'e mut dyn Environment) -> Ledger<'e> {
        Ledger::new(env, now, self.settings.capacity, self.settings.refuses_when_full)
    }

    /// Counts what came of the store, and keeps what could not be given back.
    pub(super) fn close(&self, mut ledger: Ledger<'_>, effects: &mut Effects) {
        effects.count_by(self.settings.stats.store_retries, ledger.conflicts);
        if !ledger.owed.is_empty() {
            let lost = self.returns.borrow_mut().keep(&mut ledger);
            effects.count_by(self.settings.stats.units_lost, lost);
            effects.wake_root(TRY_AGAIN);
        }
    }
}

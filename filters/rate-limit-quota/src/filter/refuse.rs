//! A request that is refused.

use super::admit::FILTER_STATE;
use super::{Claims, QuotaFilter};
use crate::ledger::Claim;
use crate::prepare::Entry;
use crate::reply::Refusal;
use filter_api::{Decision, Effects, Environment, HttpFilter, Verdict};

/// When to come again where nobody can tell.
const LATER: u64 = 1_000_000_000;

impl QuotaFilter {
    /// Some quota has no room.
    pub(super) fn refuse(
        &self,
        claims: &Claims<'_>,
        now: u64,
        mut effects: Effects,
        env: &mut dyn Environment,
    ) -> Decision {
        let is_grpc = claims.is_grpc();
        let refused: Vec<(&Entry<'_>, &Claim)> =
            claims.pairs().filter(|(_, claim)| claim.is_refused()).collect();
        let mut told = String::with_capacity(64);
        for (entry, claim) in &refused {
            let stats = entry.quota.stats;
            effects.count(stats.over_limit);
            effects.count_by(stats.penalized, claim.standing.is_penalized.into());
            effects.count_by(stats.crowded, claim.standing.is_crowded.into());
            if let Some(by_override) = entry.by_override {
                effects.count(by_override.stats.over_limit);
            }
            entry.tell(&mut told, why(claim));
            if self.settings.top.is_some() {
                self.note_refusal(entry, claim, now, env);
            }
        }
        effects.publish(FILTER_STATE, told.into());
        let jitter = self.jitter(env);
        let retry_after = retry_after(&refused).map(|wait| wait.saturating_add(jitter));
        let quotas: Vec<_> =
            claims.pairs().map(|(entry, claim)| entry.told(&claim.standing)).collect();
        let named = if self.settings.reply.names_quotas() { refused.as_slice() } else { &[] };
        let names: Vec<&str> = named.iter().map(|(entry, _)| entry.quota.name.as_str()).collect();
        let Some((first, claim)) = refused.first() else { return self.failed(is_grpc, effects) };
        let is_penalized = claim.standing.is_penalized;
        let penalized = match is_penalized {
            true => [Self::NAME, ".", &first.quota.name, why(claim)].concat(),
            false => String::new(),
        };
        let refusal = Refusal {
            details: if is_penalized { &penalized } else { &first.quota.details },
            quotas: &names,
            is_penalized,
            is_grpc,
            headers: self.settings.headers.refused(&quotas, retry_after, is_grpc),
        };
        self.reply(refusal, effects)
    }

    /// The request lacks a dimension that must be there. No time helps.
    pub(super) fn missing(
        &self,
        entry: &Entry<'_>,
        is_grpc: bool,
        mut effects: Effects,
    ) -> Decision {
        effects.count(self.settings.stats.missing);
        let name = entry.quota.name.as_str();
        effects.publish(FILTER_STATE, [name, ".missing"].concat().into());
        let refusal = Refusal {
            details: &[Self::NAME, ".", name, ".missing"].concat(),
            quotas: &[name],
            is_penalized: false,
            is_grpc,
            headers: Vec::new(),
        };
        self.reply(refusal, effects)
    }

    /// Nothing could be counted, so nothing passes.
    pub(super) fn failed(&self, is_grpc: bool, mut effects: Effects) -> Decision {
        effects.count(self.settings.stats.store_failed);
        effects.publish(FILTER_STATE, "store_failed".into());
        let refusal = Refusal {
            details: &[Self::NAME, ".store_failed"].concat(),
            quotas: &[],
            is_penalized: false,
            is_grpc,
            headers: self.settings.headers.refused(&[], Some(LATER), is_grpc),
        };
        self.reply(refusal, effects)
    }

    fn reply(&self, refusal: Refusal<'_>, effects: Effects) -> Decision {
        match self.settings.reply.of(refusal) {
            Some(reply) => Decision { verdict: Verdict::Reply(reply), effects, ..Decision::pass() },
            // The status was checked when the configuration was loaded.
            None => Decision { verdict: Verdict::Reset, effects, ..Decision::pass() },
        }
    }

    fn jitter(&self, env: &mut dyn Environment) -> u64 {
        match self.settings.headers.jitter {
            0 => 0,
            most => env.random() % most,
        }
    }
}

/// The longest that any of them needs; `None` where one of them never fits, or nobody knows when.
fn retry_after(refused: &[(&Entry<'_>, &Claim)]) -> Option<u64> {
    let waits = refused.iter().map(|(_, claim)| claim.standing.retry_after);
    waits.reduce(|longest, wait| Some(longest?.max(wait?))).flatten()
}

fn why(claim: &Claim) -> &'static str {
    if claim.standing.is_penalized { ".penalized" } else { ".limited" }
}

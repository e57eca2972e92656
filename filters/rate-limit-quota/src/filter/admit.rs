//! A request that passes.

use super::{Claims, QuotaFilter};
use crate::algorithm::Algorithm;
use crate::leases::Lease;
use crate::ledger::{Claim, Standing};
use crate::prepare::Entry;
use crate::reply::push_number;
use crate::stats::QuotaStats;
use crate::stream::{Active, Held, QuotaStream};
use filter_api::{Decision, Effects, HeaderMutation, HeaderValue, ResponseInterest};

/// What the access log is told.
pub(super) const FILTER_STATE: &str = "rate_limit_quota";

impl QuotaFilter {
    /// Takes of the leases of this worker what they have.
    pub(super) fn take_leased(&self, claims: &mut [Claim], now: u64) {
        let mut leases = self.leases.borrow_mut();
        for claim in claims.iter_mut().filter(|claim| claim.terms.lease.is_some()) {
            let Some(lease) = leases.take(claim.record, now, claim.charge) else {
                let has_place = leases.has_place(claim.record, now);
                claim.terms.lease = claim.terms.lease.filter(|_| has_place);
                continue;
            };
            let remaining = lease.standing.remaining.saturating_add(lease.units);
            claim.settle(Standing { remaining, ..lease.standing });
            claim.is_leased = true;
            // Nothing of it is the store's to take back.
            claim.taken = Some(claim.untaken(lease.receipt));
        }
    }

    /// Gives units back that this worker had taken ahead: the request was refused.
    pub(super) fn return_leased(&self, claims: &[Claim]) {
        for claim in claims.iter().filter(|claim| claim.is_leased) {
            if claim.is_global {
                self.globals.borrow_mut().put_back(claim.record, claim.charge);
            } else {
                self.leases.borrow_mut().put_back(claim.record, claim.charge);
            }
        }
    }

    /// Keeps what was taken ahead.
    pub(super) fn keep_leases(&self, claims: &[Claim], now: u64) {
        for claim in claims {
            let Some(taken) = claim.taken.filter(|taken| taken.units > claim.charge) else {
                continue;
            };
            self.leases.borrow_mut().keep(
                Lease {
                    record: claim.record,
                    units: taken.units.saturating_sub(claim.charge),
                    until: taken.until,
                    receipt: taken.receipt,
                    standing: claim.standing,
                },
                now,
            );
        }
    }

    /// Everything was taken: the request passes, and what its answer or its end needs is remembered.
    pub(super) fn admit(
        &self,
        stream: &mut QuotaStream,
        claims: &Claims<'_>,
        mut effects: Effects,
    ) -> Decision {
        let mut active = Active::default();
        let mut needs_answer = false;
        let mut told = String::new();
        for (entry, claim) in claims.pairs() {
            count(entry, claim, &mut effects);
            if !claim.standing.is_admitted {
                entry.tell(&mut told, ".limited.shadow");
                continue;
            }
            let quota = entry.quota;
            if soften(entry, claim, &mut active, &mut effects) {
                entry.tell(&mut told, ".soft");
            }
            let watches = quota.refunds || quota.response_cost.is_some();
            needs_answer |= watches;
            if watches || claim.terms.algorithm == Algorithm::Concurrency {
                let place = claim.taken.unwrap_or_else(|| claim.untaken(0));
                let (index, units) = (entry.index, claim.charge);
                active.held.push(Held { quota: index, terms: claim.terms, taken: place, units });
            }
        }
        if self.settings.headers.on_admitted {
            let quotas: Vec<_> =
                claims.pairs().map(|(entry, claim)| entry.told(&claim.standing)).collect();
            active.headers.extend(self.settings.headers.admitted(&quotas));
        }
        if !told.is_empty() {
            effects.publish(FILTER_STATE, told.into());
        }
        needs_answer |= !active.headers.is_empty();
        let interest =
            if needs_answer { ResponseInterest::Headers } else { ResponseInterest::None };
        if needs_answer || !active.held.is_empty() {
            stream.active = Some(Box::new(active));
        }
        Decision { effects, interest, ..Decision::pass() }
    }
}

/// Counts how one claim of a request that passes fared.
fn count(entry: &Entry<'_>, claim: &Claim, effects: &mut Effects) {
    let QuotaStats { ok, shadow_over_limit, penalized, crowded, .. } = entry.quota.stats;
    if claim.standing.is_admitted {
        effects.count(ok);
        if let Some(by_override) = entry.by_override {
            effects.count(by_override.stats.ok);
        }
    } else {
        effects.count(shadow_over_limit);
    }
    effects.count_by(penalized, claim.standing.is_penalized.into());
    effects.count_by(crowded, claim.standing.is_crowded.into());
}

/// Warns where the quota is used up to its soft limit. Says whether it did.
fn soften(entry: &Entry<'_>, claim: &Claim, active: &mut Active, effects: &mut Effects) -> bool {
    let Some(soft) = &entry.quota.soft else { return false };
    let capacity = entry.grade.capacity();
    let used = capacity.saturating_sub(claim.standing.remaining);
    let percent = used.saturating_mul(100).checked_div(capacity).unwrap_or(100);
    if percent < soft.percent {
        return false;
    }
    effects.count(entry.quota.stats.soft_limited);
    let name = &entry.quota.name;
    let mut value = [name.as_bytes(), b";used="].concat();
    push_number(&mut value, percent);
    // Names of quotas are visible ASCII, so these are always values.
    if let (Some(header), Ok(value)) = (&soft.response_header, HeaderValue::new(value)) {
        active.headers.push((header.clone(), value));
    }
    if let (Some(header), Ok(value)) = (&soft.request_header, HeaderValue::new(name)) {
        effects.mutate(HeaderMutation::Set(header.clone(), value));
    }
    true
}

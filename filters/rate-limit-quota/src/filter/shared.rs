//! Quotas across Envoys: what was taken ahead, waiting for it, and asking for more.

use super::{Claims, Context, Head, QuotaFilter};
use crate::config::OnUnavailable;
use crate::global::{Answered, GlobalSettings, Globals, Verdict, descriptor};
use crate::key::value_for_key;
use crate::ledger::{Claim, Standing};
use crate::prepare::Entry;
use crate::stream::{Parked, QuotaStream, Waiting};
use filter_api::Verdict as StreamVerdict;
use filter_api::{Callout, CalloutResult, Decision, Effects, Environment, RootDecision};
use std::time::Duration;

/// How often a request that waits looks whether the service has answered.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// When to come again while the service is not there, in nanoseconds.
const LATER: u64 = 1_000_000_000;

impl QuotaFilter {
    /// Decides on the claims that are shared across Envoys. `false` where the service has to answer
    /// first, and there is still time.
    pub(super) fn take_global(
        &self,
        claims: &mut Claims<'_>,
        now: u64,
        gives_up_at: u64,
        effects: &mut Effects,
    ) -> bool {
        let Some(settings) = &self.settings.global else { return true };
        let mut globals = self.globals.borrow_mut();
        let mut found = Found { verdicts: Vec::new(), is_refused: false, waits: false };
        for (entry, claim) in claims.pairs() {
            let look = || globals.look(claim.record, now, claim.charge, || describe(entry));
            found.add(claim, claim.is_global.then(look));
        }
        let is_asking = globals.has_questions();
        let goes_on = found.is_refused || !found.waits || now >= gives_up_at;
        if goes_on {
            for (claim, verdict) in claims.claims.iter_mut().zip(found.verdicts) {
                match verdict {
                    None => {}
                    Some(Verdict::Ready) if found.is_refused => claim.is_settled = true,
                    Some(Verdict::Ready) => take(&mut globals, claim, now),
                    Some(Verdict::Exhausted(wait)) => claim.settle(refused(wait)),
                    Some(Verdict::Wait) if claim.is_shadow => claim.settle(admitted(claim)),
                    Some(Verdict::Wait | Verdict::Unavailable) => {
                        effects.count(self.settings.stats.global.unavailable);
                        without_service(claim, settings);
                    }
                }
            }
        }
        if is_asking || globals.has_questions() {
            effects.wake_root(Duration::ZERO);
        }
        goes_on
    }

    /// Holds the request until the service has answered.
    pub(super) fn park(
        &self,
        stream: &mut QuotaStream,
        claims: Claims<'_>,
        context: Context,
        mut effects: Effects,
    ) -> Decision {
        if !context.has_waited {
            effects.count(self.settings.stats.global.waited);
        }
        let is_grpc = claims.is_grpc();
        let Claims { entries, claims, .. } = claims;
        let parked = entries.iter().map(|entry| Parked {
            quota: entry.index,
            by_override: entry.override_index,
            values: entry.values.iter().map(|value| value.to_vec()).collect(),
        });
        let context = Context { has_waited: true, ..context };
        stream.waiting =
            Some(Box::new(Waiting { parked: parked.collect(), claims, is_grpc, context }));
        Decision { verdict: StreamVerdict::StopIteration(LOOK_AGAIN), effects, ..Decision::pass() }
    }

    /// The claims of a request that waited.
    pub(super) fn unpark<'a>(
        &'a self,
        parked: &'a [Parked],
        claims: Vec<Claim>,
        head: Head<'a>,
    ) -> Claims<'a> {
        let entries = parked.iter().filter_map(|one| {
            let quota = self.settings.quotas.get(one.quota)?;
            let (grade, by_override) = quota.grade(one.by_override);
            let values = one.values.iter().map(|value| value.as_slice().into()).collect();
            let (index, override_index) = (one.quota, one.by_override);
            Some(Entry { index, quota, grade, override_index, by_override, values })
        });
        Claims { entries: entries.collect(), claims, denied: None, head }
    }

    /// Asks the service for what is wanted.
    pub(super) fn ask_service(
        &self,
        mut effects: Effects,
        env: &mut dyn Environment,
    ) -> RootDecision {
        let callouts: Vec<Callout> = match &self.settings.global {
            Some(settings) => self.globals.borrow_mut().ask(settings, env),
            None => Vec::new(),
        };
        effects.count_by(self.settings.stats.global.calls, callouts.len() as u64);
        RootDecision { wake_after: None, callouts, effects }
    }

    /// The service has answered, or will not.
    pub(super) fn service_answered(
        &self,
        result: &CalloutResult<'_>,
        env: &mut dyn Environment,
    ) -> RootDecision {
        let mut effects = Effects::default();
        let stats = self.settings.stats.global;
        if let Some(settings) = &self.settings.global {
            let now = env.monotonic();
            match self.globals.borrow_mut().answered(result, now, settings) {
                Some(Answered::Granted(units)) => effects.count_by(stats.granted, units),
                Some(Answered::OverLimit) => effects.count(stats.over_limit),
                Some(Answered::Failed) => effects.count(stats.failed),
                None => {}
            }
        }
        self.ask_service(effects, env)
    }
}

/// What all global claims of a request find.
struct Found {
    /// At the positions of the claims.
    verdicts: Vec<Option<Verdict>>,
    /// One of them is used up, and that counts.
    is_refused: bool,
    /// One of them has to wait for the service.
    waits: bool,
}

impl Found {
    fn add(&mut self, claim: &Claim, verdict: Option<Verdict>) {
        self.is_refused |= !claim.is_shadow && matches!(verdict, Some(Verdict::Exhausted(_)));
        self.waits |= !claim.is_shadow && verdict == Some(Verdict::Wait);
        self.verdicts.push(verdict);
    }
}

/// Takes units that are there.
fn take(globals: &mut Globals, claim: &mut Claim, now: u64) {
    let (remaining, reset_after) = globals.take(claim.record, now, claim.charge);
    let standing = Standing::default();
    claim.settle(Standing { is_admitted: true, remaining, reset_after, ..standing });
    claim.is_leased = true;
}

/// The descriptor, limit and period of a key.
fn describe(entry: &Entry<'_>) -> (Vec<u8>, u64, u64) {
    let Some(global) = entry.grade.global else { return Default::default() };
    let quota = entry.quota;
    let values: Vec<_> =
        entry.values.iter().map(|value| value_for_key(value, quota.v6_length)).collect();
    let dimensions = quota.dimensions.iter().zip(&values);
    let parts = dimensions.map(|(dimension, value)| (dimension.name.as_bytes(), value.as_ref()));
    let name = (&b"quota"[..], quota.name.as_bytes());
    let descriptor = descriptor(std::iter::once(name).chain(parts), global.amount, global.unit);
    (descriptor, global.amount, global.period)
}

fn without_service(claim: &mut Claim, settings: &GlobalSettings) {
    match settings.on_unavailable {
        OnUnavailable::Allow => claim.settle(admitted(claim)),
        OnUnavailable::Deny => claim.settle(refused(LATER)),
        // The store has this Envoy's share.
        OnUnavailable::LocalShare => {}
    }
}

fn refused(wait: u64) -> Standing {
    Standing { reset_after: wait, retry_after: Some(wait), ..Standing::default() }
}

/// Nobody knows what is left.
fn admitted(claim: &Claim) -> Standing {
    Standing { is_admitted: true, remaining: claim.terms.limit.amount, ..Standing::default() }
}

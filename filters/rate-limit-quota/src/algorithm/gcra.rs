//! The generic cell rate algorithm.
//!
//! The state is one instant, the theoretical arrival time: until then the bucket is filling up. In
//! any span of time s at most `burst + s / interval` units are admitted. Beside it stands the interval
//! that it was counted in: should the limit change, what is owed is so many units (rounded up), and not so
//! much time.

use super::{Ask, Limit, Outcome, State};

/// Nanoseconds that one unit takes to come back, rounded up.
fn interval(limit: &Limit) -> u64 {
    limit.period.div_ceil(limit.amount.max(1))
}

fn store(limit: &Limit, expires: u64) -> State {
    State { expires, detail: interval(limit).into() }
}

/// Until when the bucket is filling up, in today's interval.
fn stands(limit: &Limit, state: &State, now: u64) -> u64 {
    let today = interval(limit);
    let stored = <[u8; 8]>::try_from(&*state.detail).map_or(today, u64::from_le_bytes);
    if stored == today {
        return state.expires;
    }
    let units = state.expires.saturating_sub(now).div_ceil(stored.max(1));
    now.saturating_add(units.saturating_mul(today))
}

/// The arrival time after `ask`.
fn arrival(limit: &Limit, state: Option<&State>, ask: Ask, units: u64) -> u64 {
    let stands = state.map_or(0, |state| stands(limit, state, ask.now));
    let from = if units == 0 { ask.now } else { ask.used_by.max(ask.now) };
    stands.max(from).saturating_add(units.saturating_mul(interval(limit)))
}

pub(super) fn take(limit: &Limit, state: Option<&State>, ask: Ask) -> Outcome {
    let interval = interval(limit);
    let tolerance = |units: u64| units.saturating_mul(interval);
    let capacity = tolerance(limit.burst);
    let open_to_it = tolerance(limit.burst.saturating_sub(ask.reserve));
    let wanted = arrival(limit, state, ask, ask.check.max(ask.charge)).saturating_sub(ask.now);
    let admitted = wanted <= open_to_it;
    let after = arrival(limit, state, ask, if admitted { ask.charge } else { 0 });
    let owed = after.saturating_sub(ask.now);
    let fits_when_empty = tolerance(ask.check) <= open_to_it;
    Outcome {
        state: (admitted && ask.charge > 0).then(|| store(limit, after)),
        admitted,
        remaining: capacity.saturating_sub(owed) / interval.max(1),
        reset_after: owed,
        retry_after: (!admitted && fits_when_empty).then(|| wanted.saturating_sub(open_to_it)),
        receipt: after,
    }
}

pub(super) fn book(limit: &Limit, state: Option<&State>, ask: Ask) -> Option<State> {
    let expires = arrival(limit, state, ask, ask.charge);
    (ask.charge > 0).then(|| store(limit, expires))
}

/// Units come back in the order in which they were taken: of these, all that lies after now.
pub(super) fn give_back(
    limit: &Limit,
    state: &State,
    now: u64,
    cost: u64,
    receipt: u64,
) -> Option<State> {
    let owed = receipt.saturating_sub(now).min(cost.saturating_mul(interval(limit)));
    let expires = stands(limit, state, now).saturating_sub(owed);
    (owed > 0).then(|| store(limit, expires))
}

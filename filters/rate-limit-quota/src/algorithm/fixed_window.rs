//! A count that begins anew.
//!
//! The window begins with its first unit. As with every fixed window, the end of one and the
//! beginning of the next may together see twice the amount.

use super::{Ask, Limit, Outcome, State};

/// The window's end and what is used in it.
fn window(limit: &Limit, state: Option<&State>, now: u64) -> (u64, u64) {
    match state {
        Some(state) => (state.expires, used(state)),
        None => (now.saturating_add(limit.period), 0),
    }
}

fn used(state: &State) -> u64 {
    state.detail.first_chunk().map_or(u64::MAX, |bytes| u64::from_le_bytes(*bytes))
}

fn state(expires: u64, used: u64) -> State {
    State { expires, detail: used.into() }
}

pub(super) fn take(limit: &Limit, before: Option<&State>, ask: Ask) -> Outcome {
    let (end, used) = window(limit, before, ask.now);
    let open_to_it = limit.amount.saturating_sub(ask.reserve);
    let admitted = used.saturating_add(ask.check.max(ask.charge)) <= open_to_it;
    let used = if admitted { used.saturating_add(ask.charge) } else { used };
    let left = end.saturating_sub(ask.now);
    Outcome {
        state: (admitted && ask.charge > 0).then(|| state(end, used)),
        admitted,
        remaining: limit.amount.saturating_sub(used),
        reset_after: if used == 0 { 0 } else { left },
        retry_after: (!admitted && ask.check <= open_to_it).then_some(left),
        receipt: end,
    }
}

pub(super) fn book(limit: &Limit, before: Option<&State>, ask: Ask) -> Option<State> {
    let (end, used) = window(limit, before, ask.now);
    (ask.charge > 0).then(|| state(end, used.saturating_add(ask.charge)))
}

/// Only within the window in which the units were taken.
pub(super) fn give_back(before: &State, cost: u64, receipt: u64) -> Option<State> {
    let is_same = before.expires == receipt && cost > 0;
    is_same.then(|| state(before.expires, used(before).saturating_sub(cost)))
}

//! Every unit comes back one period after it was taken.
//!
//! What is stored is when how many come back. Units taken within one sixtieth of a period share the
//! last one's time, so there are at most sixty-one times: a unit never comes back early, and at most
//! that sixtieth late.

use super::{Ask, Detail, Limit, Outcome, State};

/// Times per period.
const SLOTS: u64 = 60;

/// So many units come back at this time.
#[derive(Clone, Copy)]
struct Portion {
    back_at: u64,
    units: u64,
}

const BYTES: usize = 16;

/// What is still out at `now`, by when it comes back.
fn portions(state: Option<&State>, now: u64) -> Vec<Portion> {
    let detail = state.map_or(&[][..], |state| &*state.detail);
    let (pairs, _) = detail.as_chunks::<BYTES>();
    let read = pairs.iter().map(|bytes| {
        let both = u128::from_le_bytes(*bytes);
        Portion { back_at: both as u64, units: (both >> 64) as u64 }
    });
    read.filter(|portion| portion.back_at > now).collect()
}

fn store(portions: &[Portion]) -> State {
    let mut expires = 0;
    let mut detail = Vec::with_capacity(portions.len() * BYTES);
    for Portion { back_at, units } in portions.iter().filter(|portion| portion.units > 0) {
        expires = expires.max(*back_at);
        let both = u128::from(*back_at) | u128::from(*units) << 64;
        detail.extend_from_slice(&both.to_le_bytes());
    }
    State { expires, detail: Detail::Many(detail) }
}

fn slot(limit: &Limit, back_at: u64) -> u64 {
    back_at / (limit.period / SLOTS).max(1)
}

/// Adds units that come back at `back_at`.
fn add(limit: &Limit, portions: &mut Vec<Portion>, back_at: u64, units: u64) {
    let place = slot(limit, back_at);
    match portions.iter_mut().find(|portion| slot(limit, portion.back_at) == place) {
        Some(portion) => {
            portion.back_at = portion.back_at.max(back_at);
            portion.units = portion.units.saturating_add(units);
        }
        None => {
            // A lease is booked ahead of what is used at once.
            let later = portions.iter().position(|portion| portion.back_at > back_at);
            portions.insert(later.unwrap_or(portions.len()), Portion { back_at, units });
        }
    }
}

fn sum(portions: &[Portion]) -> u64 {
    portions.iter().fold(0, |sum, portion| sum.saturating_add(portion.units))
}

/// When `units` have come back.
fn when(portions: &[Portion], units: u64) -> Option<u64> {
    let mut back: u64 = 0;
    let enough = portions.iter().find(|portion| {
        back = back.saturating_add(portion.units);
        back >= units
    });
    enough.map(|portion| portion.back_at)
}

pub(super) fn take(limit: &Limit, state: Option<&State>, ask: Ask) -> Outcome {
    let mut out = portions(state, ask.now);
    let open_to_it = limit.amount.saturating_sub(ask.reserve);
    let wanted = sum(&out).saturating_add(ask.check.max(ask.charge));
    let admitted = wanted <= open_to_it;
    let receipt = ask.used_by.max(ask.now).saturating_add(limit.period);
    let retry_at = if admitted || ask.check > open_to_it {
        None
    } else {
        when(&out, wanted.saturating_sub(open_to_it))
    };
    let is_changed = admitted && ask.charge > 0;
    if is_changed {
        add(limit, &mut out, receipt, ask.charge);
    }
    let last = out.last().map_or(ask.now, |portion| portion.back_at);
    Outcome {
        state: is_changed.then(|| store(&out)),
        admitted,
        remaining: limit.amount.saturating_sub(sum(&out)),
        reset_after: last.saturating_sub(ask.now),
        retry_after: retry_at.map(|at| at.saturating_sub(ask.now)),
        receipt,
    }
}

pub(super) fn book(limit: &Limit, state: Option<&State>, ask: Ask) -> Option<State> {
    let mut out = portions(state, ask.now);
    add(limit, &mut out, ask.now.saturating_add(limit.period), ask.charge);
    (ask.charge > 0).then(|| store(&out))
}

/// From the units that come back with those of the receipt, and from no others: older ones would
/// be forgotten in their stead.
pub(super) fn give_back(limit: &Limit, state: &State, cost: u64, receipt: u64) -> Option<State> {
    let mut out = portions(Some(state), 0);
    let place = slot(limit, receipt);
    let portion = out.iter_mut().find(|portion| slot(limit, portion.back_at) == place)?;
    portion.units = portion.units.saturating_sub(cost);
    (cost > 0).then(|| store(&out))
}

//! How many faults at one time, and per second, over all workers of the process.

use filter_api::{Counter, Effects, Environment, Gauge, Permit};
use shared_state::Update;

#[cfg(test)]
mod tests;

const SECOND: u64 = 1_000_000_000;

/// The maxima of the filter or of one rule. The gauge is kept even where there is no maximum, but for
/// faults that are over at once.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Active faults.
    pub(crate) gauge: Gauge,
    /// The most of them.
    pub(crate) max_active: u64,
    /// The most that begin per second.
    pub(crate) rate: Option<RateLimit>,
}

/// A token bucket in one shared number (GCRA): it holds one second's worth of faults and fills
/// evenly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RateLimit {
    key: String,
    /// Nanoseconds that one fault takes.
    interval: u64,
}

/// The units that one request holds: of its rule, and of the filter.
pub(crate) type Permits = [Option<Permit>; 2];

/// Takes a unit of both limits, or none of either. What is taken of a rate stays taken: a fault
/// that the filter's limits refuse has still used the rule's rate. A fault that `is_momentary` is over
/// before anybody could read a gauge, so without a maximum it takes no unit: that would double its
/// price.
pub(crate) fn acquire(
    is_momentary: bool,
    rule: &Limits,
    filter: &Limits,
    conflicts: Counter,
    effects: &mut Effects,
    env: &mut dyn Environment,
) -> Option<Permits> {
    let mut permits = [None, None];
    for (limits, permit) in [rule, filter].into_iter().zip(&mut permits) {
        if is_momentary && limits.max_active == u64::MAX {
            continue;
        }
        *permit = env.try_acquire(limits.gauge, limits.max_active);
        if permit.is_none() {
            release(&mut permits, effects);
            return None;
        }
    }
    for rate in [&rule.rate, &filter.rate].into_iter().flatten() {
        if !rate.admits(conflicts, effects, env) {
            release(&mut permits, effects);
            return None;
        }
    }
    Some(permits)
}

/// Gives back what is held.
pub(crate) fn release(permits: &mut Permits, effects: &mut Effects) {
    for permit in permits.iter_mut().filter_map(Option::take) {
        effects.release(permit);
    }
}

impl RateLimit {
    /// `per_second` faults, 1 to 1,000,000; `key` names the shared number.
    pub(crate) fn new(key: String, per_second: u32) -> Self {
        Self { key, interval: SECOND / u64::from(per_second.max(1)) }
    }

    /// Takes a token if there is one. A number that cannot be updated refuses: the maximum holds.
    fn admits(&self, conflicts: Counter, effects: &mut Effects, env: &mut dyn Environment) -> bool {
        let now = env.monotonic();
        let update = shared_state::update(env, &self.key, |stored| {
            let full_at = stored
                .and_then(|bytes| bytes.try_into().ok())
                .map_or(0, u64::from_le_bytes)
                .max(now);
            let next = full_at.saturating_add(self.interval);
            (next - now <= SECOND).then(|| next.to_le_bytes().to_vec())
        });
        match update {
            Update::Done => true,
            Update::Declined => false,
            Update::Failed => {
                effects.count(conflicts);
                false
            }
        }
    }
}

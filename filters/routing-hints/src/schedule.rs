//! What depends on the time of day.

use crate::variants::WHOLE;
use filter_api::UnixTime;

/// When a rule exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) from: Option<UnixTime>,
    pub(crate) until: Option<UnixTime>,
}

/// Where a rule stands in its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It does not apply yet, or the host does not tell the time.
    Idle,
    Active,
    /// It does not apply any more.
    Ended,
}

/// A share in millionths that changes evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ramp {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) start: UnixTime,
    /// After `start`.
    pub(crate) end: UnixTime,
}

impl Schedule {
    /// Whether the time has to be asked for at all.
    pub(crate) fn is_always(self) -> bool {
        self.from.is_none() && self.until.is_none()
    }

    /// The phase at `now`.
    pub(crate) fn phase(self, now: UnixTime) -> Phase {
        if self.is_always() {
            return Phase::Active;
        }
        if now == UnixTime::default() || self.from.is_some_and(|from| now < from) {
            return Phase::Idle;
        }
        if self.until.is_some_and(|until| now >= until) { Phase::Ended } else { Phase::Active }
    }
}

impl Ramp {
    /// The share at `now`; `from` where the host does not tell the time.
    pub(crate) fn share(self, now: UnixTime) -> u64 {
        let (from, to) = (i128::from(self.from), i128::from(self.to));
        let length = self.end.0.saturating_sub(self.start.0).max(1);
        let elapsed = now.0.saturating_sub(self.start.0).min(length);
        let share = from + (to - from) * i128::from(elapsed) / i128::from(length);
        u64::try_from(share).unwrap_or(WHOLE).min(WHOLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_rule_exists_from_its_beginning_up_to_its_end() {
        let schedule = |from: Option<u64>, until: Option<u64>| Schedule {
            from: from.map(UnixTime),
            until: until.map(UnixTime),
        };
        use Phase::{Active, Ended, Idle};
        for (from, until, now, phase) in [
            (None, None, 0, Active),
            (Some(5), None, 4, Idle),
            (Some(5), None, 5, Active),
            (None, Some(9), 8, Active),
            (Some(5), Some(9), 9, Ended),
            (None, Some(9), 0, Idle),
            (Some(5), Some(9), 0, Idle),
        ] {
            assert_eq!(
                schedule(from, until).phase(UnixTime(now)),
                phase,
                "{from:?} {until:?} {now}"
            );
        }
    }

    #[test]
    fn a_ramp_is_even_up_or_down_and_holds_at_its_ends() {
        let ramp = |from, to| Ramp { from, to, start: UnixTime(1000), end: UnixTime(2000) };
        for (now, up, down) in [
            (0, 0, 500_000),
            (1000, 0, 500_000),
            (1001, 500, 499_500),
            (1500, 250_000, 250_000),
            (1999, 499_500, 500),
            (2000, 500_000, 0),
            (u64::MAX, 500_000, 0),
        ] {
            assert_eq!(ramp(0, 500_000).share(UnixTime(now)), up, "up at {now}");
            assert_eq!(ramp(500_000, 0).share(UnixTime(now)), down, "down at {now}");
        }
        let longest = Ramp { from: 0, to: 1_000_000, start: UnixTime(0), end: UnixTime(u64::MAX) };
        assert_eq!(longest.share(UnixTime(u64::MAX / 2)), 499_999);
    }
}

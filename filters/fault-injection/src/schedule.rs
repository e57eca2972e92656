//! When a rule is active, and how much of it.

use filter_api::UnixTime;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// One million: the whole of a share in parts per million.
const WHOLE: u32 = 1_000_000;

/// The times of a rule. The default is always active, in full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// Nothing happens before.
    pub(crate) from: Option<UnixTime>,
    /// Nothing happens from here on.
    pub(crate) until: Option<UnixTime>,
    /// The rise after `from`.
    pub(crate) ramp_up: Option<Duration>,
}

/// Which part of a rule's percentages holds at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// The rule is not active.
    Closed,
    /// The percentages as they are configured.
    Full,
    /// This many millionths of them.
    Part(u32),
}

impl Schedule {
    /// Whether the time has to be asked for at all.
    pub(crate) fn is_always(&self) -> bool {
        self.from.is_none() && self.until.is_none()
    }

    /// The share at `now`. Where the host does not tell the time, no fault may outlive its end.
    pub(crate) fn share(&self, now: UnixTime) -> Share {
        if now == UnixTime::default() && !self.is_always() {
            return Share::Closed;
        }
        if self.until.is_some_and(|until| now >= until) {
            return Share::Closed;
        }
        let Some(from) = self.from else { return Share::Full };
        let Some(elapsed) = now.0.checked_sub(from.0) else { return Share::Closed };
        let Some(ramp_up) = self.ramp_up.map(|ramp_up| ramp_up.as_nanos()) else {
            return Share::Full;
        };
        let elapsed = u128::from(elapsed);
        if elapsed >= ramp_up {
            return Share::Full;
        }
        let part = elapsed * u128::from(WHOLE) / ramp_up;
        Share::Part(u32::try_from(part).unwrap_or(WHOLE))
    }
}

impl Share {
    /// The share of `parts_per_million`.
    pub(crate) fn of(self, parts_per_million: u32) -> u32 {
        match self {
            Self::Closed => 0,
            Self::Full => parts_per_million,
            Self::Part(part) => {
                let product = u64::from(part) * u64::from(parts_per_million);
                u32::try_from(product / u64::from(WHOLE)).unwrap_or(parts_per_million)
            }
        }
    }
}

//! How much of a quota there is: the state of one key, an instant and a cost in, an outcome out.
//!
//! All of it is integer arithmetic over nanoseconds of the monotonic clock. Rounding is always to
//! the side of admitting less.

mod detail;
mod fixed_window;
mod gcra;
mod rolling_window;

pub(crate) use detail::Detail;

#[cfg(test)]
mod tests;

/// A way to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// Units in use at one time, each for `period` at the longest.
    Concurrency,
    /// A count that begins anew `period` after its first unit.
    FixedWindow,
    /// The generic cell rate algorithm: a bucket of `burst` that fills evenly.
    Gcra,
    /// Every unit comes back `period` after it was taken.
    RollingWindow,
}

/// How much is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// Units per period; for CONCURRENCY units at one time.
    pub(crate) amount: u64,
    /// Nanoseconds, at least 1.
    pub(crate) period: u64,
    /// Units at one time; only GCRA looks at it.
    pub(crate) burst: u64,
}

/// What is stored of one key. One whose `expires` has passed says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Monotonic nanoseconds.
    pub(crate) expires: u64,
    /// The algorithm's own.
    pub(crate) detail: Detail,
}

/// What a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Monotonic nanoseconds.
    pub(crate) now: u64,
    /// Until when what is taken may be used: `now`, or the end of a lease. It is booked as if it were
    /// used at the very end, and has to fit right now, so no order of use exceeds the limit.
    pub(crate) used_by: u64,
    /// Units that must be there.
    pub(crate) check: u64,
    /// Units that are taken if they are.
    pub(crate) charge: u64,
    /// Units that stay for others (of a higher priority).
    pub(crate) reserve: u64,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The new state where units were taken; `None` leaves it alone. A refusal takes nothing.
    pub(crate) state: Option<State>,
    /// Whether the units are there.
    pub(crate) admitted: bool,
    /// Units left after it.
    pub(crate) remaining: u64,
    /// Nanoseconds until all units are back, if nothing more is taken.
    pub(crate) reset_after: u64,
    /// Nanoseconds until this very request fits, if nothing else is taken; `None` where it fits now,
    /// never will, or nobody knows.
    pub(crate) retry_after: Option<u64>,
    /// What [`Algorithm::give_back`] needs to find the units again.
    pub(crate) receipt: u64,
}

impl Ask {
    /// One request's units, used at once.
    pub(crate) fn of(now: u64, cost: u64) -> Self {
        Self { now, used_by: now, check: cost, charge: cost, reserve: 0 }
    }
}

impl Algorithm {
    /// Decides on `ask`.
    pub(crate) fn take(self, limit: &Limit, state: Option<&State>, ask: Ask) -> Outcome {
        let state = state.filter(|state| state.expires > ask.now);
        match self {
            Self::FixedWindow => fixed_window::take(limit, state, ask),
            Self::Gcra => gcra::take(limit, state, ask),
            Self::RollingWindow => rolling_window::take(limit, state, ask),
            Self::Concurrency => {
                // When somebody else is done, nobody knows.
                Outcome { retry_after: None, ..rolling_window::take(limit, state, ask) }
            }
        }
    }

    /// Takes `cost` whether or not it is there: what was used is used. Later requests pay the debt.
    pub(crate) fn charge(
        self,
        limit: &Limit,
        state: Option<&State>,
        now: u64,
        cost: u64,
    ) -> Option<State> {
        let ask = Ask { check: 0, charge: cost, ..Ask::of(now, 0) };
        let state = state.filter(|state| state.expires > now);
        match self {
            Self::FixedWindow => fixed_window::book(limit, state, ask),
            Self::Gcra => gcra::book(limit, state, ask),
            Self::RollingWindow | Self::Concurrency => rolling_window::book(limit, state, ask),
        }
    }

    /// Gives back `cost` of what was taken with `receipt`, as far as it still counts: never so that
    /// more fits in than if it had not been taken. `None` where nothing changes.
    pub(crate) fn give_back(
        self,
        limit: &Limit,
        state: Option<&State>,
        now: u64,
        cost: u64,
        receipt: u64,
    ) -> Option<State> {
        let state = state.filter(|state| state.expires > now)?;
        match self {
            Self::FixedWindow => fixed_window::give_back(state, cost, receipt),
            Self::Gcra => gcra::give_back(limit, state, now, cost, receipt),
            Self::RollingWindow | Self::Concurrency => {
                rolling_window::give_back(limit, state, cost, receipt)
            }
        }
    }

    /// One word for logs and headers, and part of what a quota's state is known by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Concurrency => "CONCURRENCY",
            Self::FixedWindow => "FIXED_WINDOW",
            Self::Gcra => "GCRA",
            Self::RollingWindow => "ROLLING_WINDOW",
        }
    }
}

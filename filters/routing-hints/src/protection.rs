//! Keeping new users from a variant that fails more than the others.

use filter_api::Environment;
use shared_state::{ErrorWindow, Sums, Update};
use std::cell::Cell;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// A verdict holds for this part of the window: asking for it is a host call per variant.
const VERDICTS_PER_WINDOW: u64 = 100;

/// The answers of a split's variants, over all workers.
#[derive(Debug)]
pub(crate) struct Protection {
    /// One for each variant.
    windows: Vec<ErrorWindow>,
    /// 0 to below 1.
    excess: f64,
    min_requests: u64,
    pub(crate) drain: bool,
    /// Nanoseconds for which a verdict holds.
    lifetime: u64,
    /// The monotonic time until which the last verdict holds, and that verdict.
    verdict: Cell<(u64, u64)>,
}

impl Protection {
    /// Of the `variants` of `rule`.
    pub(crate) fn new<'a>(
        rule: &str,
        variants: impl Iterator<Item = &'a str>,
        (window, excess, min_requests): (Duration, f64, u32),
        drain: bool,
    ) -> Self {
        let key = |variant: &str| ["rule.", rule, ".variant.", variant, ".answers"].concat();
        let nanos = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        Self {
            windows: variants.map(|variant| ErrorWindow::new(&key(variant), window)).collect(),
            excess,
            min_requests: u64::from(min_requests),
            drain,
            lifetime: nanos / VERDICTS_PER_WINDOW,
            verdict: Cell::default(),
        }
    }

    /// Counts an answer of a variant.
    pub(crate) fn observe(
        &self,
        variant: usize,
        is_failure: bool,
        env: &mut dyn Environment,
    ) -> Update {
        let window = self.windows.get(variant);
        window.map_or(Update::Declined, |window| window.observe(is_failure, env))
    }

    /// The variants that get no new users right now, one bit each. Never all of them.
    pub(crate) fn held(&self, env: &mut dyn Environment) -> u64 {
        let now = env.monotonic();
        let (until, held) = self.verdict.get();
        if now < until {
            return held;
        }
        let sums: Vec<Sums> = self.windows.iter().map(|window| window.sums(env)).collect();
        let held = self.judge(&sums);
        self.verdict.set((now.saturating_add(self.lifetime), held));
        held
    }

    fn judge(&self, sums: &[Sums]) -> u64 {
        let (answers, failures) = sums.iter().fold((0, 0), |(answers, failures), sums| {
            (answers + sums.answers, failures + sums.failures)
        });
        let exceeds = |own: &Sums| {
            let others = answers - own.answers;
            let other_failures = failures - own.failures;
            // Sums are below 2^53, and these products need not be exact.
            let (own_part, other_part) =
                (own.failures as f64 * others as f64, other_failures as f64 * own.answers as f64);
            let whole = own.answers as f64 * others as f64;
            own.answers >= self.min_requests
                && others > 0
                && own_part - other_part > self.excess * whole
        };
        let bits = sums.iter().enumerate();
        bits.filter(|(_, own)| exceeds(own)).fold(0, |held, (variant, _)| held | 1 << variant)
    }
}

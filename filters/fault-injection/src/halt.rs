//! Holding back while the service itself fails.

use filter_api::Environment;
use shared_state::{ErrorWindow, Update};
use std::time::Duration;

#[cfg(test)]
mod tests;

/// A rule's budget of the service's own failures, over all workers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Halt {
    window: ErrorWindow,
    /// Above this share of failures the rule halts; 0 to below 1.
    error_ratio: f64,
    min_requests: u64,
}

impl Halt {
    /// The budget of `rule`.
    pub(crate) fn new(rule: &str, window: Duration, error_ratio: f64, min_requests: u32) -> Self {
        let window = ErrorWindow::new(&["rule.", rule, ".halt_on"].concat(), window);
        Self { window, error_ratio, min_requests: u64::from(min_requests) }
    }

    /// Counts one of the service's own answers.
    pub(crate) fn observe(&self, is_failure: bool, env: &mut dyn Environment) -> Update {
        self.window.observe(is_failure, env)
    }

    /// Whether the service's failures exceed the budget right now.
    pub(crate) fn is_halted(&self, env: &mut dyn Environment) -> bool {
        self.window.sums(env).exceed(self.error_ratio, self.min_requests)
    }
}

//! What the filter and each of its rules may both say: mode, maxima, times, budget.

use crate::config::{FaultInjectionConfig, HaltOn, Rule};
use crate::halt::Halt;
use crate::limits::{Limits, RateLimit};
use crate::schedule::Schedule;
use filter_api::{ConfigError, Gauge};
use filter_config::check::{duration_within, whole};
use filter_config::wire::{Duration, Timestamp, UInt};
use matchers::Mode;
use std::time;

const LONGEST_RAMP: time::Duration = time::Duration::from_secs(30 * 24 * 60 * 60);
const SECOND: time::Duration = time::Duration::from_secs(1);
const HOUR: time::Duration = time::Duration::from_secs(60 * 60);
const MOST_PER_SECOND: u32 = 1_000_000;
const DEFAULT_MIN_REQUESTS: u32 = 10;

/// The checked fields of the filter, or of a rule with the filter's where it has none.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    mode: Mode,
    pub(super) schedule: Schedule,
    budget: Option<Budget>,
    max_active: u64,
    per_second: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Budget {
    window: time::Duration,
    error_ratio: f64,
    min_requests: u32,
}

impl Scope {
    pub(super) fn of_filter(config: &FaultInjectionConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            mode: config.mode.unwrap_or_default(),
            schedule: schedule(config.active_from, config.active_until, config.ramp_up)?,
            budget: budget(config.halt_on.as_ref())?,
            max_active: max_active(config.max_active_faults)?,
            per_second: per_second(config.max_faults_per_second)?,
        })
    }

    /// Mode, times and budget of the rule take the place of the filter's; its maxima are its own.
    pub(super) fn of_rule(rule: &Rule, filter: &Self) -> Result<Self, ConfigError> {
        let own = schedule(rule.active_from, rule.active_until, rule.ramp_up)?;
        Ok(Self {
            mode: rule.mode.unwrap_or(filter.mode),
            schedule: if own.is_always() { filter.schedule } else { own },
            budget: budget(rule.halt_on.as_ref())?.or(filter.budget),
            max_active: max_active(rule.max_active_faults)?,
            per_second: per_second(rule.max_faults_per_second)?,
        })
    }

    pub(super) fn is_shadow(&self) -> bool {
        self.mode == Mode::Shadow
    }

    pub(super) fn limits(&self, gauge: Gauge, rate_key: &str) -> Limits {
        let rate = self.per_second.map(|most| RateLimit::new(rate_key.to_owned(), most));
        Limits { gauge, max_active: self.max_active, rate }
    }

    pub(super) fn halt(&self, rule: &str) -> Option<Halt> {
        self.budget
            .map(|budget| Halt::new(rule, budget.window, budget.error_ratio, budget.min_requests))
    }
}

fn max_active(number: Option<UInt>) -> Result<u64, ConfigError> {
    Ok(whole("maxActiveFaults", number, 0, u32::MAX)?.map_or(u64::MAX, u64::from))
}

fn per_second(number: Option<UInt>) -> Result<Option<u32>, ConfigError> {
    whole("maxFaultsPerSecond", number, 1, MOST_PER_SECOND)
}

fn schedule(
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    ramp_up: Option<Duration>,
) -> Result<Schedule, ConfigError> {
    let (from, until) = (from.map(Timestamp::get), until.map(Timestamp::get));
    let ramp_up = ramp_up.map(Duration::get);
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        let found = "a time that is not after activeFrom";
        return Err(ConfigError::found("activeUntil", found, "a later time"));
    }
    if let Some(time) = ramp_up {
        duration_within("rampUp", time, SECOND, LONGEST_RAMP)?;
        if from.is_none() {
            return Err(ConfigError::found("rampUp", "it without activeFrom", "both or none"));
        }
    }
    Ok(Schedule { from, until, ramp_up })
}

fn budget(halt_on: Option<&HaltOn>) -> Result<Option<Budget>, ConfigError> {
    let Some(halt_on) = halt_on else { return Ok(None) };
    let error_ratio = halt_on.error_ratio.get();
    if !(0.0..1.0).contains(&error_ratio) {
        let found = if error_ratio < 0.0 { "a negative number" } else { "1 or more" };
        let allowed = "a number from 0 up to, but not, 1";
        return Err(ConfigError::found("haltOn.errorRatio", found, allowed));
    }
    let window = halt_on.window.get();
    duration_within("haltOn.window", window, SECOND, HOUR)?;
    let min_requests = whole("haltOn.minRequests", halt_on.min_requests, 1, u32::MAX)?
        .unwrap_or(DEFAULT_MIN_REQUESTS);
    Ok(Some(Budget { window, error_ratio, min_requests }))
}

//! A limit, the quota's own or an override's.

use super::{DAY, HOUR, MILLISECOND, nanos};
use crate::algorithm::{Algorithm, Limit};
use crate::config;
use crate::global::unit;
use crate::ledger::{LeaseTerms, Penalty, Terms};
use filter_api::{ConfigError, HeaderValue};
use filter_config::check::{duration_text, duration_within, invalid_header, whole};
use filter_config::wire::{Duration, UInt};
use std::time;

const YEAR: time::Duration = time::Duration::from_secs(366 * 24 * 3_600);
const MINUTE: time::Duration = time::Duration::from_secs(60);
/// How long a bucket may take to fill: a hundred years, well within 64 bits of nanoseconds.
const LONGEST_FILL: u64 = 100 * 365 * 24 * 3_600 * 1_000_000_000;
/// The shortest time between two units, in nanoseconds: an interval is whole nanoseconds, so it is
/// exact to a thousandth.
const SHORTEST_INTERVAL: u64 = 1_000;

/// What holds for the keys of a quota, or of one of its overrides.
#[derive(Clone, Debug)]
pub(crate) struct Grade {
    pub(crate) terms: Terms,
    /// Its item of `RateLimit-Policy`.
    pub(crate) policy: HeaderValue,
    /// Its further item of `X-RateLimit-Limit`, and that header where it has no other.
    pub(crate) window: String,
    pub(crate) x_limit: HeaderValue,
    /// The limit of all Envoys together; `terms` have this one's share.
    pub(crate) global: Option<GlobalLimit>,
}

/// A limit that several Envoys share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GlobalLimit {
    pub(crate) amount: u64,
    /// Nanoseconds.
    pub(crate) period: u64,
    /// The number of the period's unit.
    pub(crate) unit: u8,
}

/// The fields that a quota and its overrides both have.
pub(super) struct Amounts {
    pub(super) max_amount: UInt,
    pub(super) valid_duration: Option<Duration>,
    pub(super) burst: Option<UInt>,
}

impl Grade {
    pub(super) fn new(
        quota: &config::Quota,
        amounts: &Amounts,
        algorithm: Algorithm,
        replicas: u64,
    ) -> Result<Self, ConfigError> {
        let mut limit = limit(amounts, algorithm)?;
        let penalty = quota.penalty.as_ref().map(penalty).transpose();
        let penalty = penalty.map_err(|error| error.within("penalty"))?;
        let lease =
            quota.worker_lease.as_ref().map(|wire| lease(wire, algorithm, &limit)).transpose();
        let lease = lease.map_err(|error| error.within("workerLease"))?.flatten();
        let seconds = limit.period.div_ceil(1_000_000_000);
        let name = &quota.name;
        let (unit, window) = match algorithm {
            Algorithm::Concurrency => (";qu=\"concurrent-requests\"", String::new()),
            _ => ("", format!(";w={seconds}")),
        };
        let amount = limit.amount;
        let global = if quota.global { Some(global(limit)?) } else { None };
        if quota.global {
            limit.amount = amount / replicas;
        }
        let policy = value(&format!("\"{name}\";q={amount}{unit}{window}"))?;
        let window = format!("{amount}{window};name=\"{name}\"");
        Ok(Self {
            global,
            terms: Terms { algorithm, limit, penalty, lease },
            policy,
            x_limit: value(&format!("{amount}, {window}"))?,
            window,
        })
    }

    /// All units there are at one time.
    pub(crate) fn capacity(&self) -> u64 {
        if let Some(global) = self.global {
            return global.amount;
        }
        match self.terms.algorithm {
            Algorithm::Gcra => self.terms.limit.burst,
            _ => self.terms.limit.amount,
        }
    }
}

/// Names of quotas are visible ASCII, so this is always a value.
fn value(text: &str) -> Result<HeaderValue, ConfigError> {
    HeaderValue::new(text).map_err(|why| invalid_header("name", text, why))
}

fn limit(amounts: &Amounts, algorithm: Algorithm) -> Result<Limit, ConfigError> {
    let amount = whole("maxAmount", Some(amounts.max_amount), 0, u32::MAX)?.unwrap_or_default();
    let amount = u64::from(amount);
    let period = match (amounts.valid_duration.map(Duration::get), algorithm) {
        (Some(period), _) => period,
        (None, Algorithm::Concurrency) => HOUR,
        (None, _) => return Err(ConfigError::new("validDuration", "missing, but required")),
    };
    duration_within("validDuration", period, MILLISECOND, YEAR)?;
    let period = nanos(period);
    if amounts.burst.is_some() && algorithm != Algorithm::Gcra {
        let found = ["it with the algorithm ", algorithm.name()].concat();
        return Err(ConfigError::found("burst", found, "it with GCRA only"));
    }
    let burst = whole("burst", amounts.burst, 1, u32::MAX)?.map_or(amount, u64::from);
    // Without an amount nothing ever comes back.
    let burst = if amount == 0 { 0 } else { burst };
    if algorithm == Algorithm::Gcra {
        let most = period / SHORTEST_INTERVAL;
        if amount > most {
            let allowed = format!("at most {most} in this time, one every microsecond");
            return Err(ConfigError::found("maxAmount", amount, allowed));
        }
        let interval = period.div_ceil(amount.max(1));
        if burst.checked_mul(interval).is_none_or(|fill| fill > LONGEST_FILL) {
            let allowed = "a bucket that fills within a hundred years";
            return Err(ConfigError::found("burst", burst, allowed));
        }
    }
    Ok(Limit { amount, period, burst })
}

fn global(limit: Limit) -> Result<GlobalLimit, ConfigError> {
    let Some(unit) = unit(limit.period) else {
        let found = duration_text(time::Duration::from_nanos(limit.period));
        return Err(ConfigError::found("validDuration", found, "1s, 1m, 1h or 24h with global"));
    };
    Ok(GlobalLimit { amount: limit.amount, period: limit.period, unit })
}

fn penalty(wire: &config::Penalty) -> Result<Penalty, ConfigError> {
    let refusals = whole("denials", Some(wire.denials), 1, 1_000_000)?.unwrap_or(1);
    duration_within("within", wire.within.get(), MILLISECOND, DAY)?;
    duration_within("duration", wire.duration.get(), MILLISECOND, YEAR)?;
    let (within, duration) = (nanos(wire.within.get()), nanos(wire.duration.get()));
    Ok(Penalty { refusals: refusals.into(), within, duration })
}

fn lease(
    wire: &config::WorkerLease,
    algorithm: Algorithm,
    limit: &Limit,
) -> Result<Option<LeaseTerms>, ConfigError> {
    const DEFAULT: time::Duration = time::Duration::from_millis(100);
    if algorithm == Algorithm::Concurrency {
        return Err(ConfigError::found("", "it with CONCURRENCY", "no lease of what is in use"));
    }
    let units = whole("amount", Some(wire.amount), 2, 1_000_000)?.unwrap_or(2);
    let duration = wire.ttl.map_or(DEFAULT, Duration::get);
    duration_within("ttl", duration, MILLISECOND, MINUTE)?;
    let duration = match algorithm {
        // It is booked as if it were used at its end, so it has to fit into the bucket with the units.
        Algorithm::Gcra => {
            let interval = limit.period.div_ceil(limit.amount.max(1));
            let beside = limit.burst.saturating_sub(units.into()).saturating_mul(interval);
            nanos(duration).min(beside / 2)
        }
        _ => nanos(duration),
    };
    // One that ends at once only loses units.
    let lasts = duration >= nanos(MILLISECOND);
    Ok(lasts.then_some(LeaseTerms { units: units.into(), duration }))
}

//! Quotas across Envoys: units taken ahead from a rate-limit service.
//!
//! The service (`envoyproxy/ratelimit`) counts in windows that are fixed to the clock. Each worker
//! takes units of a window ahead, several at a time, and uses them without asking; they end with the
//! window. So what all Envoys use of a window is never more than was given out.

mod asking;
mod leases;
mod message;

#[cfg(test)]
mod tests;

pub(crate) use asking::{Answered, Globals};
pub(crate) use leases::Verdict;
pub(crate) use message::descriptor;

use crate::config;
use crate::cost::digits;
use crate::settings::{MILLISECOND, nanos};
use filter_api::{Cluster, ConfigError};
use filter_config::check::{duration_within, whole};
use filter_config::quoted;
use std::time::Duration;

const YEAR: Duration = Duration::from_secs(366 * 24 * 3_600);

/// How units are taken ahead.
#[derive(Clone, Debug)]
pub(crate) struct GlobalSettings {
    pub(crate) cluster: Cluster,
    pub(crate) domain: String,
    pub(crate) timeout: Duration,
    pub(crate) lease: LeaseSettings,
    pub(crate) on_unavailable: config::OnUnavailable,
}

/// How many at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeaseSettings {
    /// Percent of the limit.
    pub(crate) percent: u64,
    pub(crate) min: u64,
    pub(crate) max: u64,
    /// Nanoseconds.
    pub(crate) ttl: u64,
    pub(crate) replicas: u64,
}

/// The windows that the service knows, in seconds, with the number of their unit.
const UNITS: [(u64, u8); 4] = [(1, 1), (60, 2), (3_600, 3), (86_400, 4)];

/// The number of the unit whose window is so many nanoseconds.
pub(crate) fn unit(period: u64) -> Option<u8> {
    let known = UNITS.iter().find(|(seconds, _)| seconds * 1_000_000_000 == period);
    known.map(|(_, number)| *number)
}

impl GlobalSettings {
    pub(crate) fn from_wire(wire: &config::Global) -> Result<Self, ConfigError> {
        const DEFAULT_TIMEOUT: Duration = Duration::from_millis(50);
        let service = &wire.service;
        let cluster = Cluster::new(&service.cluster)
            .map_err(|why| ConfigError::found("service.cluster", quoted(&service.cluster), why))?;
        if service.domain.is_empty() {
            return Err(ConfigError::found("service.domain", "\"\"", "one character or more"));
        }
        let timeout = service.timeout.map_or(DEFAULT_TIMEOUT, |time| time.get());
        duration_within("service.timeout", timeout, MILLISECOND, Duration::from_secs(10))?;
        let default = config::Lease::default();
        let lease = wire.lease.as_ref().unwrap_or(&default);
        let replicas = whole("replicas", wire.replicas, 1, 10_000)?.unwrap_or(2);
        Ok(Self {
            cluster,
            domain: service.domain.clone(),
            timeout,
            lease: LeaseSettings::from_wire(lease, replicas.into())
                .map_err(|error| error.within("lease"))?,
            on_unavailable: wire.on_unavailable.unwrap_or_default(),
        })
    }
}

impl LeaseSettings {
    fn from_wire(wire: &config::Lease, replicas: u64) -> Result<Self, ConfigError> {
        let percent = wire.size.as_deref().unwrap_or("1%");
        let number = percent.strip_suffix('%').and_then(|text| digits(text.as_bytes()));
        let Some(percent) = number.filter(|percent| *percent <= 100) else {
            return Err(ConfigError::found("size", quoted(percent), "0% to 100%"));
        };
        let min = whole("min", wire.min, 1, 1_000_000)?.unwrap_or(1);
        let max = whole("max", wire.max, 1, 1_000_000)?.unwrap_or(1_000);
        if max < min {
            return Err(ConfigError::found("max", max, "at least min"));
        }
        let ttl = wire.ttl.map_or(YEAR, |time| time.get());
        duration_within("ttl", ttl, MILLISECOND, YEAR)?;
        Ok(Self { percent, min: min.into(), max: max.into(), ttl: nanos(ttl), replicas })
    }
}

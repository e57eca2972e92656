//! From the wire form of the memory to the memory.

use super::{is_no_key, means_trace_id};
use crate::config::{Correlate, Role};
use crate::correlate::{KeySource, Memory};
use crate::stats::MemoryStats;
use attributes::HeaderKey;
use filter_api::{ConfigError, MetricRegistry};
use filter_config::check::{duration_within, invalid_header, whole};
use matchers::sticky::Seed;
use std::time::Duration;

const DEFAULT_TTL: Duration = Duration::from_secs(30);
const DEFAULT_CAPACITY: u32 = 100_000;
/// Which slab a key lies in must not depend on anything but the capacity.
const SALT: &str = "trace_propagation.memory";

/// Checks the object at `correlate`.
pub(super) fn from_wire(
    wire: &Correlate,
    metrics: &mut dyn MetricRegistry,
) -> Result<Memory, ConfigError> {
    let ttl = wire.ttl.map_or(DEFAULT_TTL, |ttl| ttl.get());
    duration_within("ttl", ttl, Duration::from_secs(1), Duration::from_secs(3600))?;
    let capacity = whole("capacity", wire.capacity, 1, 1_000_000)?.unwrap_or(DEFAULT_CAPACITY);
    let key = key(wire.key.as_deref().unwrap_or("x-request-id"))?;
    if key == KeySource::TraceId && wire.by_trace_id == Some(false) {
        let allowed = "true where the key is a trace id";
        return Err(ConfigError::found("byTraceId", "false", allowed));
    }
    let (slabs, limits) = Memory::layout(u64::from(capacity));
    Ok(Memory {
        role: wire.role,
        key,
        by_trace_id: wire.by_trace_id.unwrap_or(true),
        ttl: u64::try_from(ttl.as_nanos()).unwrap_or(u64::MAX),
        slabs,
        limits,
        seed: Seed::of(SALT),
        stats: MemoryStats::define(metrics),
    })
}

fn key(name: &str) -> Result<KeySource, ConfigError> {
    let lower = name.to_ascii_lowercase();
    if lower == "x-request-id" {
        return Ok(KeySource::RequestId);
    }
    if means_trace_id(&lower) {
        return Ok(KeySource::TraceId);
    }
    if is_no_key(&lower) {
        let allowed = "a header that tells requests apart";
        return Err(ConfigError::found("key", format_args!("`{lower}`"), allowed));
    }
    let header = HeaderKey::new(name).map_err(|why| invalid_header("key", name, why))?;
    Ok(KeySource::Header(header))
}

impl Memory {
    /// What was understood, for the line at load.
    pub(super) fn summary(&self) -> String {
        let role = match self.role {
            Role::Inbound => "requests are remembered",
            Role::Outbound => "requests are restored",
        };
        let key = match &self.key {
            KeySource::RequestId => "x-request-id".into(),
            KeySource::TraceId => "trace id".into(),
            KeySource::Header(name) => String::from_utf8_lossy(name.as_bytes()),
        };
        let more = match self.key {
            KeySource::TraceId => "",
            _ if self.by_trace_id => " or trace id",
            _ => "",
        };
        [role, " by ", &key, more].concat()
    }
}

//! The wire form of sharing quotas across Envoys.

use filter_config::wire::{Duration, UInt};
use serde::Deserialize;

/// How the quotas with `global: true` are shared across Envoys: units are taken ahead from Envoy's
/// rate-limit service, several at a time, and used without asking.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Global {
    /// Where the units come from.
    pub service: Service,
    /// How many units are taken ahead, per key and worker.
    pub lease: Option<Lease>,
    /// What becomes of requests while the service is not there. Default `LOCAL_SHARE`.
    pub on_unavailable: Option<OnUnavailable>,
    /// How many Envoys there are, 1 to 10000. Default 2. Each takes its share only while the service is
    /// not there, and near the limit asks for no more than its share of what is left.
    pub replicas: Option<UInt>,
}

/// Envoy's `RateLimitService`, over gRPC.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    /// The Envoy cluster, which speaks HTTP/2.
    pub cluster: String,
    /// The service's domain, which its own configuration has to know; it needs no rules.
    pub domain: String,
    /// How long an answer may take, 1 ms to 10 s. Default 50ms. A request that finds nothing taken ahead
    /// waits no longer than this.
    pub timeout: Option<Duration>,
}

/// Units taken ahead. They end with the window of the quota.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lease {
    /// At most this share of the limit, `0%` to `100%`. Default `1%`.
    pub size: Option<String>,
    /// At least so many units, 1 to 1000000. Default 1.
    pub min: Option<UInt>,
    /// At most so many units, 1 to 1000000. Default 1000.
    pub max: Option<UInt>,
    /// Units are used within this time, 1 ms to 366 days; what is left is lost. Default: until the
    /// window ends.
    pub ttl: Option<Duration>,
}

/// What becomes of requests while the service is not there.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OnUnavailable {
    /// They pass, whatever the limit.
    Allow,
    /// They are refused.
    Deny,
    /// This Envoy keeps to its share of the limit: `maxAmount / replicas` (default).
    #[default]
    LocalShare,
}

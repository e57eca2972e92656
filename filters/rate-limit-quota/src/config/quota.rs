//! The wire form of a quota.

use filter_config::wire::{Duration, Map, UInt};
use matchers::{HttpMatchRequest, Mode, Percentage};
use serde::Deserialize;

/// How much, of what, for whom.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quota {
    /// Names the quota in statistics, headers, response details and filter state: 1 to 64 of `A-Z`,
    /// `a-z`, `0-9`, `_`, `.`, `-`; unique in the configuration. Quotas of one name in several
    /// plugins with the same `vm_id` share their counts.
    pub name: String,
    /// Units per `validDuration`, 0 to 4294967295; for CONCURRENCY units at one time.
    pub max_amount: UInt,
    /// The period, 1 ms to 366 days. For CONCURRENCY the longest that a unit is held, should its end
    /// be lost in a crash: longer than any stream may last; default 1h. Required for all others.
    pub valid_duration: Option<Duration>,
    /// How it is counted. Default `GCRA`.
    pub algorithm: Option<Algorithm>,
    /// For GCRA: units that may be used at once, 1 to 4294967295. Default `maxAmount`.
    pub burst: Option<UInt>,
    /// What makes a key of its own: a name, and an attribute expression for its value. Default: one key
    /// for all requests.
    #[serde(default)]
    pub dimensions: Map<String>,
    /// How many bits of a dimension that is an IPv6 address count, 0 to 128. Default 64: a client has
    /// a network of them.
    pub ipv6_prefix_length: Option<UInt>,
    /// What becomes of a request that lacks the dimension of this name. Default `empty`, as Mixer.
    #[serde(default)]
    pub on_missing: Map<OnMissing>,
    /// Other limits for some keys. The first that matches applies, to each of its keys alone.
    #[serde(default)]
    pub overrides: Vec<Override>,
    /// Istio's `HTTPMatchRequest`: one entry of the list has to match, and in it every field.
    /// Default: every request.
    #[serde(rename = "match")]
    pub matches: Option<Vec<HttpMatchRequest>>,
    /// Units that a request takes: an attribute expression, e.g. `request.headers["x-cost"] | "1"`.
    /// Of a request's own value at least 1; what is no whole number is 1. The literal `"0"` is for
    /// `responseCost`. Default 1.
    pub cost: Option<String>,
    /// Units by request; the first entry that matches takes the place of `cost`.
    #[serde(default)]
    pub costs: Vec<CostRule>,
    /// A header of the answer that names units to take after the fact, beyond the limit if need be:
    /// later requests pay the debt. In addition to `cost`. Where it is set, a request needs at least
    /// one unit to be there.
    pub response_cost: Option<String>,
    /// Gives the units back where the upstream answers 500 or above. Not with `deduplication`. Default
    /// false.
    #[serde(default)]
    pub refund_on_server_error: bool,
    /// `SHADOW` counts, and refuses nothing. Takes the place of the filter's `mode`.
    pub mode: Option<Mode>,
    /// The share of the requests for which it is enforced; for the others it is as in `SHADOW`, which
    /// excludes this field. Default: all.
    pub enforce_percentage: Option<Percentage>,
    /// A warning before the limit.
    pub soft_limit: Option<SoftLimit>,
    /// A ban for those who do not stop.
    pub penalty: Option<Penalty>,
    /// Requests that may use only a part; the first that matches applies. Others may use all.
    #[serde(default)]
    pub priorities: Vec<Priority>,
    /// Units that a worker takes ahead, so that most requests need no shared memory. Not for
    /// CONCURRENCY. Default: none.
    pub worker_lease: Option<WorkerLease>,
    /// Shares the quota across Envoys, by the filter's `global`. Only FIXED_WINDOW, which is its default
    /// then, with a `validDuration` of 1s, 1m, 1h or 24h: windows that are fixed to the clock. Not with
    /// `responseCost`, `refundOnServerError`, `penalty`, `priorities` and `workerLease`.
    #[serde(default)]
    pub global: bool,
}

/// How units are counted.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Algorithm {
    /// A bucket of `burst` units that fills evenly, one every `validDuration / maxAmount`. In any span
    /// s at most `burst + s × maxAmount / validDuration` (default).
    #[default]
    Gcra,
    /// A count that begins anew `validDuration` after its first unit. Around that instant up to twice
    /// the amount may pass.
    FixedWindow,
    /// Mixer's: each unit comes back `validDuration` after it was taken, never earlier, and at most a
    /// sixtieth of it later. In no span of `validDuration` more than `maxAmount`.
    RollingWindow,
    /// Requests at one time (Mixer's allocation quota). A unit comes back when its stream ends, for
    /// whatever reason.
    Concurrency,
}

/// Another limit for the keys whose dimensions match.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Override {
    /// Names it in statistics, as the quota's `name`. Default: its number in the list, from 0.
    pub name: Option<String>,
    /// Values by the name of a dimension, of which each has to match: `reviews` exactly this text,
    /// `rev*` its beginning, `10.0.0.0/8` an address in this network, `regex:re.+s` the whole text.
    /// `exact:`, `prefix:` and `cidr:` in front say it outright. None: every key.
    #[serde(default)]
    pub dimensions: Map<String>,
    /// As the quota's.
    pub max_amount: UInt,
    /// As the quota's, which it inherits.
    pub valid_duration: Option<Duration>,
    /// As the quota's. Default `maxAmount` of the override.
    pub burst: Option<UInt>,
}

/// What becomes of a request without a dimension.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum OnMissing {
    /// The quota does not concern it.
    Skip,
    /// All such requests share the empty value (default).
    #[default]
    Empty,
    /// It is refused.
    Deny,
}

/// Units for some requests.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CostRule {
    /// Which requests; as the quota's `match`.
    #[serde(rename = "match")]
    pub matches: Vec<HttpMatchRequest>,
    /// Units, 0 to 4294967295.
    pub cost: UInt,
}

/// A warning to those who come near the limit; the request passes.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SoftLimit {
    /// From this share of the units on, 1 to 100.
    pub percent: UInt,
    /// A header that the client is given: `<quota>;used=<percent>`.
    pub response_header: Option<String>,
    /// A header that the upstream is given, and by which a route can be chosen: the quota's name.
    /// What a client sends under this name is removed.
    pub request_header: Option<String>,
}

/// No units at all for a time.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Penalty {
    /// After so many refusals of a key, 1 to 1000000,
    pub denials: UInt,
    /// within this time, 1 ms to 1 day,
    pub within: Duration,
    /// it is refused for this time, 1 ms to 366 days.
    pub duration: Duration,
}

/// Requests that may use only a part of the quota, so that the rest stays for others.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Priority {
    /// Which requests; as the quota's `match`.
    #[serde(rename = "match")]
    pub matches: Vec<HttpMatchRequest>,
    /// How much of the units they may use, 0 to 100.
    pub max_percent: UInt,
}

/// Units that a worker takes ahead for a key, and serves from its own memory. What is left when the
/// time is over is lost, so take it small beside the limit. They are booked as if they were used at the
/// very end, so the limit holds.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkerLease {
    /// Units, 2 to 1000000.
    pub amount: UInt,
    /// For how long, 1 ms to 1 min. Default 100ms. With GCRA at most half the time in which what the lease
    /// leaves of the bucket fills.
    pub ttl: Option<Duration>,
}

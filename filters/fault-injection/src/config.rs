//! What the user wrote: the wire types of the plugin configuration.
//!
//! The doc comments are the manual: the JSON schema and the table in the README are made from them.
//! Names are Istio's. Every field is accepted in its `snake_case` spelling too, as in protobuf JSON.
//! Nothing is checked here but the shape; the private module `settings` gives it its meaning.

mod abort;
mod delay;
mod response;

pub use abort::Abort;
pub use delay::{Delay, ExponentialDelay, NormalDelay, PercentileDelay, UniformDelay};
pub use response::{HeaderOperations, Response};

use filter_config::wire::{Decimal, Duration, Timestamp, UInt};
use matchers::{HttpMatchRequest, Mode};
use serde::Deserialize;

/// The configuration of the `fault_injection` filter. `{}` is valid and does nothing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultInjectionConfig {
    /// The rules. The first whose `match` fits a request applies to it, even where its percentage
    /// then spares the request.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// `ENFORCE` (default) or `SHADOW`, for rules that do not say it themselves.
    pub mode: Option<Mode>,
    /// At most this many requests suffer a fault at one time, over all workers of the process and
    /// all rules; others pass untouched and count as `faults_overflow`. Default: no maximum.
    pub max_active_faults: Option<UInt>,
    /// At most this many faults begin per second, 1 to 1000000, over all workers and rules. A token
    /// bucket that holds one second's worth. Default: no maximum.
    pub max_faults_per_second: Option<UInt>,
    /// No faults before this time (RFC 3339), for rules without a time of their own.
    pub active_from: Option<Timestamp>,
    /// No faults from this time on (RFC 3339), for rules without a time of their own.
    pub active_until: Option<Timestamp>,
    /// Over this long after `activeFrom` every percentage rises linearly from 0 to its value.
    pub ramp_up: Option<Duration>,
    /// When to hold back, for rules that do not say it themselves. Each rule is watched alone.
    pub halt_on: Option<HaltOn>,
    /// The name of a header, e.g. `x-fault-injected`, that tells the client `<rule>;<kind>` in every
    /// answer that suffered a fault. Default: none.
    pub fault_header: Option<String>,
}

/// One rule: which requests, and what happens to them.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Names the rule in statistics, response details and filter state: 1 to 64 of `A-Z`, `a-z`,
    /// `0-9`, `_`, `.`, `-`; unique in the configuration.
    pub name: String,
    /// Istio's `HTTPMatchRequest`: one entry of the list has to match, and in it every field.
    /// Default: every request.
    #[serde(rename = "match")]
    pub matches: Option<Vec<HttpMatchRequest>>,
    /// The fault.
    pub fault: Fault,
    /// `SHADOW` draws, counts (`shadow_*`) and tells the access log what would have happened, and
    /// does nothing. Maxima are then neither asked nor used up; times, ramp and halt hold. Takes the
    /// place of the filter's `mode`.
    pub mode: Option<Mode>,
    /// As the filter's field of this name, for this rule alone and in addition to it.
    pub max_active_faults: Option<UInt>,
    /// As the filter's field of this name, for this rule alone and in addition to it.
    pub max_faults_per_second: Option<UInt>,
    /// No faults before this time (RFC 3339). A rule that has `activeFrom`, `activeUntil` or `rampUp`
    /// ignores all three of the filter.
    pub active_from: Option<Timestamp>,
    /// No faults from this time on (RFC 3339).
    pub active_until: Option<Timestamp>,
    /// Over this long after `activeFrom`, which it requires, every percentage of the rule rises
    /// linearly from 0 to its value. 1 s to 30 days.
    pub ramp_up: Option<Duration>,
    /// When to hold back. Takes the place of the filter's `haltOn`.
    pub halt_on: Option<HaltOn>,
}

/// What happens: `delay`, `abort` and `response`, each drawn by its own percentage, or `outcomes`,
/// drawn once. The order is always delay, then abort, then (on a real answer) response.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Holds the request before it goes upstream.
    pub delay: Option<Delay>,
    /// Answers in the upstream's stead, after the delay if there is one.
    pub abort: Option<Abort>,
    /// Spoils the upstream's answer. Has no effect on a request that is aborted.
    pub response: Option<Response>,
    /// A table of which at most one entry happens, drawn once per request. Excludes the other three.
    pub outcomes: Option<Vec<Outcome>>,
    /// For `outcomes`: the same value of this attribute always gives the same outcome, e.g.
    /// `request.headers["end-user"]`. Requests without it are drawn at random.
    pub key: Option<String>,
    /// For `key`: other salts give other choices. Default `<rule>.outcomes`.
    pub salt: Option<String>,
}

/// One entry of a table of outcomes. An entry without a fault lets the request pass.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Outcome {
    /// The entry's share of the requests is its weight among the sum of all weights, as of Istio's
    /// routes: 0 to 1000000 with at most four decimals. An entry without a fault is the share that
    /// passes untouched.
    pub weight: Decimal,
    /// As `fault.delay`, without a percentage.
    pub delay: Option<Delay>,
    /// As `fault.abort`, without a percentage.
    pub abort: Option<Abort>,
    /// As `fault.response`, without a percentage.
    pub response: Option<Response>,
}

/// When a rule holds back because the service itself is failing.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HaltOn {
    /// While a greater share of the service's own answers than this is 500 or above, the rule
    /// injects nothing. From 0 (a single failure halts) up to but not 1. Answers made by this filter
    /// do not count, answers of which it rewrites the status count with their own.
    pub error_ratio: Decimal,
    /// Over the answers of this long, 1 s to 1 h, in steps of a tenth; to requests that the rule
    /// matches, over all workers.
    pub window: Duration,
    /// Never on fewer answers than this, 1 to 4294967295. Default 10.
    pub min_requests: Option<UInt>,
}

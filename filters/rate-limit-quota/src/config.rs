//! What the user wrote: the wire types of the plugin configuration.
//!
//! The doc comments are the manual: the JSON schema and the table in the README are made from them.
//! Names are those of Mixer's `memquota` where it has one. Every field is accepted in its
//! `snake_case` spelling too, as in protobuf JSON. Nothing is checked here but the shape; the private
//! module `settings` gives it its meaning.

mod global;
mod quota;
mod reply;

pub use global::{Global, Lease, OnUnavailable, Service};
pub use quota::{
    Algorithm, CostRule, OnMissing, Override, Penalty, Priority, Quota, SoftLimit, WorkerLease,
};
pub use reply::{HeaderKind, RateLimitHeaders, Reply};

use filter_config::wire::{Duration, UInt};
use matchers::{HttpMatchRequest, Mode};
use serde::Deserialize;

/// The configuration of the `rate_limit_quota` filter. `{}` is valid and limits nothing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimitQuotaConfig {
    /// The quotas. All that match a request concern it: it passes if each of them has room, and then
    /// takes of each; otherwise it takes of none.
    #[serde(default)]
    pub quotas: Vec<Quota>,
    /// `ENFORCE` (default) or `SHADOW`, for quotas that do not say it themselves. In `SHADOW` a quota
    /// is counted, and its refusals are counted and told to the access log, but the request passes.
    pub mode: Option<Mode>,
    /// The answer to a request that is refused.
    pub reply: Option<Reply>,
    /// Which headers tell clients of their quotas.
    pub rate_limit_headers: Option<RateLimitHeaders>,
    /// Recognises a client's retries, as Mixer's deduplication id did. Default: none, every request
    /// pays.
    pub deduplication: Option<Deduplication>,
    /// Where the counts are kept.
    pub store: Option<Store>,
    /// Shares the quotas that have `global: true` across Envoys. Default: each Envoy counts alone.
    pub global: Option<Global>,
    /// Answers, to whom you choose, which keys are refused most. Default: nobody is told.
    pub top_keys: Option<TopKeys>,
}

/// Retries that pay once. A retry is a request of the same key with the same `x-request-id`. Clients
/// choose that header unless Envoy is told to replace it, hence `retries`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deduplication {
    /// How long a request that was admitted is known, 1 ms to 1 h. One that was refused is not: its
    /// retry is decided on anew.
    pub min_deduplication_duration: Duration,
    /// How many retries of one request are admitted without paying, 1 to 100. Default 2.
    pub retries: Option<UInt>,
}

/// Where the counts are kept: in memory that the workers of an Envoy process share.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Store {
    /// How many keys of all quotas may be live at one time, 1 to 10000000. Default 1000000. A key is
    /// live while it has used something that has not come back.
    pub max_keys: Option<UInt>,
    /// What becomes of a key for which there is no room.
    pub when_full: Option<WhenFull>,
}

/// What becomes of a key for which there is no room. It never gets a quota of its own anew.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WhenFull {
    /// It shares one count with all such keys of the quota in the same part of the store (default).
    #[default]
    Share,
    /// Its requests are refused.
    Deny,
}

/// A list of the keys that are refused most, as JSON, in answer to a request that matches.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TopKeys {
    /// How many keys are kept, 1 to 100. Default 10.
    pub size: Option<UInt>,
    /// The requests that are answered with the list, and never go upstream. Required and not empty:
    /// keys may hold names and addresses of people.
    #[serde(rename = "match")]
    pub matches: Vec<HttpMatchRequest>,
}

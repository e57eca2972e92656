//! The wire form of a list.

use super::{OnMissing, Reply};
use filter_config::wire::{Duration, UInt};
use matchers::{Mode, Percentage};
use serde::Deserialize;

/// Compares a value with the entries of a list, as Mixer's `listchecker` did.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct List {
    /// Names the list in statistics, response details and the text of the refusal; no rule has the
    /// same name.
    pub name: String,
    /// The value: an attribute expression such as `source.labels["app"] | request.headers["x-app"]`.
    /// Of the terms between `|` the first that exists counts; `| "text"` at the end is a default. Of
    /// a repeated header every value has to pass.
    pub value: String,
    /// How values and entries are compared. Default `STRINGS`.
    pub entry_type: Option<EntryType>,
    /// `true` refuses values that are on the list, `false` (default) those that are not.
    #[serde(default)]
    pub blacklist: bool,
    /// Entries that stand here, in addition to those of the `provider`.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// Where further entries are fetched from.
    pub provider: Option<Provider>,
    /// The answer. Default: 403 and the text of Mixer's adapter,
    /// `NOT_FOUND:<name>.listchecker.<namespace>:<value> is not whitelisted` or
    /// `PERMISSION_DENIED:<name>.listchecker.<namespace>:<value> is blacklisted`. A `body` here
    /// takes the text's place, everything else goes with it.
    pub reply: Option<Reply>,
    /// `SHADOW` counts what would be refused and lets it pass. Takes the place of the filter's `mode`.
    pub mode: Option<Mode>,
    /// For a gradual roll-out: the share of the requests for which the list is enforced; for the
    /// others it is `SHADOW`. Sticky with a `key`.
    pub enforce_percentage: Option<Percentage>,
    /// What becomes of a request without the value: `MATCH` (default) refuses it, `NO_MATCH` lets it
    /// pass.
    pub on_missing: Option<OnMissing>,
}

/// How the entries of a list are compared.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EntryType {
    /// The whole text, its case counts.
    #[default]
    Strings,
    /// The whole text without regard to the case of ASCII letters.
    CaseInsensitiveStrings,
    /// Addresses and prefixes, `192.0.2.1`, `10.0.0.0/8` or `2001:db8::/32`. A bare address is itself
    /// alone; leading zeros and bits behind the prefix's length are refused. A value that is no
    /// address is refused by every such list.
    IpAddresses,
    /// Regular expressions that match any part of the value, as Mixer's did; `^` and `$` make it the
    /// whole. At most 1000.
    Regex,
}

/// A list that is fetched from a cluster with HTTP: one entry per line, blanks around it do not
/// count, empty lines and lines that begin with `#` are none. Answers other than 200, of another
/// content type than `text/plain` or `application/octet-stream`, without entries, or with a line that
/// is none, change nothing: the last good list is kept until its `ttl` is over.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provider {
    /// The Envoy cluster to ask.
    pub cluster: String,
    /// The path, with its query if it has one.
    pub path: String,
    /// The `Host` to ask for. Default: the cluster's name.
    pub authority: Option<String>,
    /// How often it is asked for news, 1 s to 24 h. Default 60s, as Mixer's. One worker of the process
    /// asks, with `If-None-Match`, and hands the list to the others within a second.
    pub refresh_interval: Option<Duration>,
    /// For how long an answer holds, from `refreshInterval` to 30 days; better twice
    /// `refreshInterval` or more. Default 5m, as Mixer's.
    pub ttl: Option<Duration>,
    /// What happens to values that the `overrides` do not settle while there is no list: before the
    /// first answer, and when the `ttl` is over. Default `DENY`.
    pub on_expired: Option<OnExpired>,
    /// How long an answer may take, 10 ms to 60 s. Default 5s.
    pub timeout: Option<Duration>,
    /// The greatest answer that is read, in bytes, 1 to 67108864. Default 33554432. A greater one is
    /// no answer.
    pub max_size: Option<UInt>,
}

/// What happens while there is no valid list.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OnExpired {
    /// Requests are refused with 503 and `UNAVAILABLE:<name>.listchecker.<namespace>:…`.
    #[default]
    Deny,
    /// Requests pass as if there were no list.
    Allow,
    /// The old list goes on to hold; before the first answer, as `DENY`.
    Keep,
}

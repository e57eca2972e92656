//! The wire form of a rule.

use super::Reply;
use identity::SourceEntry;
use matchers::{Mode, Percentage};
use serde::Deserialize;

/// Who may, or may not, do what: all of `from`, `to` and `when` have to match. One that is not there
/// matches everything.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Names the rule in statistics, response details and filter state: 1 to 64 of `A-Z`, `a-z`,
    /// `0-9`, `_`, `.`, `-`; unique among rules, lists and bans.
    pub name: String,
    /// What a match means.
    pub action: Action,
    /// Who calls: one of the entries.
    pub from: Option<Vec<SourceEntry>>,
    /// What is called: one of the entries.
    pub to: Option<Vec<Target>>,
    /// Further conditions: all of the entries.
    pub when: Option<Vec<Condition>>,
    /// The answer of a `DENY`. Default: 403,
    /// `PERMISSION_DENIED:<name>.denier.<namespace>:Not allowed`, as Mixer's.
    pub reply: Option<Reply>,
    /// `SHADOW` counts what the rule would do and tells the access log, and does nothing. Takes the
    /// place of the filter's `mode`.
    pub mode: Option<Mode>,
    /// For a gradual roll-out: the share of the requests for which the rule is enforced; for the
    /// others it is `SHADOW`. Sticky with a `key`.
    pub enforce_percentage: Option<Percentage>,
    /// What an attribute counts as that the proxy does not have: the caller's identity, address or
    /// labels, a claim, the path of a CONNECT. Default: `MATCH` for `DENY` and `AUDIT`, `NO_MATCH` for
    /// `ALLOW`. A header that was not sent is not missing in this sense.
    pub on_missing: Option<OnMissing>,
}

/// What a match means.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// The request passes, unless a `DENY` or a list refuses it. What no `ALLOW` matches is refused.
    Allow,
    /// The request is refused, whatever else matches.
    Deny,
    /// The request is counted and told to the access log.
    Audit,
}

/// What an attribute counts as that is missing.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OnMissing {
    /// As if it matched.
    Match,
    /// As if it did not match.
    NoMatch,
}

/// An entry of `to`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// What is called.
    pub operation: Operation,
}

/// What is called: every field has to match, by one of its texts (`not…`: by none). A text is whole,
/// `prefix*`, `*suffix`, or `*` for anything that is there.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operation {
    /// The host the request is for. Case, the dot at the end of a name and, unless the text has one,
    /// the port do not count.
    pub hosts: Option<Vec<String>>,
    /// Hosts it must not be for.
    pub not_hosts: Option<Vec<String>>,
    /// The port that the connection came in on.
    pub ports: Option<Vec<String>>,
    /// Ports it must not have come in on.
    pub not_ports: Option<Vec<String>>,
    /// The method; its case counts, and no method has lower-case letters.
    pub methods: Option<Vec<String>>,
    /// Methods it must not be.
    pub not_methods: Option<Vec<String>>,
    /// The path without its query, in every reading; also as a template, in which `{*}` is one segment
    /// and `{**}` one or more (`/v1/{*}/x/{**}`).
    pub paths: Option<Vec<String>>,
    /// Paths it must not be.
    pub not_paths: Option<Vec<String>>,
}

/// A condition on an attribute; `values`, `notValues`, or both.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// The attribute, e.g. `request.headers[x-app]`, `source.ip`, `connection.sni`: Istio's condition
    /// keys, and every attribute expression.
    pub key: String,
    /// It has one of these values: whole, `prefix*`, `*suffix`, `*` for any that is there, the empty
    /// one too; addresses and prefixes for `source.ip`, `remote.ip` and `destination.ip`. Of several
    /// values of the attribute one is enough for a `DENY`, for an `ALLOW` all are needed.
    pub values: Option<Vec<String>>,
    /// It has none of these values. A header that was not sent has none.
    pub not_values: Option<Vec<String>>,
}

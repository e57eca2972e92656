//! What the user wrote: the wire types of the plugin configuration.
//!
//! The doc comments are the manual: the JSON schema and the table in the README are made from them.
//! Every field is accepted in its `snake_case` spelling too, as in protobuf JSON. Nothing is checked
//! here but the shape; the private module `settings` gives it its meaning.

mod cookie;
mod set;
mod split;

pub use cookie::{Cookie, SameSite};
pub use set::{Retries, Set};
pub use split::{Holdout, Layer, Override, Protect, Ramp, Split, Variant};

use filter_config::wire::Timestamp;
use identity::{Evidence, SourceEntry};
use matchers::{HttpMatchRequest, Mode};
use serde::Deserialize;
use std::fmt;

/// The configuration of the `routing_hints` filter. `{}` is valid and does nothing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoutingHintsConfig {
    /// Headers by which routes are chosen. They are removed from every request before any rule looks
    /// at it, unless its sender is `trusted`: every value, and every spelling with `_` for `-`.
    #[serde(default)]
    pub hint_headers: Vec<String>,
    /// Who may bring hints of his own, and ask by `x-route-explain: 1` how his request was decided.
    /// One entry of the list has to match. Default: nobody.
    #[serde(default)]
    pub trusted: Vec<SourceEntry>,
    /// What the operator vouches for, for `trusted`.
    pub evidence: Option<Evidence>,
    /// The rules. All that match apply, in this order; where two write the same header, the later one
    /// counts. They see the request as it came, not what other rules write.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// The header that `mirror: true` writes. A hint header like those of `hintHeaders`. Default
    /// `x-mirror`.
    pub mirror_header: Option<String>,
    /// A request header by which testers choose variants themselves.
    pub override_header: Option<OverrideHeader>,
    /// `ENFORCE` (default) or `SHADOW`, for rules that do not say it themselves. With `SHADOW` no
    /// hint header is removed either.
    pub mode: Option<Mode>,
}

/// One rule: which requests, and what is written into them. At least one of `set` and `split`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Names the rule in statistics and filter state: 1 to 64 of `A-Z`, `a-z`, `0-9`, `_`, `.`, `-`;
    /// unique in the configuration.
    pub name: String,
    /// Istio's `HTTPMatchRequest`: one entry of the list has to match, and in it every field.
    /// Default: every request.
    #[serde(rename = "match")]
    pub matches: Option<Vec<HttpMatchRequest>>,
    /// What is written into every request that matches.
    pub set: Option<Set>,
    /// A choice among variants, each with what it writes.
    pub split: Option<Split>,
    /// Whether no later rule applies to a request that matches this one.
    #[serde(default, rename = "final")]
    pub is_final: bool,
    /// `SHADOW` decides, counts (`shadow_*`) and tells the access log what would have been written,
    /// and writes nothing. Takes the place of the filter's `mode`.
    pub mode: Option<Mode>,
    /// The rule does not exist before this time (RFC 3339).
    pub active_from: Option<Timestamp>,
    /// The rule does not exist from this time on (RFC 3339); the cookies that it issued are deleted.
    pub active_until: Option<Timestamp>,
}

/// A signed choice of variants: `canary=v2,banner=on;exp=1767225600;sig=<64 hexadecimal digits>`,
/// the signature being HMAC-SHA256 of all that stands before `;sig=`, `exp` the end of its validity in
/// seconds since the epoch.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OverrideHeader {
    /// The header's name, e.g. `x-route-override`.
    pub name: String,
    /// The keys of the signature, at least 16 bytes each; any of them may have been used.
    pub secrets: Vec<Secret>,
}

/// A key that is never shown.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(inline))]
pub struct Secret(String);

impl Secret {
    /// The key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

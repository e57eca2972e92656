//! What the user wrote: the wire types of the plugin configuration.
//!
//! The doc comments are the manual: the JSON schema and the table in the README are made from them.
//! Names are those of Istio's `AuthorizationPolicy` and of Mixer's `denier` and `listchecker`. Every
//! field is accepted in its `snake_case` spelling too, as in protobuf JSON. Nothing is checked here
//! but the shape; the private module `settings` gives it its meaning.

mod ban;
mod list;
mod reply;
mod rule;

pub use ban::Ban;
pub use list::{EntryType, List, OnExpired, Provider};
pub use reply::Reply;
pub use rule::{Action, Condition, OnMissing, Operation, Rule, Target};

use filter_config::wire::UInt;
use identity::Evidence;
use matchers::Mode;
use serde::Deserialize;

/// The configuration of the `acl` filter. `{}` is valid and allows everything.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AclConfig {
    /// Rules in the words of Istio's `AuthorizationPolicy`. Any `DENY` that matches refuses. Where
    /// there is an `ALLOW`, what none of them matches is refused too.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Lists in the words of Mixer's `listchecker`. A request has to pass all of them.
    #[serde(default)]
    pub lists: Vec<List>,
    /// Refuses for a while whoever was refused too often.
    #[serde(default)]
    pub bans: Vec<Ban>,
    /// `ENFORCE` (default) or `SHADOW`, for rules, lists and bans that do not say it themselves.
    pub mode: Option<Mode>,
    /// The namespace in the texts of refusals (`<name>.denier.<namespace>`), as Mixer's handlers had
    /// one: 1 to 63 visible ASCII characters. Default `default`.
    pub namespace: Option<String>,
    /// The answer to a request that no `ALLOW` rule matches. Default: 403, `RBAC: access denied`.
    pub reply: Option<Reply>,
    /// `REJECT` answers 400 to a path that servers are known to read differently. Default `COMPARE`.
    pub on_ambiguous: Option<OnAmbiguous>,
    /// Whether paths are compared without regard to the case of ASCII letters, as file systems and
    /// some frameworks do. Default false.
    #[serde(default)]
    pub ignore_path_case: bool,
    /// At most this many requests are held in a `tarpit` at one time, over all workers; others are
    /// answered at once. 0 to 100000, default 1000.
    pub max_tarpits: Option<UInt>,
    /// What the proxy's configuration guarantees and a module cannot see.
    pub evidence: Option<Evidence>,
}

/// What happens to a path that servers are known to read differently.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OnAmbiguous {
    /// `paths` are compared with every reading: a `DENY` needs one that matches, an `ALLOW` all.
    #[default]
    Compare,
    /// It is answered with 400, whatever the rules say.
    Reject,
}

//! The wire form of a temporary ban.

use super::Reply;
use filter_config::wire::{Duration, UInt};
use matchers::Mode;
use serde::Deserialize;

/// Whoever is refused `denials` times `within` a time is refused everything for a `duration`, on all
/// workers of the process.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ban {
    /// Names the ban in statistics and response details; no rule and no list has the same name.
    pub name: String,
    /// Who is counted and banned: an attribute expression, e.g. `source.ip`. A request without it is
    /// neither.
    pub key: String,
    /// This many refusals by rules and lists, 1 to 100.
    pub denials: UInt,
    /// Within this time, 1 s to 24 h.
    pub within: Duration,
    /// How long the ban lasts, 1 s to 24 h. What is refused during it does not make it longer.
    pub duration: Duration,
    /// The answer. Default: 403, `PERMISSION_DENIED:<name>.denier.<namespace>:Too many denials`.
    pub reply: Option<Reply>,
    /// `SHADOW` counts who would be refused. Takes the place of the filter's `mode`.
    pub mode: Option<Mode>,
}

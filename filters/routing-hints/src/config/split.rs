//! A choice among variants.

use super::{Cookie, Set};
use filter_config::wire::{Decimal, Duration, Timestamp, UInt};
use serde::Deserialize;

/// A choice among variants by their weights. At least one of `variants` and `bucketHeader`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Split {
    /// Attribute expression that names the user, e.g. `request.headers["end-user"] | source.ip`. The
    /// same value always gets the same variant, on every worker and at every hop. A request without it
    /// is known by the `cookie`, or else draws at random.
    pub key: Option<String>,
    /// Other salts give other choices. Default: the rule's name.
    pub salt: Option<String>,
    /// What there is to choose from, at most 64. With two rules of the same key, salt and variants,
    /// users get the same variant of both.
    pub variants: Vec<Variant>,
    /// A variant whose share rises or falls with time.
    pub ramp: Option<Ramp>,
    /// A header for Envoy's `weighted_clusters.header_name`: the user's number, 0 to 2^64 - 1. Weights
    /// are Envoy's then. Not written for requests that draw at random. A hint header like those of
    /// `hintHeaders`.
    pub bucket_header: Option<String>,
    /// Makes the choice last for users that `key` does not know.
    pub cookie: Option<Cookie>,
    /// Users who get a variant whatever their number.
    pub overrides: Vec<Override>,
    /// A share of the users who get no variant.
    pub holdout: Option<Holdout>,
    /// The part of the users that this rule may choose from, so that no other rule of the layer
    /// does.
    pub layer: Option<Layer>,
    /// Keeps new users from a variant that fails more than the others.
    pub protect: Option<Protect>,
}

/// One variant.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Variant {
    /// Names the variant in statistics: 1 to 64 of `A-Z`, `a-z`, `0-9`, `_`, `-`; unique in the rule.
    /// Users depend on it: a variant of another name gets other users.
    pub name: String,
    /// Its share is its weight among the sum of all weights: 0 to 1000000 with at most four decimals.
    /// Raising it moves users to this variant, and none between others.
    pub weight: Decimal,
    /// What is written for its users. Default: nothing.
    pub set: Option<Set>,
}

/// A share that changes evenly from one time to another. The other variants share the rest by their
/// weights.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ramp {
    /// The variant. Its `weight` does not count.
    pub variant: String,
    /// Its share in percent until `start`, 0 to 100 with at most four decimals.
    pub from: Decimal,
    /// Its share in percent from `end` on.
    pub to: Decimal,
    /// When the change begins (RFC 3339).
    pub start: Timestamp,
    /// When it is complete; after `start`.
    pub end: Timestamp,
}

/// Users who get a variant.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Override {
    /// The variant.
    pub variant: String,
    /// Values of `key`, which is required.
    pub values: Vec<String>,
}

/// Users who are left out.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Holdout {
    /// Percent of the users, 0 to 100, with at most four decimals.
    pub value: Decimal,
    /// Rules with the same salt and the same key leave out the same users. Default `holdout`.
    pub salt: Option<String>,
}

/// A part of a layer. Rules of the same layer have the same `key` and `cookie`, and their parts may
/// not overlap: no user is in two of them.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Layer {
    /// The layer's name.
    pub name: String,
    /// Where the part begins, in percent, 0 to 100, with at most four decimals.
    pub from: Decimal,
    /// Where it ends; above `from`.
    pub to: Decimal,
}

/// When a variant gets no new users: those without the cookie, or, where the split has none, all.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Protect {
    /// While the share of the variant's answers that are 500 or above exceeds that of all the others
    /// by more than this: from 0 up to, but not, 1.
    pub error_ratio_excess: Decimal,
    /// Over the answers of this long, 1 s to 1 h, in steps of a tenth; over all workers.
    pub window: Duration,
    /// Never on fewer answers of the variant than this, 1 to 4294967295. Default 10.
    pub min_requests: Option<UInt>,
    /// Whether users who have the variant already leave it too, for as long as it fails.
    #[serde(default)]
    pub drain: bool,
}

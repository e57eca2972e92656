//! An object without fields.

use serde::Deserialize;

/// `{}`: its presence is all it says, e.g. `headerDelay: {}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(inline))]
#[serde(deny_unknown_fields)]
pub struct EmptyObject {}

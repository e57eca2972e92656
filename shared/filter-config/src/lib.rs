//! Configuration: JSON text in, checked wire types out, one-line errors that say where.
//!
//! [`load`] reads what Envoy hands a plugin. It is stricter than JSON libraries usually are, because
//! a fault or a rule that is silently ignored is worse than one that is refused: no unknown and no
//! repeated key, no `null` (in YAML a forgotten value), no list where an object belongs. [`wire`]
//! holds the value types that several filters write in their configuration, in the spelling that
//! Istio's YAML has. On the host (never in a module) `docs` turns the wire types into a JSON schema
//! and into tables.
//!
//! ```
//! use filter_config::{load, wire};
//! use serde::Deserialize;
//!
//! #[derive(Debug, Deserialize)]
//! #[serde(deny_unknown_fields, rename_all = "camelCase")]
//! struct Delay {
//!     fixed_delay: wire::Duration,
//! }
//!
//! let delay: Delay = load(br#"{"fixedDelay": "1.5s"}"#)?;
//! assert_eq!(delay.fixed_delay.get(), std::time::Duration::from_millis(1500));
//!
//! let error = load::<Delay>(br#"{"fixedDelai": "1.5s"}"#).unwrap_err();
//! assert_eq!(error.to_string(), "fixedDelai: found unknown field `fixedDelai`, allowed is `fixedDelay`");
//! # Ok::<(), filter_api::ConfigError>(())
//! ```

pub mod check;
#[cfg(not(target_arch = "wasm32"))]
pub mod docs;
mod error;
mod load;
mod node;
pub mod wire;

pub use error::{number_text, path_segment, quoted, shorten};
pub use load::load;

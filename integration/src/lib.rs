//! Every filter in the wasmtime host and in the real Envoy.
//!
//! Nothing here names a filter: filters are the folders of `filters/`, their modules come from this
//! crate's build script, their cases from `filters/*/cases`.

mod executor;
mod inventory;

pub use executor::{EnvoyExecutor, HostExecutor};
pub use inventory::{Filter, filters, module, test_module, workspace_root};

//! Every filter in the wasmtime host and in the real Envoy.
//!
//! Nothing here names a filter: filters are the folders of `filters/`, their modules come from this
//! crate's build script, their cases from `filters/*/cases`.

mod examples;
mod executor;
pub mod fixtures;
mod growth;
mod inventory;
mod packages;

pub use examples::{Plugin, plugins};
pub use executor::{
    Envelope, EnvoyExecutor, HostExecutor, Prepared, Run, Transcript, compare, in_parallel,
    simulate,
};
pub use growth::{Growing, ensure_linear};
pub use inventory::{Filter, filters, filters_under_test, module, test_module, workspace_root};
pub use packages::{Dependency, Package, all_packages, module_tree, workspace_packages};

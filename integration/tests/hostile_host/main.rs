//! A host that fails: every host call of every module, with every status, and with bytes that mean
//! nothing. No module traps, none does what ends an Envoy, and the outcome is one of those that are
//! documented.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

mod configuration;
mod documented;
mod garbage;
mod statuses;
mod subject;
mod traffic;

use proxy_wasm_test_host::Status;

/// Every status of the ABI but OK, one beyond it, and two that no host should have.
fn statuses() -> impl Iterator<Item = u32> {
    Status::ERRORS.into_iter().map(u32::from).chain([13, 99, u32::MAX])
}

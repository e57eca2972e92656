//! What `trace_propagation` promises, in a mesh of stock Envoys: services with a sidecar each, and
//! applications that forward nothing but their request id. Every figure is printed.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

mod chain;
mod conformance;
mod expected;
mod flood;
mod hops;
mod ids;
mod linear;
mod lines;
mod mesh;
mod response;
mod transparency;
mod zipkin;

use anyhow::Result;
use envoy_runner::WasmFilter;
use integration::fixtures;
use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};

const FILTER: &str = "trace_propagation";

/// The filter with this configuration. All of them share a VM, and with it the memory.
fn filter(name: &str, config: &Value) -> Result<WasmFilter> {
    let plugin = fixtures::plugin(FILTER, config)?.vm_id("sidecar");
    Ok(plugin.merge(serde_json::json!({"name": name, "root_id": name})))
}

/// Held by a test that loads the machine.
fn quiet() -> MutexGuard<'static, ()> {
    static QUIET: Mutex<()> = Mutex::new(());
    QUIET.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The mesh in stock Envoy: every row in figures, and all filters under load.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

mod dashboard;
mod rows;
mod soak;

use anyhow::{Context as _, Result};
use mesh::Parts;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

fn parts(scale: f64) -> Result<Parts> {
    let module = integration::module("fault_injection")?;
    Ok(Parts {
        configs: integration::workspace_root().join("envoy-configs/mesh"),
        modules: module.parent().context("modules are in a folder")?.to_owned(),
        program: PathBuf::from(env!("CARGO_BIN_EXE_mesh")),
        scratch: PathBuf::from(env!("CARGO_TARGET_TMPDIR")),
        scale,
        workers: 2,
    })
}

/// Held by a test while it plays: each needs the machine for itself.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

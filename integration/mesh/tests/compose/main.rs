//! The mesh in containers: `envoy-configs/compose`, run by docker-compose.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the figures are what one runs this for"
)]

mod files;
mod images;
mod runs;
mod world;

use std::path::PathBuf;

/// `envoy-configs/compose`.
fn folder() -> PathBuf {
    integration::workspace_root().join("envoy-configs/compose")
}

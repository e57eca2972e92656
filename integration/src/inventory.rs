//! What there is to test, found as files: no list to forget a filter in.

use anyhow::{Context, Result, bail, ensure};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// A filter of the workspace.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The name in module file, metrics and details, e.g. `fault_injection`.
    pub name: String,
    /// Its folder, e.g. `filters/fault-injection`.
    pub folder: PathBuf,
    /// Its module, built by this crate's build script.
    pub module: PathBuf,
}

impl Filter {
    /// Its cases.
    #[must_use]
    pub fn cases(&self) -> PathBuf {
        self.folder.join("cases")
    }

    /// The example bootstrap in `envoy-configs`.
    #[must_use]
    pub fn example(&self) -> PathBuf {
        let file = self.name.replace('_', "-");
        workspace_root().join("envoy-configs").join(format!("{file}.yaml"))
    }
}

/// The checkout.
#[must_use]
pub fn workspace_root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Every filter, in order of name.
///
/// # Errors
/// A folder that cannot be listed, or a filter without cases or example: both are what a user reads
/// first, so a filter without them is not finished.
pub fn filters() -> Result<Vec<Filter>> {
    let parent = workspace_root().join("filters");
    let mut filters = Vec::new();
    for entry in fs::read_dir(&parent).with_context(|| format!("listing {}", parent.display()))? {
        let folder = entry?.path();
        if !folder.join("wasm/Cargo.toml").exists() {
            continue;
        }
        let crate_name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = crate_name.replace('-', "_");
        let module = module(&name)?;
        let filter = Filter { name, folder, module };
        for (what, path) in [("cases", filter.cases()), ("an example", filter.example())] {
            if !path.exists() {
                bail!("the filter {} has no {what}: {} is missing", filter.name, path.display());
            }
        }
        filters.push(filter);
    }
    ensure!(!filters.is_empty(), "no filter in {}", parent.display());
    filters.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(filters)
}

/// The filters whose cases and examples are to be run: every one, or the one that `BALLAST_FILTER` names.
///
/// # Errors
/// As [`filters`]; or there is none of that name.
pub fn filters_under_test() -> Result<Vec<Filter>> {
    let mut filters = filters()?;
    if let Some(only) = env::var_os("BALLAST_FILTER") {
        filters.retain(|filter| *filter.name == *only);
        ensure!(!filters.is_empty(), "BALLAST_FILTER: no filter {}", only.display());
    }
    Ok(filters)
}

/// The module of the filter `name`.
///
/// # Errors
/// If the build script built none of that name.
pub fn module(name: &str) -> Result<PathBuf> {
    built("filters", name)
}

/// A module that only tests load, from `integration/modules`.
///
/// # Errors
/// If the build script built none of that name.
pub fn test_module(name: &str) -> Result<PathBuf> {
    built("test-modules", name)
}

fn built(kind: &str, name: &str) -> Result<PathBuf> {
    let path = Path::new(env!("OUT_DIR")).join(kind).join(format!("{name}.wasm"));
    ensure!(path.exists(), "no module {name}: {} is missing", path.display());
    Ok(path)
}

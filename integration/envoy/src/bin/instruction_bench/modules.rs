//! Where the modules come from.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::exports;

/// The modules of the build, and the reference modules.
pub(crate) struct Modules {
    root: PathBuf,
    filters: PathBuf,
    references: PathBuf,
}

impl Modules {
    pub(crate) fn new(root: &Path, filters: &Path) -> anyhow::Result<Self> {
        let references = root.join("target/reference-modules");
        fs::create_dir_all(&references)?;
        Ok(Self { root: root.to_owned(), filters: filters.to_owned(), references })
    }

    /// A module of the build.
    pub(crate) fn built(&self, file: &str) -> anyhow::Result<PathBuf> {
        let path = self.filters.join(file);
        ensure!(path.is_file(), "{} is missing: build the filters first", path.display());
        Ok(path)
    }

    /// A reference module, built now if it changed, with only these callbacks exported.
    pub(crate) fn reference(
        &self,
        package: &str,
        callbacks: Option<&[String]>,
    ) -> anyhow::Result<PathBuf> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["build", "--quiet", "--profile=module", "--target=wasm32-wasip1", "-p", package])
            .arg("--target-dir")
            .arg(&self.references)
            .current_dir(&self.root)
            .output()
            .context("cannot run cargo")?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cannot build {package}:\n{complaint}");
        let name = package.replace('-', "_");
        let built = self.references.join(format!("wasm32-wasip1/module/{name}.wasm"));
        let Some(callbacks) = callbacks else { return Ok(built) };
        let module = fs::read(&built).with_context(|| format!("no {}", built.display()))?;
        let pruned = self.references.join(format!("{name}.pruned.wasm"));
        fs::write(&pruned, exports::keep_callbacks(&module, callbacks)?)?;
        Ok(pruned)
    }
}

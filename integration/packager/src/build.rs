//! Builds module crates and packages what the linker makes of them.

use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes a filter's module may have: V8 compiles each one before Envoy serves its first request.
const BUDGET: usize = 300 * 1024;

/// The workspace whose modules are built. A module crate is a folder `filters/<name>/wasm`, or one
/// of those in [`Self::TEST_MODULES`]; its package is called `<module name>-wasm`.
pub struct Workspace {
    root: PathBuf,
}

/// A packaged module.
pub struct BuiltModule {
    /// The filter's name, e.g. `fault_injection`.
    pub name: String,
    /// The packaged file.
    pub path: PathBuf,
    /// Bytes before and after packaging.
    pub sizes: (usize, usize),
}

impl Workspace {
    /// Modules that only tests load.
    const TEST_MODULES: &str = "integration/modules";

    /// The workspace at `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Packages of the filters' modules, in order of name.
    ///
    /// # Errors
    /// If the folder cannot be listed, or holds no filter.
    pub fn filters(&self) -> Result<Vec<String>> {
        let folders = folders(&self.root.join("filters"))?;
        let modules = folders.into_iter().filter(|folder| folder.join("wasm/Cargo.toml").exists());
        let packages: Vec<_> = modules
            .filter_map(|folder| Some(format!("{}-wasm", folder.file_name()?.to_str()?)))
            .collect();
        ensure!(!packages.is_empty(), "no filters/*/wasm in {}", self.root.display());
        Ok(packages)
    }

    /// Packages of the modules that only tests load.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn test_modules(&self) -> Result<Vec<String>> {
        let folders = folders(&self.root.join(Self::TEST_MODULES))?;
        let names = folders.iter().filter_map(|folder| folder.file_name()?.to_str());
        Ok(names.map(|name| format!("{name}-wasm")).collect())
    }

    /// Builds `packages` with the `module` profile and puts the packaged modules into `out`.
    ///
    /// # Errors
    /// If cargo fails, a module cannot be packaged, or a filter's module is over its budget.
    pub fn build(&self, packages: &[String], out: &Path) -> Result<Vec<BuiltModule>> {
        // A directory of its own: cargo holds a lock on the one that a test run uses.
        let target = self.root.join("target/modules");
        self.link(packages, &target)?;
        fs::create_dir_all(out).with_context(|| format!("creating {}", out.display()))?;
        let linked = target.join("wasm32-wasip1/module");
        packages.iter().map(|package| finish(package, &linked, out)).collect()
    }

    fn link(&self, packages: &[String], target: &Path) -> Result<()> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(["build", "--locked", "--quiet", "--profile", "module"])
            .args(["--target", "wasm32-wasip1", "--target-dir"])
            .arg(target)
            .current_dir(&self.root)
            // Paths of this machine in panic messages would make every machine's module differ.
            .env("CARGO_ENCODED_RUSTFLAGS", self.flags())
            .env_remove("RUSTFLAGS")
            // Set by a cargo that runs us as a build script; they are about another build.
            .env_remove("RUSTC_WORKSPACE_WRAPPER")
            .env_remove("CARGO_BUILD_TARGET_DIR")
            .env_remove("CARGO_TARGET_DIR");
        for package in packages {
            command.args(["--package", package]);
        }
        let status = command.status().context("running cargo")?;
        if !status.success() {
            bail!(
                "building {} for wasm32-wasip1 failed ({status}); is the target there? \
                 `rustup target add wasm32-wasip1`",
                packages.join(", ")
            );
        }
        Ok(())
    }

    /// The linker tells who refers to what (see [`links`](crate::links)), and no path of this machine
    /// stands in the module.
    fn flags(&self) -> String {
        let home = |variable: &str, below: &str| {
            std::env::var_os(variable)
                .map(PathBuf::from)
                .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(below)))
        };
        let known = [
            (Some(self.root.clone()), "/ballast"),
            (home("CARGO_HOME", ".cargo"), "/cargo"),
            (home("RUSTUP_HOME", ".rustup"), "/rustup"),
        ];
        let flags = known.into_iter().filter_map(|(path, name)| {
            Some(format!("--remap-path-prefix={}={name}", path?.display()))
        });
        let relocations = "-Clink-arg=--emit-relocs".to_owned();
        flags.chain([relocations]).collect::<Vec<_>>().join("\u{1f}")
    }
}

fn finish(package: &str, linked: &Path, out: &Path) -> Result<BuiltModule> {
    let crate_name = package.replace('-', "_");
    let name = crate_name.strip_suffix("_wasm").unwrap_or(&crate_name).to_owned();
    let source = linked.join(format!("{crate_name}.wasm"));
    let bytes = fs::read(&source).with_context(|| format!("reading {}", source.display()))?;
    let packaged = crate::package(&bytes).with_context(|| format!("packaging {name}"))?;
    ensure!(packaged.len() <= BUDGET, "{name}: {} bytes, budget {BUDGET}", packaged.len());
    let path = out.join(format!("{name}.wasm"));
    write_if_changed(&path, &packaged)?;
    Ok(BuiltModule { name, path, sizes: (bytes.len(), packaged.len()) })
}

fn folders(parent: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(parent).with_context(|| format!("listing {}", parent.display()))?;
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// Leaves an equal file alone, so that what depends on it is not made anew; replaces at once, so
/// that an Envoy never loads half a module.
fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let part = path.with_extension("part");
    fs::write(&part, bytes).with_context(|| format!("writing {}", part.display()))?;
    fs::rename(&part, path).with_context(|| format!("renaming to {}", path.display()))
}

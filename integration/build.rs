//! Builds every module that a test loads, so that none is ever stale: the filters', and those that
//! only tests load. Cargo runs this before every test build in which a source changed.

use anyhow::{Context, Result};
use module_packager::Workspace;
use std::path::{Path, PathBuf};

fn main() -> Result<()> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").context("no CARGO_MANIFEST_DIR")?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").context("no OUT_DIR")?);
    let root = Path::new(&manifest).parent().context("this crate lies below the workspace")?;
    let workspace = Workspace::new(root);
    workspace.build(&workspace.filters()?, &out.join("filters"))?;
    workspace.build(&workspace.test_modules()?, &out.join("test-modules"))?;
    for input in ["filters", "shared", "integration/modules", "integration/packager", "Cargo.lock"]
    {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    Ok(())
}

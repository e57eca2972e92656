//! Builds the filters' modules and has them compiled into the tool, so that an installed `ballast`
//! explains with the very modules of its version and needs nothing else.

use anyhow::{Context, Result};
use module_packager::Workspace;
use std::path::{Path, PathBuf};

fn main() -> Result<()> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").context("no CARGO_MANIFEST_DIR")?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").context("no OUT_DIR")?);
    let root = Path::new(&manifest).ancestors().nth(2);
    let root = root.context("this crate lies two folders below the workspace")?;
    let workspace = Workspace::new(root);
    workspace.build(&workspace.filters()?, &out)?;
    for input in ["filters", "shared", "integration/packager", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(input).display());
    }
    Ok(())
}

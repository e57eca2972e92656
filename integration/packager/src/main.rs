//! `module-packager`: builds every filter's module into `target/filters` and prints their sizes.

use anyhow::{Context, Result};
use module_packager::Workspace;
use std::io::{Write, stdout};
use std::path::Path;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let root = root.context("this crate lies two folders below the workspace")?;
    let workspace = Workspace::new(root);
    let modules = workspace.build(&workspace.filters()?, &root.join("target/filters"))?;
    let mut table = String::from("| module | linked, bytes | packaged, bytes |\n|---|---:|---:|\n");
    for module in modules {
        let (linked, packaged) = module.sizes;
        table.push_str(&format!("| {} | {linked} | {packaged} |\n", module.name));
    }
    stdout().write_all(table.as_bytes()).context("printing the table")
}

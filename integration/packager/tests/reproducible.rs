//! Two clean builds, in two folders of different names and depths, give the same bytes of every
//! filter's module.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

use anyhow::{Context as _, Result, ensure};
use module_packager::Workspace;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder that goes away with this value.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // One that cannot be removed is the system's temporary file like any other.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn root() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("two folders up")
}

fn copy(from: &Path, to: &Path, without: &[&str]) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("listing {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if without.iter().any(|other| name == *other) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(name), &[])?;
        } else {
            fs::copy(entry.path(), to.join(name)).context(entry.path().display().to_string())?;
        }
    }
    Ok(())
}

/// Each filter's name and the checksum of its module, as a clone in this folder gives it.
fn clean_build(tree: &Path) -> Result<Vec<(String, String)>> {
    copy(root()?, tree, &["target", ".git"])?;
    let workspace = Workspace::new(tree);
    let modules = workspace.build(&workspace.filters()?, &tree.join("target/filters"))?;
    let sum = |path: &Path| -> Result<String> {
        let bytes = fs::read(path).with_context(|| path.display().to_string())?;
        let tree = tree.as_os_str().as_encoded_bytes();
        let is_named = bytes.windows(tree.len()).any(|bytes| bytes == tree);
        ensure!(!is_named, "{} names the folder it was built in", path.display());
        Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
    };
    modules.into_iter().map(|module| Ok((module.name, sum(&module.path)?))).collect()
}

#[test]
fn two_clean_builds_in_two_folders_give_the_same_bytes() -> Result<()> {
    let folder = format!("ballast-reproducible-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(folder));
    let first = clean_build(&folder.0.join("here"))?;
    let second = clean_build(&folder.0.join("in/another/folder"))?;
    for (name, sum) in &first {
        println!("{sum}  {name}.wasm");
    }
    assert_eq!(first, second);
    Ok(())
}

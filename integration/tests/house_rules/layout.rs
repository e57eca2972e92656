//! Where things lie.

use anyhow::{Context as _, Result};
use integration::workspace_root;
use std::fs;
use std::path::Path;

/// All that the root holds. Whatever tool can have a hidden file has one.
const ROOT: [&str; 18] = [
    ".cargo",
    ".ci",
    ".clippy.toml",
    ".git",
    ".github",
    ".gitignore",
    ".rustfmt.toml",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "envoy-configs",
    "filters",
    "integration",
    "rust-toolchain.toml",
    "shared",
];

/// What every filter's folder holds, `*` standing for one file or more.
const FILTER: [&str; 9] = [
    "Cargo.toml",
    "README.md",
    "config.schema.json",
    "cases/*",
    "istio.yaml",
    "src/lib.rs",
    "tests/contract.rs",
    "wasm/Cargo.toml",
    "wasm/src/lib.rs",
];

/// Names that do not belong in the root.
fn strangers(names: &[String], target: &str) -> Vec<String> {
    let is_stranger = |name: &&String| !ROOT.contains(&name.as_str()) && *name != target;
    let strangers = names.iter().filter(is_stranger);
    strangers.map(|name| format!("{name} does not belong in the root")).collect()
}

/// What a filter lacks.
fn missing(root: &Path, filter: &str) -> Vec<String> {
    let folder = root.join("filters").join(filter);
    let example = root.join("envoy-configs").join(format!("{filter}.yaml"));
    let parts = FILTER.iter().map(|part| folder.join(part)).chain([example]);
    let missing = parts.filter(|path| !is_there(path));
    missing.map(|path| format!("{filter}: {} is missing", path.display())).collect()
}

fn is_there(path: &Path) -> bool {
    if !path.ends_with("*") {
        return fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0);
    }
    let folder = path.parent().and_then(|folder| fs::read_dir(folder).ok());
    folder.is_some_and(|mut entries| entries.next().is_some())
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))?;
    let names: Result<Vec<String>, _> =
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect();
    let mut names = names.map_err(|error: std::io::Error| error)?;
    names.sort();
    Ok(names)
}

#[test]
fn the_root_holds_what_it_must_and_nothing_else() -> Result<()> {
    crate::assert_kept(&strangers(&names(workspace_root())?, "target"));
    Ok(())
}

#[test]
fn every_filter_has_all_its_parts() -> Result<()> {
    let filters = filter_index::folders(workspace_root())?;
    assert!(!filters.is_empty(), "there are no filters");
    let missing: Vec<String> =
        filters.iter().flat_map(|filter| missing(workspace_root(), filter)).collect();
    crate::assert_kept(&missing);
    Ok(())
}

#[test]
fn what_does_not_belong_in_the_root_is_noticed() {
    let names = ["Cargo.toml", "notes.txt", "target"].map(str::to_owned);
    assert_eq!(strangers(&names, "target"), ["notes.txt does not belong in the root"]);
}

#[test]
fn a_filter_without_its_parts_is_noticed() -> Result<()> {
    let filters = filter_index::folders(workspace_root())?;
    let known = filters.first().context("there are no filters")?;
    assert_eq!(missing(workspace_root(), "no-such-filter").len(), FILTER.len() + 1);
    // Each part is looked for by its own name.
    for part in FILTER {
        let path = workspace_root().join("filters").join(known).join(part);
        assert!(is_there(&path), "{part}");
        assert!(!is_there(&path.join("x")) && !is_there(&path.join("*")), "{part}");
    }
    Ok(())
}

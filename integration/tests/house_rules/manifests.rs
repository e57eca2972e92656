//! What is written in the root manifest only, and what every other one must say.

use crate::files::{File, files};
use anyhow::{Context as _, Result};
use toml::{Table, Value};

/// Where dependencies are listed.
const DEPENDENCIES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// What a package takes from `[workspace.package]`.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

/// What is wrong with a package's manifest.
fn wrong(file: &File) -> Result<Vec<String>> {
    let path = file.path.display();
    let manifest: Table = file.text.parse().with_context(|| path.to_string())?;
    let mut wrong: Vec<String> = Vec::new();
    for section in ["profile", "patch", "replace", "workspace"] {
        if manifest.contains_key(section) {
            wrong.push(format!("[{section}] belongs in the root manifest"));
        }
    }
    if !is_inherited(manifest.get("lints")) {
        wrong.push("[lints] workspace = true is missing".to_owned());
    }
    let package = manifest.get("package").and_then(Value::as_table);
    for key in INHERITED {
        if !is_inherited(package.and_then(|package| package.get(key))) {
            wrong.push(format!("{key}.workspace = true is missing"));
        }
    }
    if !package.is_some_and(|package| package.contains_key("description")) {
        wrong.push("it has no description".to_owned());
    }
    for (name, dependency) in dependencies(&manifest) {
        // A neighbour by its path has no version, and a filter is not listed in the root.
        if dependency.is_str() || dependency.get("version").is_some() {
            wrong.push(format!("the version of {name} belongs in the root manifest"));
        }
    }
    wrong.extend(wrong_crate_type(file, &manifest));
    Ok(wrong.into_iter().map(|wrong| format!("{path}: {wrong}")).collect())
}

/// Every dependency, those of one platform too.
fn dependencies(manifest: &Table) -> Vec<(&str, &Value)> {
    let platforms = manifest.get("target").and_then(Value::as_table);
    let platforms = platforms.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let sections = std::iter::once(manifest).chain(platforms);
    let tables = sections
        .flat_map(|section| DEPENDENCIES.iter().filter_map(|kind| section.get(*kind)?.as_table()));
    tables.flatten().map(|(name, dependency)| (name.as_str(), dependency)).collect()
}

fn is_inherited(value: Option<&Value>) -> bool {
    let workspace = value.and_then(|value| value.get("workspace"));
    workspace.and_then(Value::as_bool) == Some(true)
}

/// A module is a crate of its own: beside `rlib`, Cargo switches link-time optimisation off without
/// a word.
fn wrong_crate_type(file: &File, manifest: &Table) -> Option<String> {
    let kinds = manifest.get("lib").and_then(|lib| lib.get("crate-type")).and_then(Value::as_array);
    let kinds: Vec<&str> = kinds.into_iter().flatten().filter_map(Value::as_str).collect();
    let is_module = file.path.ends_with("wasm/Cargo.toml")
        || file.path.starts_with("integration/modules")
        || file.path.starts_with("integration/envoy/reference-modules");
    match (kinds.as_slice(), is_module) {
        (["cdylib"], true) | ([], false) => None,
        (_, true) => Some("a module has crate-type = [\"cdylib\"]".to_owned()),
        (_, false) => Some("only a module has a crate-type".to_owned()),
    }
}

#[test]
fn versions_lints_and_profiles_are_in_the_root_manifest_only() -> Result<()> {
    let mut manifests = files("", "Cargo.toml")?;
    manifests.retain(|file| file.path.iter().count() > 1);
    let mut violations = Vec::new();
    for file in &manifests {
        violations.extend(wrong(file)?);
    }
    println!("{} manifests", manifests.len());
    assert!(manifests.len() > 10, "only {} manifests were found", manifests.len());
    crate::assert_kept(&violations);
    Ok(())
}

/// A manifest without fault, for the sample's path.
const GOOD: &str = r#"
[package]
name = "sample"
description = "A sample"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
publish.workspace = true
[lints]
workspace = true
[dependencies]
serde.workspace = true
[target.'cfg(unix)'.dev-dependencies]
toml = { workspace = true, features = ["parse"] }
"#;

#[test]
fn what_belongs_in_the_root_manifest_is_noticed() -> Result<()> {
    let check = |path: &str, text: String| wrong(&File { path: path.into(), text });
    let plain = "shared/sample/Cargo.toml";
    assert!(check(plain, GOOD.to_owned())?.is_empty());
    let replaced = [
        ("[lints]\nworkspace = true", "[profile.dev]", "[profile] belongs in the root manifest"),
        ("[lints]\nworkspace = true", "", "[lints] workspace = true is missing"),
        ("edition.workspace = true", "edition = \"2024\"", "edition.workspace = true is missing"),
        ("description = \"A sample\"", "", "it has no description"),
        (
            "serde.workspace = true",
            "serde = \"1\"",
            "the version of serde belongs in the root manifest",
        ),
        (
            "workspace = true, f",
            "version = \"1\", f",
            "the version of toml belongs in the root manifest",
        ),
        ("[lints]", "[lib]\ncrate-type = [\"rlib\"]\n[lints]", "only a module has a crate-type"),
    ];
    for (good, bad, expected) in replaced {
        let found = check(plain, GOOD.replace(good, bad))?;
        assert!(found.contains(&format!("{plain}: {expected}")), "{bad}: {found:?}");
    }
    let module = "filters/sample/wasm/Cargo.toml";
    let with =
        |kinds: &str| GOOD.replace("[lints]", &format!("[lib]\ncrate-type = {kinds}\n[lints]"));
    assert!(check(module, with("[\"cdylib\"]"))?.is_empty());
    assert_eq!(check(module, with("[\"cdylib\", \"rlib\"]"))?.len(), 1);
    assert_eq!(check(module, GOOD.to_owned())?.len(), 1);
    Ok(())
}

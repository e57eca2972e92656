//! What is committed in `envoy-configs/istio` is what the examples of the filters say.

use anyhow::{Context as _, Result, ensure};
use manifests::{manifests, sources, workspace_root, write_changed};
use serde_yaml_ng::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn committed() -> PathBuf {
    workspace_root().join("envoy-configs/istio")
}

#[test]
fn the_committed_files_are_those_of_the_examples() -> Result<()> {
    let mut all = Vec::new();
    for source in sources()? {
        all.extend(manifests(&source, None));
    }
    let changed = write_changed(&committed(), &all)?;
    ensure!(changed.is_empty(), "written anew, commit them: {changed:?}");
    let expected: BTreeSet<_> = all.iter().map(|file| committed().join(&file.path)).collect();
    let mut found = BTreeSet::new();
    collect(&committed(), &mut found)?;
    found.remove(&committed().join("README.md"));
    let strangers: Vec<_> = found.difference(&expected).collect();
    ensure!(strangers.is_empty(), "no filter's manifests: {strangers:?}");
    println!("{} files", expected.len());
    Ok(())
}

/// Whatever the kind, and however it is spelt there: the plain Envoy file's configuration.
#[test]
fn every_kind_holds_the_configuration_of_the_plain_file() -> Result<()> {
    let mut compared = 0;
    for source in sources()? {
        let example = read(&workspace_root().join(source.example()))?;
        let mut expected = Vec::new();
        configurations(&example, &source.name, &mut expected);
        let expected = expected.into_iter().next().context("an example configures its filter")?;
        for manifest in manifests(&source, None) {
            if manifest.path.ends_with("kustomization.yaml") {
                continue;
            }
            let object = read(&committed().join(&manifest.path))?;
            let mut found = Vec::new();
            configurations(&object, &source.name, &mut found);
            ensure!(found == [expected.clone()], "{}: {found:?}", manifest.path);
            compared += 1;
        }
    }
    println!("{compared} manifests hold what their plain file holds");
    Ok(())
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_yaml_ng::from_str(&text).with_context(|| path.display().to_string())
}

/// The configurations of plugins called `name` in any kind of document.
fn configurations(value: &Value, name: &str, found: &mut Vec<Value>) {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let own = [text("name"), text("pluginName")].contains(&Some(name));
    let any = value.get("configuration").and_then(|any| any.get("value"));
    let config = [
        any,
        value.get("pluginConfig"),
        value.get("config").filter(|_| value.get("code").is_some()),
    ];
    found.extend(config.into_iter().flatten().filter(|_| own).cloned());
    match value {
        Value::Mapping(fields) => fields.values().for_each(|v| configurations(v, name, found)),
        Value::Sequence(items) => items.iter().for_each(|v| configurations(v, name, found)),
        _ => {}
    }
}

fn collect(folder: &Path, found: &mut BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else {
            found.insert(path);
        }
    }
    Ok(())
}

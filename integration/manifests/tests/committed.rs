//! What is committed in `envoy-configs/istio` is what the examples of the filters say.

use anyhow::{Context as _, Result, ensure};
use manifests::{manifests, sources, workspace_root, write_changed};
use serde::Deserialize as _;
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
        all.extend(manifests(&source, None)?);
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
        configurations(&example, &mut expected);
        for manifest in manifests(&source, None)? {
            if manifest.path.ends_with("kustomization.yaml") {
                continue;
            }
            let mut found = Vec::new();
            for object in objects(&committed().join(&manifest.path))? {
                configurations(&object, &mut found);
            }
            ensure!(!found.is_empty(), "{} configures nothing", manifest.path);
            for plugin in &found {
                ensure!(expected.contains(plugin), "{}: {plugin:?}", manifest.path);
            }
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

/// The objects of a file.
fn objects(path: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let documents = serde_yaml_ng::Deserializer::from_str(&text);
    let objects: Result<_, _> = documents.map(Value::deserialize).collect();
    objects.with_context(|| path.display().to_string())
}

/// Names and configurations of the plugins in any kind of document.
fn configurations(value: &Value, found: &mut Vec<(String, Value)>) {
    let any = value.get("configuration").and_then(|any| any.get("value"));
    let policy = value.get("config").filter(|_| value.get("code").is_some());
    let name = ["pluginName", "name"].iter().find_map(|key| value.get(key)?.as_str());
    for config in [any, value.get("pluginConfig"), policy].into_iter().flatten() {
        found.push((name.unwrap_or_default().to_owned(), config.clone()));
    }
    match value {
        Value::Mapping(fields) => fields.values().for_each(|field| configurations(field, found)),
        Value::Sequence(items) => items.iter().for_each(|item| configurations(item, found)),
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

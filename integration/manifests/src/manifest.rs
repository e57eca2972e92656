//! The files of a filter's folder below `envoy-configs/istio`.

use crate::source::Source;
use crate::{envoy_filter, plugins};
use anyhow::{Context as _, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Stands for the reader's own registry in what is committed.
pub const REGISTRY: &str = "registry.example/ballast";

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Its path below the folder of all manifests, e.g.
    /// `fault-injection/gateway/envoy-filter.yaml`.
    pub path: String,
    /// Its contents.
    pub text: String,
}

/// A build, as manifests name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// Where the images are, without the filter's name, e.g. `registry.example/ballast`.
    pub registry: String,
    /// The digest of the filter's image, without `sha256:`.
    pub digest: String,
}

/// An object of a cluster, in a folder of its own, so that kustomize can be pointed at it.
pub(crate) struct Object {
    /// The folder, e.g. `sidecar-inbound`.
    pub(crate) folder: &'static str,
    /// The file, e.g. `envoy-filter.yaml`.
    pub(crate) file: &'static str,
    /// What it is for, in one sentence.
    pub(crate) purpose: String,
    /// From `apiVersion` on.
    pub(crate) body: String,
}

/// Everything that is written for a filter; with a checksum if it is known which build it is for.
///
/// # Errors
/// The filter has no plugin.
pub fn manifests(source: &Source, pinned: Option<&Pinned>) -> Result<Vec<Manifest>> {
    let patches = envoy_filter::objects(source)?;
    let objects = patches.into_iter().chain(plugins::objects(source, pinned)?);
    Ok(objects.flat_map(|object| files(source, &object)).collect())
}

/// Writes below `folder` those files that differ from what is there, and names them.
///
/// # Errors
/// A file cannot be written.
pub fn write_changed(folder: &Path, manifests: &[Manifest]) -> Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    for Manifest { path, text } in manifests {
        let path = folder.join(path);
        if fs::read_to_string(&path).is_ok_and(|present| present == *text) {
            continue;
        }
        let parent = path.parent().context("a file is in a folder")?;
        fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        changed.push(path);
    }
    Ok(changed)
}

fn files(source: &Source, object: &Object) -> [Manifest; 2] {
    let Object { folder, file, purpose, body } = object;
    let note =
        format!("# Written by `make manifests` from {}: change it there.\n", source.example());
    let purpose = crate::text::comment(purpose, 0);
    let text = format!("{note}{purpose}\n{body}");
    let kustomization = format!(
        "{note}apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\
         resources: [{file}]\n"
    );
    let path = |file: &str| format!("{}/{folder}/{file}", source.folder);
    [
        Manifest { path: path(file), text },
        Manifest { path: path("kustomization.yaml"), text: kustomization },
    ]
}

#[cfg(test)]
mod tests;

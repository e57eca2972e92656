//! A module as an OCI image, in both forms that Istio pulls.

use anyhow::{Context as _, Result};
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;

mod tar;

/// The file in the image, which Istio looks for by this name.
const FILE: &str = "plugin.wasm";

/// How a module is put into an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An ordinary image of one layer with `plugin.wasm` in it: what Docker builds, and every
    /// registry takes. The manifests name this one.
    Image,
    /// An OCI artifact: the module itself is a layer, for tools that tell artifacts by media type.
    Artifact,
}

/// Something that a manifest names by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// What it is.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Blob {
    fn json(media_type: &'static str, value: &Value) -> Self {
        Self { media_type, bytes: value.to_string().into_bytes() }
    }

    /// Hexadecimal SHA-256.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256(&self.bytes)
    }

    /// How an index or a manifest names it.
    #[must_use]
    pub fn descriptor(&self) -> Value {
        json!({
            "mediaType": self.media_type,
            "digest": format!("sha256:{}", self.digest()),
            "size": self.bytes.len(),
        })
    }
}

/// An image: its manifest, and what that names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// What a registry's reference leads to; its digest is the image's.
    pub manifest: Blob,
    /// Configuration and layers.
    pub blobs: Vec<Blob>,
}

impl Image {
    /// `module` in this form. The same module gives the same bytes everywhere: nothing in an image
    /// tells of time or machine.
    ///
    /// # Errors
    /// The module is larger than an archive can say.
    pub fn new(module: &[u8], form: Form) -> Result<Self> {
        let (config, layers) = match form {
            Form::Image => image(module)?,
            Form::Artifact => artifact(module),
        };
        let descriptors: Vec<Value> = layers.iter().map(Blob::descriptor).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": config.descriptor(),
            "layers": descriptors,
        });
        let manifest = Blob::json("application/vnd.oci.image.manifest.v1+json", &manifest);
        Ok(Self { manifest, blobs: [vec![config], layers].concat() })
    }
}

/// Hexadecimal SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn image(module: &[u8]) -> Result<(Blob, Vec<Blob>)> {
    let archive = tar::archive(FILE, module)?;
    // No name and no time in the header, so that equal modules are equal images.
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    gzip.write_all(&archive).context("compressing")?;
    let layer = Blob {
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip",
        bytes: gzip.finish().context("compressing")?,
    };
    let config = json!({
        "architecture": "wasm",
        "os": "wasip1",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", sha256(&archive))]},
    });
    Ok((Blob::json("application/vnd.oci.image.config.v1+json", &config), vec![layer]))
}

fn artifact(module: &[u8]) -> (Blob, Vec<Blob>) {
    let about =
        json!({"type": "envoy_proxy", "abiVersions": ["v0-2-1"], "config": {"rootIds": [""]}});
    let about = Blob::json("application/vnd.module.wasm.config.v1+json", &about);
    let content = Blob {
        media_type: "application/vnd.module.wasm.content.layer.v1+wasm",
        bytes: module.to_vec(),
    };
    (about.clone(), vec![content, about])
}

#[cfg(test)]
mod tests;

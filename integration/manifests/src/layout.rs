//! OCI image layouts: images as folders, for any tool that pushes them.

use crate::image::{Blob, Image};
use anyhow::{Context as _, Result, bail};
use serde_json::json;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Writes a layout that holds this image under `tag`; what was in `folder` is gone.
///
/// # Errors
/// The folder cannot be written.
pub fn write_layout(folder: &Path, image: &Image, tag: &str) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            bail!("removing {}: {error}", folder.display())
        }
        _ => {}
    }
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).with_context(|| format!("creating {}", blobs.display()))?;
    for blob in image.blobs.iter().chain([&image.manifest]) {
        write(&blobs.join(blob.digest()), &blob.bytes)?;
    }
    write(
        &folder.join("oci-layout"),
        json!({"imageLayoutVersion": "1.0.0"}).to_string().as_bytes(),
    )?;
    write(&folder.join("index.json"), &index(&image.manifest, tag))
}

fn index(manifest: &Blob, tag: &str) -> Vec<u8> {
    let mut named = manifest.descriptor();
    if let Some(fields) = named.as_object_mut() {
        let name = json!({"org.opencontainers.image.ref.name": tag});
        fields.insert("annotations".to_owned(), name);
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [named],
    });
    index.to_string().into_bytes()
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

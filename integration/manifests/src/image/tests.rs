use super::*;
use std::io::Read as _;
use std::process::{Command, Stdio};

const MODULE: &[u8] = b"\0asm\x01\0\0\0 and more";

fn blob<'a>(image: &'a Image, media_type: &str) -> &'a Blob {
    image.blobs.iter().find(|blob| blob.media_type == media_type).unwrap()
}

#[test]
fn the_layer_of_an_image_holds_the_module() {
    let image = Image::new(MODULE, Form::Image).unwrap();
    let layer = blob(&image, "application/vnd.oci.image.layer.v1.tar+gzip");
    let mut tar = Command::new("tar")
        .args(["-xzO", FILE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    tar.stdin.take().unwrap().write_all(&layer.bytes).unwrap();
    assert_eq!(tar.wait_with_output().unwrap().stdout, MODULE);
}

#[test]
fn an_image_tells_the_checksum_of_its_unpacked_layer() {
    let image = Image::new(MODULE, Form::Image).unwrap();
    let layer = blob(&image, "application/vnd.oci.image.layer.v1.tar+gzip");
    let mut archive = Vec::new();
    flate2::read::GzDecoder::new(layer.bytes.as_slice()).read_to_end(&mut archive).unwrap();
    let config = blob(&image, "application/vnd.oci.image.config.v1+json");
    let config: Value = serde_json::from_slice(&config.bytes).unwrap();
    let digest = format!("sha256:{}", sha256(&archive));
    assert_eq!(config.pointer("/rootfs/diff_ids"), Some(&json!([digest])));
}

#[test]
fn an_artifact_has_the_module_as_a_layer() {
    let image = Image::new(MODULE, Form::Artifact).unwrap();
    let content = blob(&image, "application/vnd.module.wasm.content.layer.v1+wasm");
    assert_eq!(content.bytes, MODULE);
    let manifest: Value = serde_json::from_slice(&image.manifest.bytes).unwrap();
    assert_eq!(manifest.get("layers").and_then(Value::as_array).map(Vec::len), Some(2));
}

#[test]
fn a_manifest_names_every_blob_with_digest_and_size() {
    for form in [Form::Image, Form::Artifact] {
        let image = Image::new(MODULE, form).unwrap();
        let manifest: Value = serde_json::from_slice(&image.manifest.bytes).unwrap();
        let mut named = manifest.get("layers").and_then(Value::as_array).unwrap().clone();
        named.insert(0, manifest.get("config").unwrap().clone());
        let expected: Vec<Value> = image.blobs.iter().map(Blob::descriptor).collect();
        assert_eq!(named, expected);
    }
}

#[test]
fn equal_modules_are_equal_images_and_others_are_not() {
    let new = |module: &[u8]| Image::new(module, Form::Image).unwrap();
    assert_eq!(new(MODULE), new(MODULE));
    assert_ne!(new(MODULE).manifest.digest(), new(b"\0asm\x01\0\0\0").manifest.digest());
}

#[test]
fn the_digest_is_the_one_everybody_computes() {
    assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

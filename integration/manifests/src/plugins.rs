//! The kinds that name an image: `WasmPlugin`, `TrafficExtension`, `EnvoyExtensionPolicy`.

use crate::manifest::{Object, Pinned, REGISTRY};
use crate::source::Source;
use crate::text::{comment, indented};

pub(crate) fn objects(source: &Source, pinned: Option<&Pinned>) -> [Object; 3] {
    [
        wasm_plugin(source, pinned),
        traffic_extension(source, pinned),
        extension_policy(source, pinned),
    ]
}

/// The image, without a scheme.
fn image(source: &Source, pinned: Option<&Pinned>) -> String {
    let registry = pinned.map_or(REGISTRY, |pinned| &pinned.registry);
    format!("{registry}/{}:{}", source.name, env!("CARGO_PKG_VERSION"))
}

/// `sha256: "…"`, if the build is known; without the quotes one of digits only would be a number.
fn checksum(pinned: Option<&Pinned>, indent: usize) -> String {
    let margin = " ".repeat(indent);
    pinned.map(|pinned| format!("{margin}sha256: \"{}\"\n", pinned.digest)).unwrap_or_default()
}

/// What `WasmPlugin` and `TrafficExtension` share, indented by `indent`.
fn wasm(source: &Source, pinned: Option<&Pinned>, indent: usize) -> String {
    let margin = " ".repeat(indent);
    format!(
        "{margin}url: oci://{url}\n{checksum}{margin}pluginName: {name}\n{reason}\n\
         {margin}failStrategy: {strategy}\n{margin}pluginConfig:\n{config}\n",
        url = image(source, pinned),
        checksum = checksum(pinned, indent),
        name = source.name,
        reason = comment(&source.reason, indent),
        strategy = source.failure_policy.istio(),
        config = indented(&source.configuration, indent + 2),
    )
}

/// Whose traffic, as both kinds say it.
fn selection(source: &Source) -> String {
    format!(
        "  selector:\n    matchLabels: {{ballast/{}: enabled}}\n  match:\n  - mode: {}\n",
        source.folder, source.metadata.mode
    )
}

/// `mode` in a reader's words.
fn direction(source: &Source) -> &'static str {
    match source.metadata.mode.as_str() {
        "SERVER" => "receive",
        "CLIENT" => "send",
        _ => "receive and send",
    }
}

fn wasm_plugin(source: &Source, pinned: Option<&Pinned>) -> Object {
    let Source { folder, name, .. } = source;
    Object {
        folder: "wasm-plugin",
        file: "wasm-plugin.yaml",
        purpose: format!(
            "{name} on the requests that labelled workloads {}; the proxy's agent pulls the image.",
            direction(source)
        ),
        body: format!(
            "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata:\n  name: {folder}\n\
             spec:\n{}{}",
            selection(source),
            wasm(source, pinned, 2)
        ),
    }
}

fn traffic_extension(source: &Source, pinned: Option<&Pinned>) -> Object {
    let Source { folder, name, .. } = source;
    Object {
        folder: "traffic-extension",
        file: "traffic-extension.yaml",
        purpose: format!(
            "{name} on the requests that labelled workloads {}, by the kind that follows WasmPlugin.",
            direction(source)
        ),
        body: format!(
            "apiVersion: extensions.istio.io/v1alpha1\nkind: TrafficExtension\nmetadata:\n  \
             name: {folder}\nspec:\n{}  wasm:\n{}",
            selection(source),
            wasm(source, pinned, 4)
        ),
    }
}

fn extension_policy(source: &Source, pinned: Option<&Pinned>) -> Object {
    let Source { folder, name, metadata, .. } = source;
    let open = metadata.fail_open_without_reload;
    let then = if open { "requests pass without it" } else { "requests are refused" };
    let reason = format!(
        "Envoy Gateway knows no FAIL_RELOAD: once the VM has failed, {then} until Envoy restarts."
    );
    let body = format!(
        "apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyExtensionPolicy\nmetadata:\n  \
         name: {folder}\nspec:\n  targetRefs:\n  - group: gateway.networking.k8s.io\n    \
         kind: HTTPRoute\n    name: with-{folder}\n  wasm:\n  - name: {name}\n{reason}\n    \
         failOpen: {open}\n    code:\n      type: Image\n      image:\n        url: {url}\n{checksum}    \
         config:\n{config}\n",
        reason = comment(&reason, 4),
        url = image(source, pinned),
        checksum = checksum(pinned, 8),
        config = indented(&source.configuration, 6),
    );
    Object {
        folder: "envoy-gateway",
        file: "envoy-extension-policy.yaml",
        purpose: format!("{name} on the HTTPRoute `with-{folder}` of Envoy Gateway."),
        body,
    }
}

//! The kinds that name an image: `WasmPlugin`, `TrafficExtension`, `EnvoyExtensionPolicy`.

use crate::manifest::{Object, Pinned, REGISTRY};
use crate::source::{Plugin, Side, Source};
use crate::text::{comment, indented};
use anyhow::Result;

pub(crate) fn objects(source: &Source, pinned: Option<&Pinned>) -> Result<[Object; 3]> {
    Ok([
        wasm_plugin(source, pinned),
        traffic_extension(source, pinned),
        extension_policy(source, source.plugin(Side::Inbound)?, pinned),
    ])
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
fn wasm(source: &Source, plugin: &Plugin, pinned: Option<&Pinned>, indent: usize) -> String {
    let margin = " ".repeat(indent);
    format!(
        "{margin}url: oci://{url}\n{checksum}{margin}pluginName: {name}\n{reason}\n\
         {margin}failStrategy: {strategy}\n{margin}pluginConfig:\n{config}\n",
        url = image(source, pinned),
        checksum = checksum(pinned, indent),
        name = plugin.name,
        reason = comment(&plugin.reason, indent),
        strategy = plugin.failure_policy.istio(),
        config = indented(&plugin.configuration, indent + 2),
    )
}

/// Whose traffic, as both kinds say it, and the end of the object's name.
fn mode<'a>(source: &'a Source, plugin: &Plugin) -> (&'a str, &'static str) {
    match plugin.side {
        Some(Side::Inbound) => ("SERVER", "-inbound"),
        Some(Side::Outbound) => ("CLIENT", "-outbound"),
        None => (&source.metadata.mode, ""),
    }
}

/// An object for every plugin: what it begins with, whom it is for, and `rest`.
fn for_each_plugin(source: &Source, kind: &str, rest: impl Fn(&Plugin) -> String) -> String {
    let object = |plugin: &Plugin| {
        let (mode, suffix) = mode(source, plugin);
        format!(
            "apiVersion: extensions.istio.io/v1alpha1\nkind: {kind}\nmetadata:\n  \
             name: {folder}{suffix}\nspec:\n  selector:\n    \
             matchLabels: {{ballast/{folder}: enabled}}\n  match:\n  - mode: {mode}\n{rest}",
            folder = source.folder,
            rest = rest(plugin),
        )
    };
    source.plugins.iter().map(object).collect::<Vec<_>>().join("---\n")
}

/// Whose requests, in a reader's words.
fn direction(source: &Source) -> &'static str {
    match (source.plugins.len(), source.metadata.mode.as_str()) {
        (1, "SERVER") => "receive",
        (1, "CLIENT") => "send",
        _ => "receive and send",
    }
}

fn wasm_plugin(source: &Source, pinned: Option<&Pinned>) -> Object {
    Object {
        folder: "wasm-plugin",
        file: "wasm-plugin.yaml",
        purpose: format!(
            "{} on the requests that labelled workloads {}; the proxy's agent pulls the image.",
            source.name,
            direction(source)
        ),
        body: for_each_plugin(source, "WasmPlugin", |plugin| wasm(source, plugin, pinned, 2)),
    }
}

fn traffic_extension(source: &Source, pinned: Option<&Pinned>) -> Object {
    Object {
        folder: "traffic-extension",
        file: "traffic-extension.yaml",
        purpose: format!(
            "{} on the requests that labelled workloads {}, by the kind that follows WasmPlugin.",
            source.name,
            direction(source)
        ),
        body: for_each_plugin(source, "TrafficExtension", |plugin| {
            format!("  wasm:\n{}", wasm(source, plugin, pinned, 4))
        }),
    }
}

fn extension_policy(source: &Source, plugin: &Plugin, pinned: Option<&Pinned>) -> Object {
    let Source { folder, name, metadata, .. } = source;
    let open = metadata.fail_open_without_reload;
    let then = if open { "requests pass without it" } else { "requests are refused" };
    let reason = format!(
        "Envoy Gateway knows no FAIL_RELOAD: once the VM has failed, {then} until Envoy restarts."
    );
    let body = format!(
        "apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyExtensionPolicy\nmetadata:\n  \
         name: {folder}\nspec:\n  targetRefs:\n  - group: gateway.networking.k8s.io\n    \
         kind: HTTPRoute\n    name: with-{folder}\n  wasm:\n  - name: {plugin_name}\n{reason}\n    \
         failOpen: {open}\n    code:\n      type: Image\n      image:\n        url: {url}\n{checksum}    \
         config:\n{config}\n",
        plugin_name = plugin.name,
        reason = comment(&reason, 4),
        url = image(source, pinned),
        checksum = checksum(pinned, 8),
        config = indented(&plugin.configuration, 6),
    );
    Object {
        folder: "envoy-gateway",
        file: "envoy-extension-policy.yaml",
        purpose: format!("{name} on the HTTPRoute `with-{folder}` of Envoy Gateway."),
        body,
    }
}

//! An `EnvoyFilter` that puts a filter of ours right before the router.

use super::placement::Placement;
use super::plan::Plugin;
use anyhow::Result;
use serde_json::{Map, Value, json};

const CONNECTION_MANAGER: &str = "envoy.filters.network.http_connection_manager";
const ROUTER: &str = "envoy.filters.http.router";
const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const STRING_VALUE: &str = "type.googleapis.com/google.protobuf.StringValue";

/// The manifest; `modules` is the folder where the proxy finds the modules.
pub(crate) fn envoy_filter(placement: &Placement, plugin: &Plugin, modules: &str) -> Result<Value> {
    let mut spec = Map::new();
    if !placement.labels.is_empty() {
        spec.insert("workloadSelector".to_owned(), json!({ "labels": placement.labels }));
    }
    let filter = placement.filter;
    let text = serde_json::to_string_pretty(&plugin.config)? + "\n";
    let wasm = json!({
        "name": filter,
        "failure_policy": "FAIL_RELOAD",
        "vm_config": {
            "vm_id": filter,
            "runtime": "envoy.wasm.runtime.v8",
            "code": { "local": { "filename": format!("{modules}/{filter}.wasm") } },
        },
        "configuration": { "@type": STRING_VALUE, "value": text },
    });
    // One for fewer workloads comes after the one that it takes the place of.
    let (operation, next) =
        if plugin.replaces { ("REPLACE", filter) } else { ("INSERT_BEFORE", ROUTER) };
    if plugin.replaces {
        spec.insert("priority".to_owned(), json!(10 + placement.labels.len()));
    }
    let chain = json!({ "filter": { "name": CONNECTION_MANAGER, "subFilter": { "name": next } } });
    let patch = json!({
        "applyTo": "HTTP_FILTER",
        "match": { "context": placement.context.istio(), "listener": { "filterChain": chain } },
        "patch": {
            "operation": operation,
            "value": { "name": filter, "typed_config": { "@type": WASM, "config": wasm } },
        },
    });
    spec.insert("configPatches".to_owned(), json!([patch]));
    Ok(json!({
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": { "name": placement.name(), "namespace": placement.namespace },
        "spec": spec,
    }))
}

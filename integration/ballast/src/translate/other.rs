//! Documents that no filter of ours takes: served by stock Istio as they are, brought up to date, or
//! named.

use super::plan::{Plan, Source};
use super::route_rule::host;
use serde_json::{Map, Value, json};

/// API groups, and the version that Istio serves today.
const VERSIONS: [(&str, &str); 3] = [
    ("networking.istio.io/", "networking.istio.io/v1"),
    ("security.istio.io/", "security.istio.io/v1"),
    ("telemetry.istio.io/", "telemetry.istio.io/v1"),
];

/// Kinds that are gone, and what does it today.
const GONE: [(&str, &str); 14] = [
    ("ClusterRbacConfig", "AuthorizationPolicy: one that allows nothing, in the root namespace"),
    ("RbacConfig", "AuthorizationPolicy: one that allows nothing, in the root namespace"),
    ("ServiceRole", "AuthorizationPolicy.rules[].to, or rules of acl"),
    ("ServiceRoleBinding", "AuthorizationPolicy.rules[].from, or rules of acl"),
    ("metric", "Istio's Telemetry; every filter of ours counts by rule"),
    ("prometheus", "Envoy's /stats/prometheus"),
    ("logentry", "Istio's Telemetry: access logs; every filter of ours tells them what it did"),
    ("stdio", "Istio's Telemetry: access logs"),
    ("fluentd", "Istio's Telemetry: access logs over gRPC"),
    ("tracespan", "Istio's Telemetry: tracing; trace_propagation keeps one trace at every hop"),
    ("kubernetes", "Istio's peer metadata, which Envoy has as attributes"),
    ("kubernetesenv", "Istio's peer metadata, which Envoy has as attributes"),
    ("attributemanifest", "Envoy's attributes"),
    ("opa", "an AuthorizationPolicy with action CUSTOM (envoy.filters.http.ext_authz)"),
];

/// Translates one.
pub(crate) fn translate(source: &Source<'_>, plan: &mut Plan) {
    let root = source.root();
    let kind = source.kind();
    match kind {
        "EgressRule" => egress(source, plan),
        "Policy" | "MeshPolicy" => authentication(source, plan),
        "Ingress" => {
            plan.served(&root, "Istio's ingress controller, or a Gateway and a VirtualService");
            plan.stock.push(source.value.clone());
        }
        _ => match GONE.iter().find(|(gone, _)| *gone == kind) {
            Some((_, today)) => plan.lost(&root, format!("gone from Istio; today {today}")),
            None => as_it_is(source, plan),
        },
    }
}

/// Istio's and Kubernetes' documents of today.
fn as_it_is(source: &Source<'_>, plan: &mut Plan) {
    let mut document = source.value.clone();
    let version = source.value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let keeps = ["EnvoyFilter", "ProxyConfig"].contains(&source.kind());
    let today = VERSIONS.iter().find(|(group, _)| version.starts_with(group) && !keeps);
    if let (Some((_, today)), Some(document)) = (today, document.as_object_mut()) {
        document.insert("apiVersion".to_owned(), json!(today));
    } else if version.starts_with("config.istio.io/") {
        plan.lost(&source.root(), "gone from Istio, and no translation knows it");
        return;
    }
    plan.served(&source.root(), "served as it is written");
    plan.stock.push(document);
}

/// `EgressRule` (v1alpha2) is a `ServiceEntry` today.
fn egress(source: &Source<'_>, plan: &mut Plan) {
    let spec = source.root().key("spec");
    plan.leftovers(&spec, &["destination", "ports", "useEgressProxy"]);
    let host = host(&spec.key("destination"));
    let ports = spec.key("ports").items().into_iter().map(|at| {
        let number = at.value.get("port").cloned().unwrap_or_default();
        let protocol = at.text("protocol").unwrap_or("http").to_ascii_uppercase();
        let name = format!("{}-{number}", protocol.to_ascii_lowercase());
        json!({ "number": number, "name": name, "protocol": protocol })
    });
    let ports: Vec<Value> = ports.collect();
    let resolution = if host.starts_with('*') { "NONE" } else { "DNS" };
    plan.served(&spec, "ServiceEntry; with acl on the outbound side hosts are refused by name");
    plan.stock.push(json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": { "name": source.name(), "namespace": source.namespace() },
        "spec": {
            "hosts": [host], "location": "MESH_EXTERNAL", "resolution": resolution, "ports": ports,
        },
    }));
}

/// `Policy` and `MeshPolicy` (authentication.istio.io) are `PeerAuthentication` today.
fn authentication(source: &Source<'_>, plan: &mut Plan) {
    let spec = source.root().key("spec");
    plan.leftovers(&spec, &["targets", "peers", "peerIsOptional"]);
    let mode = spec.key("peers").items().into_iter().find_map(|peer| {
        let mtls = peer.value.get("mtls")?;
        Some(mtls.get("mode").and_then(Value::as_str).unwrap_or("STRICT").to_owned())
    });
    let mode = mode.unwrap_or_else(|| "DISABLE".to_owned());
    let namespace = if source.kind() == "MeshPolicy" { "istio-system" } else { source.namespace() };
    let names: Vec<&str> =
        spec.key("targets").items().iter().filter_map(|at| at.text("name")).collect();
    let selectors: Vec<Option<&str>> = match names.as_slice() {
        [] => vec![None],
        names => names.iter().copied().map(Some).collect(),
    };
    plan.served(&spec, "PeerAuthentication; a target is the workloads with its name as label app");
    for name in selectors {
        let mut policy = Map::from_iter([("mtls".to_owned(), json!({ "mode": mode }))]);
        if let Some(app) = name {
            policy.insert("selector".to_owned(), json!({ "matchLabels": { "app": app } }));
        }
        plan.stock.push(json!({
            "apiVersion": "security.istio.io/v1",
            "kind": "PeerAuthentication",
            "metadata": { "name": name.unwrap_or(source.name()), "namespace": namespace },
            "spec": policy,
        }));
    }
}

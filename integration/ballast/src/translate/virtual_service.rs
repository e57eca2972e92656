//! `VirtualService`: its faults become ours, the rest stays with Istio.

use super::fault::{self, Route, Scope};
use super::placement::Context;
use super::plan::{At, Plan, Source};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where gateways run unless a document says otherwise.
const GATEWAY_LABEL: (&str, &str) = ("istio", "ingressgateway");

/// Translates one; `gateways` are the labels that the given `Gateway` documents select, by name.
pub(crate) fn translate(
    source: &Source<'_>,
    gateways: &BTreeMap<String, BTreeMap<String, String>>,
    plan: &mut Plan,
) {
    let spec = source.root().key("spec");
    let known = ["hosts", "gateways", "http", "tls", "tcp", "exportTo"];
    plan.leftovers(&spec, &known);
    let routes: Vec<Route<'_>> = spec.key("http").items().into_iter().map(route).collect();
    let has_faults = routes.iter().any(|route| route.fault.is_some());
    let scope = Scope {
        name: source.name().to_owned(),
        namespace: source.namespace().to_owned(),
        hosts: spec.key("hosts").texts().into_iter().map(str::to_owned).collect(),
        places: places(&spec, gateways),
    };
    fault::translate(&scope, &routes, plan);
    let is_split = spec.key("http").items().iter().any(|at| at.key("route").items().len() > 1);
    let without = if has_faults { ", without the faults" } else { "" };
    let sticky = if is_split { "; routing_hints makes the weights sticky" } else { "" };
    plan.served(&spec, format!("Istio routes as it is written{without}{sticky}"));
    if has_faults && scope.places.iter().any(|(context, _)| *context == Context::Gateway) {
        plan.served(
            &spec.key("gateways"),
            "put the gateway's EnvoyFilter into the gateway's namespace",
        );
    }
    let document = modern(source, plan);
    plan.stock.push(document);
}

fn route(at: At<'_>) -> Route<'_> {
    let matches = at.key("match").items();
    let matches = matches.into_iter().map(|entry| {
        let value = entry.value.clone();
        (entry, value)
    });
    Route { fault: at.get("fault"), matches: matches.collect(), at }
}

/// The mesh, gateways, or both.
fn places(
    spec: &At<'_>,
    gateways: &BTreeMap<String, BTreeMap<String, String>>,
) -> Vec<(Context, BTreeMap<String, String>)> {
    let names = spec.key("gateways").texts();
    if names.is_empty() {
        return vec![(Context::Outbound, BTreeMap::new())];
    }
    let place = |name: &str| {
        if name == "mesh" {
            return (Context::Outbound, BTreeMap::new());
        }
        let name = name.rsplit('/').next().unwrap_or(name);
        let (label, value) = GATEWAY_LABEL;
        let default = || BTreeMap::from([(label.to_owned(), value.to_owned())]);
        (Context::Gateway, gateways.get(name).cloned().unwrap_or_else(default))
    };
    let mut places: Vec<_> = names.into_iter().map(place).collect();
    places.sort();
    places.dedup();
    places
}

/// The document for today's Istio, without the faults.
fn modern(source: &Source<'_>, plan: &mut Plan) -> Value {
    let mut document = source.value.clone();
    if let Some(document) = document.as_object_mut() {
        document.insert("apiVersion".to_owned(), json!("networking.istio.io/v1"));
    }
    let routes = document.pointer_mut("/spec/http").and_then(Value::as_array_mut);
    let https = source.root().key("spec").key("http").items();
    for (route, at) in routes.into_iter().flatten().filter_map(Value::as_object_mut).zip(https) {
        route.shift_remove("fault");
        if route.shift_remove("websocketUpgrade").is_some() {
            plan.served(&at.key("websocketUpgrade"), "Envoy upgrades WebSockets by itself today");
        }
        if let Some(headers) = route.shift_remove("appendHeaders") {
            plan.served(&at.key("appendHeaders"), "today headers.request.add");
            add_headers(route, headers);
        }
    }
    document
}

/// `appendHeaders` in today's words.
pub(crate) fn add_headers(route: &mut Map<String, Value>, headers: Value) {
    route.insert("headers".to_owned(), json!({ "request": { "add": headers } }));
}

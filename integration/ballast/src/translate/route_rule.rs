//! `RouteRule` (v1alpha2): the rules of a destination become one `VirtualService`, their labels subsets
//! of a `DestinationRule`, their faults ours.

use super::fault::{self, Route, Scope, duration};
use super::placement::Context;
use super::plan::{At, Plan, Source};
use super::virtual_service::add_headers;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The rules of each destination, and the subsets that they name.
pub(crate) type Subsets = BTreeMap<(String, String), BTreeMap<String, Value>>;

/// Translates all of them.
pub(crate) fn translate(sources: &[&Source<'_>], subsets: &mut Subsets, plan: &mut Plan) {
    let mut destinations: BTreeMap<(String, String), Vec<&Source<'_>>> = BTreeMap::new();
    for source in sources {
        let host = host(&source.root().key("spec").key("destination"));
        destinations.entry((source.namespace().to_owned(), host)).or_default().push(source);
    }
    for ((namespace, host), mut rules) in destinations {
        // The greater precedence is asked first.
        rules.sort_by_key(|rule| std::cmp::Reverse(precedence(rule)));
        destination(&namespace, &host, &rules, subsets, plan);
    }
}

fn precedence(rule: &Source<'_>) -> i64 {
    rule.value.pointer("/spec/precedence").and_then(Value::as_i64).unwrap_or_default()
}

fn destination(
    namespace: &str,
    host: &str,
    rules: &[&Source<'_>],
    subsets: &mut Subsets,
    plan: &mut Plan,
) {
    let mut routes = Vec::new();
    let mut http = Vec::new();
    for rule in rules {
        let spec = rule.root().key("spec");
        plan.leftovers(&spec, &KNOWN);
        let matches = conditions(&spec, plan);
        let mut route = Map::new();
        if let Some(conditions) = &matches {
            route.insert("match".to_owned(), json!([conditions]));
        }
        actions(&spec, host, namespace, &mut route, subsets, plan);
        http.push(Value::Object(route));
        plan.served(&spec, format!("route {} of VirtualService {host}", http.len()));
        let matches = matches.map(|conditions| (spec.key("match"), conditions));
        let matches = matches.into_iter().collect();
        routes.push(Route { fault: spec.get("httpFault"), matches, at: spec });
    }
    if http.iter().all(|route| route.get("match").is_some()) {
        // Which no rule was for went to the service all the same; without a route it would be 404.
        http.push(json!({ "route": [{ "destination": { "host": host } }] }));
    }
    let scope = Scope {
        name: host.to_owned(),
        namespace: namespace.to_owned(),
        hosts: vec![host.to_owned()],
        places: vec![(Context::Outbound, BTreeMap::new())],
    };
    fault::translate(&scope, &routes, plan);
    plan.stock.push(json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": { "name": host, "namespace": namespace },
        "spec": { "hosts": [host], "http": http },
    }));
}

/// The fields of a `RouteRule`'s `spec`.
const KNOWN: [&str; 14] = [
    "destination",
    "precedence",
    "match",
    "route",
    "redirect",
    "rewrite",
    "websocketUpgrade",
    "httpReqTimeout",
    "httpReqRetries",
    "httpFault",
    "mirror",
    "corsPolicy",
    "appendHeaders",
    "name",
];

/// A destination's name, with its namespace and domain where it says them.
pub(crate) fn host(at: &At<'_>) -> String {
    if let Some(service) = at.text("service") {
        return service.to_owned();
    }
    let name = at.text("name").unwrap_or_default();
    match (at.text("namespace"), at.text("domain")) {
        (None, _) => name.to_owned(),
        (Some(namespace), domain) => {
            format!("{name}.{namespace}.svc.{}", domain.unwrap_or("cluster.local"))
        }
    }
}

/// `match` in today's words; `None` where there is none.
fn conditions(spec: &At<'_>, plan: &mut Plan) -> Option<Value> {
    let at = spec.get("match")?;
    plan.leftovers(&at, &["source", "request"]);
    let mut entry = Map::new();
    if let Some(source) = at.get("source") {
        let mut labels = source.key("labels").value.as_object().cloned().unwrap_or_default();
        if let Some(name) = source.text("name") {
            labels.insert("app".to_owned(), json!(name));
        }
        entry.insert("sourceLabels".to_owned(), Value::Object(labels));
    }
    let mut headers = Map::new();
    for (name, value) in at.key("request").key("headers").entries() {
        // Parts of the request line were headers of these names.
        if ["uri", "scheme", "method", "authority"].contains(&name) {
            entry.insert(name.to_owned(), value.value.clone());
        } else {
            headers.insert(name.to_ascii_lowercase(), value.value.clone());
        }
    }
    if !headers.is_empty() {
        entry.insert("headers".to_owned(), Value::Object(headers));
    }
    Some(Value::Object(entry))
}

/// Where matching requests go, and how.
fn actions(
    spec: &At<'_>,
    host: &str,
    namespace: &str,
    route: &mut Map<String, Value>,
    subsets: &mut Subsets,
    plan: &mut Plan,
) {
    let mut target = |at: &At<'_>, own: &str| {
        let mut destination = Map::from_iter([("host".to_owned(), json!(own))]);
        if let Some(labels) = at.get("labels") {
            let name = subset(labels.value);
            destination.insert("subset".to_owned(), json!(name));
            let key = (namespace.to_owned(), own.to_owned());
            subsets.entry(key).or_default().insert(name, labels.value.clone());
        }
        Value::Object(destination)
    };
    let mut destinations = Vec::new();
    for at in spec.key("route").items() {
        let own = at.get("destination").map_or_else(|| host.to_owned(), |at| self::host(&at));
        let mut entry = Map::from_iter([("destination".to_owned(), target(&at, &own))]);
        if let Some(weight) = at.get("weight") {
            entry.insert("weight".to_owned(), weight.value.clone());
        }
        destinations.push(Value::Object(entry));
    }
    if destinations.is_empty() {
        destinations.push(json!({ "destination": { "host": host } }));
    }
    let (field, value) = match spec.get("redirect") {
        Some(redirect) => ("redirect", redirect.value.clone()),
        None => ("route", Value::Array(destinations)),
    };
    route.insert(field.to_owned(), value);
    if let Some(mirror) = spec.get("mirror") {
        route.insert("mirror".to_owned(), target(&mirror, &self::host(&mirror)));
    }
    for field in ["rewrite", "corsPolicy"] {
        if let Some(value) = spec.get(field) {
            route.insert(field.to_owned(), value.value.clone());
        }
    }
    if let Some(headers) = spec.get("appendHeaders") {
        add_headers(route, headers.value.clone());
    }
    times(spec, route, plan);
}

/// Timeouts and retries.
fn times(spec: &At<'_>, route: &mut Map<String, Value>, plan: &mut Plan) {
    if let Some(timeout) = spec.get("httpReqTimeout") {
        match timeout.value.pointer("/simpleTimeout/timeout").and_then(Value::as_str) {
            Some(time) => {
                route.insert("timeout".to_owned(), json!(duration(time)));
            }
            None => plan.lost(&timeout, "Istio knows simpleTimeout only"),
        }
    }
    if let Some(retries) = spec.get("httpReqRetries") {
        match retries.value.get("simpleRetry").and_then(Value::as_object) {
            Some(simple) => {
                route.insert("retries".to_owned(), Value::Object(simple.clone()));
            }
            None => plan.lost(&retries, "Istio knows simpleRetry only"),
        }
    }
    if let Some(upgrade) = spec.get("websocketUpgrade") {
        plan.served(&upgrade, "Envoy upgrades WebSockets by itself today");
    }
}

/// A subset's name: `v1` for `{version: v1}`.
pub(crate) fn subset(labels: &Value) -> String {
    let labels = labels.as_object().into_iter().flatten();
    let values: Vec<&str> = labels.filter_map(|(_, value)| value.as_str()).collect();
    values.join("-").to_ascii_lowercase().replace(['.', '_'], "-")
}

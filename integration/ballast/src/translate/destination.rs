//! `DestinationPolicy` (v1alpha2) and `DestinationRule`: what Envoy itself does with a cluster.

use super::plan::{At, Plan, Source};
use super::route_rule::{Subsets, host, subset};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// `DestinationRule`s of policies and of the subsets that routes name.
#[derive(Default)]
pub(crate) struct Rules {
    /// By namespace and host: the policy of the whole host, and those of subsets.
    policies: BTreeMap<(String, String), Policies>,
    pub(crate) subsets: Subsets,
}

#[derive(Default)]
struct Policies {
    whole: Option<Value>,
    of_subsets: BTreeMap<String, Value>,
}

impl Rules {
    /// Takes a `DestinationPolicy`.
    pub(crate) fn policy(&mut self, source: &Source<'_>, plan: &mut Plan) {
        let spec = source.root().key("spec");
        plan.leftovers(&spec, &["source", "destination", "loadBalancing", "circuitBreaker"]);
        if let Some(callers) = spec.get("source") {
            let why = "Istio's policies hold for all callers; a Sidecar or a DestinationRule in their \
                       namespace narrows it";
            plan.lost(&callers, why);
        }
        let destination = spec.key("destination");
        let key = (source.namespace().to_owned(), host(&destination));
        let policy = traffic_policy(&spec, plan);
        plan.served(&spec, format!("trafficPolicy of DestinationRule {}", key.1));
        let policies = self.policies.entry(key.clone()).or_default();
        match destination.get("labels") {
            None => policies.whole = Some(policy),
            Some(labels) => {
                let name = subset(labels.value);
                policies.of_subsets.insert(name.clone(), policy);
                self.subsets.entry(key).or_default().insert(name, labels.value.clone());
            }
        }
    }

    /// The documents.
    pub(crate) fn finish(mut self, plan: &mut Plan) {
        for key in self.subsets.keys() {
            self.policies.entry(key.clone()).or_default();
        }
        for ((namespace, host), policies) in self.policies {
            let mut spec = Map::from_iter([("host".to_owned(), json!(host))]);
            if let Some(policy) = policies.whole {
                spec.insert("trafficPolicy".to_owned(), policy);
            }
            let subsets = self.subsets.remove(&(namespace.clone(), host.clone()));
            let subsets = subsets.into_iter().flatten().map(|(name, labels)| {
                let policy = policies.of_subsets.get(&name).cloned();
                let mut subset = Map::from_iter([
                    ("name".to_owned(), json!(name)),
                    ("labels".to_owned(), labels),
                ]);
                subset.extend(policy.map(|policy| ("trafficPolicy".to_owned(), policy)));
                Value::Object(subset)
            });
            let subsets: Vec<Value> = subsets.collect();
            if !subsets.is_empty() {
                spec.insert("subsets".to_owned(), Value::Array(subsets));
            }
            plan.stock.push(json!({
                "apiVersion": "networking.istio.io/v1",
                "kind": "DestinationRule",
                "metadata": { "name": host, "namespace": namespace },
                "spec": spec,
            }));
        }
    }
}

/// Load balancing and `simpleCb` in today's words.
fn traffic_policy(spec: &At<'_>, plan: &mut Plan) -> Value {
    let mut policy = json!({});
    if let Some(name) = spec.key("loadBalancing").text("name") {
        put(&mut policy, "loadBalancer/simple", json!(name));
    }
    let Some(breaker) = spec.get("circuitBreaker") else { return policy };
    plan.leftovers(&breaker, &["simpleCb"]);
    // Each with its place in a `trafficPolicy`.
    const FIELDS: [(&str, &str); 9] = [
        ("maxConnections", "connectionPool/tcp/maxConnections"),
        ("httpMaxPendingRequests", "connectionPool/http/http1MaxPendingRequests"),
        ("httpMaxRequests", "connectionPool/http/http2MaxRequests"),
        ("httpMaxRequestsPerConnection", "connectionPool/http/maxRequestsPerConnection"),
        ("httpMaxRetries", "connectionPool/http/maxRetries"),
        ("httpConsecutiveErrors", "outlierDetection/consecutive5xxErrors"),
        ("httpDetectionInterval", "outlierDetection/interval"),
        ("sleepWindow", "outlierDetection/baseEjectionTime"),
        ("httpMaxEjectionPercent", "outlierDetection/maxEjectionPercent"),
    ];
    for (field, value) in breaker.key("simpleCb").entries() {
        match FIELDS.iter().find(|(name, _)| *name == field) {
            Some((_, place)) => put(&mut policy, place, value.value.clone()),
            None => plan.lost(&value, "no translation knows this field"),
        }
    }
    policy
}

/// Sets a value at a path of keys, making the objects on the way.
fn put(object: &mut Value, path: &str, value: Value) {
    let Some(object) = object.as_object_mut() else { return };
    match path.split_once('/') {
        None => {
            object.insert(path.to_owned(), value);
        }
        Some((key, rest)) => put(object.entry(key).or_insert_with(|| json!({})), rest, value),
    }
}

/// A `DestinationRule` for today's Istio.
pub(crate) fn modern(source: &Source<'_>, plan: &mut Plan) {
    let mut document = source.value.clone();
    if let Some(document) = document.as_object_mut() {
        document.insert("apiVersion".to_owned(), json!("networking.istio.io/v1"));
    }
    let spec = source.root().key("spec");
    rename(document.pointer_mut("/spec/trafficPolicy"), &spec.key("trafficPolicy"), plan);
    let own = document.pointer_mut("/spec/subsets").and_then(Value::as_array_mut);
    for (subset, at) in own.into_iter().flatten().zip(spec.key("subsets").items()) {
        rename(subset.get_mut("trafficPolicy"), &at.key("trafficPolicy"), plan);
    }
    plan.served(&spec, "Envoy does it as it is written");
    plan.stock.push(document);
}

/// `outlierDetection.http.consecutiveErrors` and `outlierDetection.consecutiveErrors` of older days.
fn rename(policy: Option<&mut Value>, at: &At<'_>, plan: &mut Plan) {
    let outlier = policy.and_then(|policy| policy.get_mut("outlierDetection"));
    let Some(outlier) = outlier.and_then(Value::as_object_mut) else { return };
    let at = at.key("outlierDetection");
    if let Some(Value::Object(http)) = outlier.shift_remove("http") {
        plan.served(&at.key("http"), "today without `http`");
        outlier.extend(http);
    }
    if let Some(count) = outlier.shift_remove("consecutiveErrors") {
        let why = "today consecutiveGatewayErrors (502, 503, 504), or consecutive5xxErrors";
        plan.served(&at.key("consecutiveErrors"), why);
        outlier.insert("consecutiveGatewayErrors".to_owned(), count);
    }
}

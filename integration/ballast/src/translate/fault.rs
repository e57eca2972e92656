//! Faults of Istio's routes, in the order of the routes.

use super::placement::{Context, Placement};
use super::plan::{At, Plan, rule_name};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The filter.
const FILTER: &str = "fault_injection";

/// A route of a host, whatever document it comes from.
pub(crate) struct Route<'s> {
    pub(crate) at: At<'s>,
    /// `HTTPMatchRequest`s; none: every request.
    pub(crate) matches: Vec<(At<'s>, Value)>,
    /// `HTTPFaultInjection`.
    pub(crate) fault: Option<At<'s>>,
}

/// Where routes hold.
pub(crate) struct Scope {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) hosts: Vec<String>,
    /// The mesh's sidecars or gateways, with the labels of the gateways.
    pub(crate) places: Vec<(Context, BTreeMap<String, String>)>,
}

/// Makes rules of the routes up to the last one with a fault: the first route that matches decides, so
/// one without a fault spares its requests.
pub(crate) fn translate(scope: &Scope, routes: &[Route<'_>], plan: &mut Plan) {
    let Some(last) = routes.iter().rposition(|route| route.fault.is_some()) else { return };
    let routes = routes.get(..=last).unwrap_or_default();
    let Some(labels) = source_labels(routes, plan) else { return };
    let mut rules = Vec::new();
    for route in routes {
        let name = if last == 0 {
            scope.name.clone()
        } else {
            format!("{}-{}", scope.name, rules.len() + 1)
        };
        let name = rule_name(&name);
        let fault = match &route.fault {
            Some(at) => fault(at, plan),
            None => json!({ "abort": { "httpStatus": 503, "percentage": { "value": 0 } } }),
        };
        let mut rule = Map::from_iter([("name".to_owned(), json!(name))]);
        let matches = matches(route, &scope.hosts, plan);
        if !matches.is_empty() {
            rule.insert("match".to_owned(), Value::Array(matches));
        }
        rule.insert("fault".to_owned(), fault);
        let at = route.fault.as_ref().unwrap_or(&route.at);
        let message = match route.fault {
            Some(_) => format!("{FILTER} rule {name}"),
            None => format!("{FILTER} rule {name}: spares what this route takes"),
        };
        plan.carried(at, message);
        rules.push(Value::Object(rule));
    }
    for (context, own) in &scope.places {
        let mut placement = Placement::new(FILTER, &scope.namespace, *context);
        let labels = if *context == Context::Outbound { &labels } else { own };
        placement.labels.clone_from(labels);
        for rule in &rules {
            plan.add(&placement, "rules", rule.clone());
        }
    }
}

/// The callers' labels that all routes ask for: the rules are put into those callers. `None` where the
/// routes differ in it.
fn source_labels(routes: &[Route<'_>], plan: &mut Plan) -> Option<BTreeMap<String, String>> {
    let entries: Vec<&(At<'_>, Value)> = routes.iter().flat_map(|route| &route.matches).collect();
    let labels = |value: &Value| {
        let labels = value.get("sourceLabels").and_then(Value::as_object).cloned();
        let labels = labels.unwrap_or_default().into_iter();
        labels
            .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
            .collect::<BTreeMap<String, String>>()
    };
    let wanted = entries.iter().map(|(_, value)| labels(value)).find(|labels| !labels.is_empty());
    let Some(wanted) = wanted else { return Some(BTreeMap::new()) };
    let has_other = |route: &Route<'_>| {
        route.matches.is_empty() || route.matches.iter().any(|(_, value)| labels(value) != wanted)
    };
    match routes.iter().find(|route| has_other(route)) {
        None => Some(wanted),
        Some(route) => {
            let why = "its callers differ from those of the other routes, and a filter is put into all \
                       its callers alike; Istio's own VirtualService fault does this";
            plan.lost(&route.at, why);
            None
        }
    }
}

/// The `match` of a rule: the route's, for the hosts alone.
fn matches(route: &Route<'_>, hosts: &[String], plan: &mut Plan) -> Vec<Value> {
    let hosts = host_condition(hosts);
    let mut entries = Vec::new();
    for (at, value) in &route.matches {
        entries.push(entry(at, value, plan));
    }
    if entries.is_empty() && hosts.is_some() {
        entries.push(Map::new());
    }
    for entry in &mut entries {
        if let Some(hosts) = &hosts {
            let headers = entry.entry("headers").or_insert_with(|| json!({}));
            if let Value::Object(headers) = headers {
                headers.insert(":authority".to_owned(), hosts.clone());
            }
        }
    }
    entries.into_iter().map(Value::Object).collect()
}

/// The fields of an `HTTPMatchRequest` that ours has; the others are named.
fn entry(at: &At<'_>, value: &Value, plan: &mut Plan) -> Map<String, Value> {
    const OURS: [&str; 9] = [
        "name",
        "uri",
        "scheme",
        "method",
        "authority",
        "headers",
        "withoutHeaders",
        "queryParams",
        "ignoreUriCase",
    ];
    let mut entry = Map::new();
    for (field, value) in value.as_object().into_iter().flatten() {
        match field.as_str() {
            field if OURS.contains(&field) => {
                entry.insert(field.to_owned(), value.clone());
            }
            "sourceLabels" => {}
            "port" => plan.lost(
                &at.key(field),
                "the rule holds for every port; an EnvoyFilter's match.listener.portNumber narrows it",
            ),
            "gateways" => plan.lost(
                &at.key(field),
                "the rule holds wherever the EnvoyFilter is put; its context and selector narrow it",
            ),
            "sourceNamespace" => plan.lost(
                &at.key(field),
                "the rule holds in the EnvoyFilter's namespace: put it into that of the callers",
            ),
            "statPrefix" => plan.lost(&at.key(field), "the filter counts by rule anyway"),
            _ => plan.lost(&at.key(field), "no translation knows this field"),
        }
    }
    entry
}

/// Every form in which a sidecar's application may name one of the hosts; `None` for any host.
fn host_condition(hosts: &[String]) -> Option<Value> {
    if hosts.iter().any(|host| host == "*") || hosts.is_empty() {
        return None;
    }
    let forms: Vec<String> = hosts.iter().map(|host| host_pattern(host)).collect();
    let all = if let [only] = forms.as_slice() {
        only.clone()
    } else {
        format!("(?:{})", forms.join("|"))
    };
    Some(json!({ "regex": format!("(?i){all}(?::[0-9]+)?") }))
}

fn host_pattern(host: &str) -> String {
    let host = host.trim_end_matches('.');
    let escaped = |text: &str| text.replace('.', "[.]");
    if let Some(suffix) = host.strip_prefix('*') {
        return format!(".+{}", escaped(suffix));
    }
    match host.split('.').collect::<Vec<_>>().as_slice() {
        [name] => format!("{name}(?:[.][a-z0-9-]+(?:[.]svc(?:[.][a-z0-9.-]+)?)?)?"),
        [name, namespace]
        | [name, namespace, "svc"]
        | [name, namespace, "svc", "cluster", "local"]
            if !is_domain(namespace, host) =>
        {
            format!("{name}(?:[.]{namespace}(?:[.]svc(?:[.][a-z0-9.-]+)?)?)?")
        }
        _ => escaped(host),
    }
}

/// `httpbin.org` is no service `httpbin` in a namespace `org`.
fn is_domain(last: &str, host: &str) -> bool {
    const TOP: [&str; 8] = ["com", "dev", "edu", "example", "io", "local", "net", "org"];
    !host.contains(".svc") && TOP.contains(&last)
}

/// `HTTPFaultInjection` in our words, which are nearly the same.
fn fault(at: &At<'_>, plan: &mut Plan) -> Value {
    let mut fault = Map::new();
    plan.leftovers(at, &["delay", "abort"]);
    if let Some(delay) = at.get("delay") {
        plan.leftovers(&delay, &["fixedDelay", "exponentialDelay", "percentage", "percent"]);
        let mut ours = Map::new();
        if let Some(time) = delay.text("fixedDelay") {
            ours.insert("fixedDelay".to_owned(), json!(duration(time)));
        }
        if let Some(time) = delay.text("exponentialDelay") {
            ours.insert("exponentialDelay".to_owned(), json!({ "mean": duration(time) }));
        }
        ours.insert("percentage".to_owned(), percentage(&delay, plan));
        fault.insert("delay".to_owned(), Value::Object(ours));
    }
    if let Some(abort) = at.get("abort") {
        plan.leftovers(
            &abort,
            &["httpStatus", "grpcStatus", "http2Error", "percentage", "percent"],
        );
        let mut ours = Map::new();
        for field in ["httpStatus", "grpcStatus"] {
            if let Some(value) = abort.get(field) {
                ours.insert(field.to_owned(), value.value.clone());
            }
        }
        if let Some(error) = abort.get("http2Error") {
            plan.carried(&error, "reset: a stream is reset with the code that Envoy chooses");
            ours.insert("reset".to_owned(), json!(true));
        }
        ours.insert("percentage".to_owned(), percentage(&abort, plan));
        fault.insert("abort".to_owned(), Value::Object(ours));
    }
    Value::Object(fault)
}

/// `percentage` or the older `percent`.
fn percentage(at: &At<'_>, plan: &mut Plan) -> Value {
    let value = at.value.pointer("/percentage/value").or_else(|| at.value.get("percent"));
    match value {
        Some(value) => json!({ "value": value }),
        None => {
            let why = "it has no percentage, which Istio reads as 0: so it stays, and does nothing";
            plan.lost(at, why);
            json!({ "value": 0 })
        }
    }
}

/// `7.000s` is `7s`.
pub(crate) fn duration(text: &str) -> String {
    let Some((whole, rest)) = text.split_once('.') else { return text.to_owned() };
    let Some(decimals) = rest.strip_suffix('s').filter(|rest| !rest.ends_with('m')) else {
        return text.to_owned();
    };
    match decimals.trim_end_matches('0') {
        "" => format!("{whole}s"),
        decimals => format!("{whole}.{decimals}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use filter_api::{HeaderPairs, RequestHead, encode_pairs};
    use matchers::{HttpMatchRequest, RequestMatcher};

    #[test]
    fn a_host_is_met_in_every_form_of_its_name() {
        let meets = |hosts: &[&str], authority: &str| {
            let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
            let list = json!([{ "headers": { ":authority": host_condition(&hosts).unwrap() } }]);
            let list: Vec<HttpMatchRequest> = serde_json::from_value(list).unwrap();
            let matcher = RequestMatcher::from_wire(&list, "match").unwrap();
            let bytes = encode_pairs([(":authority", authority)]);
            matcher.matches(&RequestHead::new(HeaderPairs::parse(&bytes)))
        };
        for name in ["ratings", "Ratings:9080", "ratings.prod", "ratings.prod.svc.cluster.local:80"]
        {
            assert!(meets(&["ratings"], name), "{name}");
            assert!(meets(&["reviews", "ratings.prod.svc.cluster.local"], name), "{name}");
        }
        assert!(!meets(&["ratings.prod"], "ratings.test"));
        assert!(!meets(&["ratings"], "xratings") && !meets(&["ratings"], "ratings-v2"));
        assert!(meets(&["httpbin.org"], "httpbin.org:80") && !meets(&["httpbin.org"], "httpbin"));
        assert!(
            meets(&["*.example.com"], "a.example.com") && !meets(&["*.example.com"], "example.com")
        );
        assert_eq!(host_condition(&["*".to_owned()]), None);
    }

    #[test]
    fn durations_lose_their_zeros() {
        for (istio, ours) in
            [("7.000s", "7s"), ("0.500s", "0.5s"), ("2s", "2s"), ("1.5ms", "1.5ms")]
        {
            assert_eq!(duration(istio), ours);
        }
    }
}

//! `listchecker` is a list of `acl`.

use super::Action;
use super::expression::value;
use super::select::select;
use crate::translate::fault::duration;
use crate::translate::placement::Placement;
use crate::translate::plan::{At, Plan, rule_name};
use serde_json::{Map, Value, json};

const FILTER: &str = "acl";

/// Translates an action.
pub(crate) fn translate(action: &Action<'_>, plan: &mut Plan) {
    let (source, params) = (action.handler.source, &action.handler.params);
    let namespace = action.rule.namespace();
    let Some(selected) = select(FILTER, namespace, &action.condition, plan) else { return };
    if let Some(clause) = selected.clauses.first() {
        let why = format!(
            "a list concerns every request; a condition on {} is for a rule of acl, with \
                           the entries as values or notValues of `when`",
            clause.attribute
        );
        plan.lost(&action.condition, why);
        return;
    }
    let known = ["overrides", "blacklist", "entryType", "providerUrl", "refreshInterval", "ttl"];
    let cached = ["cachingInterval", "cachingUseCount"];
    plan.leftovers(params, &[&known[..], &cached].concat());
    for at in cached.iter().filter_map(|field| params.get(field)) {
        plan.carried(&at, "not needed: nothing is cached, the filter decides in the proxy");
    }
    for instance in &action.instances {
        let at = instance.params.key("value");
        let (Some(expression), unknown) = value(at.value.as_str().unwrap_or_default()) else {
            plan.lost(&at, "no term of it is an attribute that Envoy tells a module");
            continue;
        };
        if !unknown.is_empty() {
            plan.lost(&at, format!("left out: Envoy has no {}", unknown.join(", ")));
        }
        let name = rule_name(source.name());
        let mut list = Map::from_iter([
            ("name".to_owned(), json!(name)),
            ("value".to_owned(), json!(expression)),
        ]);
        for field in ["entryType", "blacklist", "overrides"] {
            if let Some(at) = params.get(field) {
                list.insert(field.to_owned(), at.value.clone());
            }
        }
        if let Some(provider) = provider(params, &selected.placement, plan) {
            list.insert("provider".to_owned(), provider);
        }
        plan.set(&selected.placement, "namespace", json!(source.namespace()));
        plan.add(&selected.placement, "lists", Value::Object(list));
        plan.carried(&source.root(), format!("{FILTER} list {name}"));
        plan.carried(&instance.source.root(), format!("value of {FILTER} list {name}"));
        let place = selected.placement.name();
        plan.carried(&action.rule.root(), format!("{FILTER} list {name}, {place}"));
    }
}

/// A list that is fetched: through a cluster of Envoy's, which Istio makes of a `ServiceEntry`.
fn provider(params: &At<'_>, placement: &Placement, plan: &mut Plan) -> Option<Value> {
    let at = params.get("providerUrl")?;
    let url = at.value.as_str().unwrap_or_default();
    if url.is_empty() {
        return None;
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, port.to_owned()),
        None => (authority, if scheme == "https" { "443" } else { "80" }.to_owned()),
    };
    // Istio takes DNS names only.
    let named = host.replace('_', "-");
    let mut provider = Map::from_iter([
        ("cluster".to_owned(), json!(format!("outbound|{port}||{named}"))),
        ("path".to_owned(), json!(format!("/{path}"))),
        ("authority".to_owned(), json!(host)),
    ]);
    for field in ["refreshInterval", "ttl"] {
        if let Some(at) = params.get(field) {
            let time = at.value.as_str().unwrap_or_default();
            provider.insert(field.to_owned(), json!(duration(time)));
        }
    }
    let is_ip_list = params.text("entryType") == Some("IP_ADDRESSES");
    if is_ip_list {
        plan.lost(&at, "Mixer's lists of addresses were YAML; the filter wants one entry per line");
    }
    if !host.contains(".svc") && host.contains('.') {
        let renamed = if named == host { "" } else { "; no underscores in names of hosts" };
        plan.served(&at, format!("ServiceEntry {named}: Istio makes the cluster of it{renamed}"));
        let protocol = if scheme == "https" { "HTTPS" } else { "HTTP" };
        plan.stock.push(json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "ServiceEntry",
            "metadata": { "name": named.replace('.', "-"), "namespace": placement.namespace },
            "spec": {
                "hosts": [named], "location": "MESH_EXTERNAL", "resolution": "DNS",
                "ports": [{ "number": port.parse::<u16>().unwrap_or(80), "name": "list", "protocol": protocol }],
            },
        }));
    }
    Some(Value::Object(provider))
}

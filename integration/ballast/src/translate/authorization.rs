//! `AuthorizationPolicy`: rules of `acl`, in nearly the same words.

use super::placement::{Context, Placement};
use super::plan::{At, Plan, Source, rule_name};
use serde_json::{Map, Value, json};

const FILTER: &str = "acl";

/// Says in the policy's annotations that it only counts.
const DRY_RUN: &str = "/metadata/annotations/istio.io~1dry-run";

/// Translates one.
pub(crate) fn translate(source: &Source<'_>, plan: &mut Plan) {
    let spec = source.root().key("spec");
    plan.leftovers(&spec, &["selector", "targetRef", "targetRefs", "rules", "action", "provider"]);
    let action = spec.text("action").unwrap_or("ALLOW");
    if !["ALLOW", "DENY", "AUDIT"].contains(&action) {
        let why = "an external authorizer stays Istio's (envoy.filters.http.ext_authz): serve the \
                   policy as it is";
        plan.lost(&spec.key("action"), why);
        plan.stock.push(source.value.clone());
        return;
    }
    let placement = placement(source, &spec, plan);
    let is_shadow = source.value.pointer(DRY_RUN).and_then(Value::as_str) == Some("true");
    let rules = spec.key("rules").items();
    for (index, rule) in rules.iter().enumerate() {
        let name = match rules.len() {
            1 => source.name().to_owned(),
            _ => format!("{}-{}", source.name(), index + 1),
        };
        let rule = self::rule(rule, &rule_name(&name), action, is_shadow, plan);
        plan.add(&placement, "rules", rule);
    }
    // A policy without rules that allows nothing still refuses everything else.
    if rules.is_empty() && action == "ALLOW" {
        let name = rule_name(source.name());
        plan.carried(
            &spec,
            format!("{FILTER} rule {name}: allows nothing, so that all is refused"),
        );
        let never = json!([{ "operation": { "hosts": ["*"], "notHosts": ["*"] } }]);
        plan.add(&placement, "rules", json!({ "name": name, "action": "ALLOW", "to": never }));
    } else if rules.is_empty() {
        plan.lost(&spec, "a policy without rules that does not allow does nothing, in Istio too");
    }
}

fn placement(source: &Source<'_>, spec: &At<'_>, plan: &mut Plan) -> Placement {
    let mut placement = Placement::new(FILTER, source.namespace(), Context::Inbound);
    for (name, value) in spec.key("selector").key("matchLabels").entries() {
        if let Some(value) = value.value.as_str() {
            placement.labels.insert(name.to_owned(), value.to_owned());
        }
    }
    let mut targets = spec.key("targetRefs").items();
    targets.extend(spec.get("targetRef"));
    for target in targets {
        match (target.text("kind"), target.text("name")) {
            (Some("Gateway"), Some(name)) => {
                let label = "gateway.networking.k8s.io/gateway-name";
                placement.labels.insert(label.to_owned(), name.to_owned());
                placement.context = Context::Gateway;
            }
            _ => plan.lost(&target, "an EnvoyFilter selects workloads by labels: set its selector"),
        }
    }
    if placement.labels.values().any(|value| value.contains("gateway")) {
        placement.context = Context::Gateway;
    }
    placement
}

fn rule(at: &At<'_>, name: &str, action: &str, is_shadow: bool, plan: &mut Plan) -> Value {
    plan.leftovers(at, &["from", "to", "when"]);
    let mut rule =
        Map::from_iter([("name".to_owned(), json!(name)), ("action".to_owned(), json!(action))]);
    if is_shadow {
        rule.insert("mode".to_owned(), json!("SHADOW"));
    }
    for field in ["from", "to", "when"] {
        if let Some(value) = at.get(field) {
            rule.insert(field.to_owned(), value.value.clone());
        }
    }
    for source in at.key("from").items() {
        let source = source.key("source");
        for field in ["ipBlocks", "notIpBlocks"] {
            if let Some(blocks) = source.get(field) {
                let why = "Envoy tells a module no direct peer: the rule needs `evidence`, or the filter \
                           in front that the manual of acl shows";
                plan.lost(&blocks, why);
            }
        }
    }
    plan.carried(
        at,
        format!("{FILTER} rule {name}; Istio's own RBAC does it too, without its reply"),
    );
    Value::Object(rule)
}

//! `denier` is a rule of `acl` that denies.

use super::Action;
use super::select::{select, when};
use crate::translate::plan::{Plan, rule_name};
use serde_json::{Map, Value, json};

const FILTER: &str = "acl";

/// Codes of google.rpc: what HTTP makes of them, and their names.
const CODES: [(u64, u64, &str); 14] = [
    (1, 499, "CANCELLED"),
    (2, 500, "UNKNOWN"),
    (3, 400, "INVALID_ARGUMENT"),
    (4, 504, "DEADLINE_EXCEEDED"),
    (5, 404, "NOT_FOUND"),
    (7, 403, "PERMISSION_DENIED"),
    (8, 429, "RESOURCE_EXHAUSTED"),
    (9, 400, "FAILED_PRECONDITION"),
    (10, 409, "ABORTED"),
    (11, 400, "OUT_OF_RANGE"),
    (12, 501, "UNIMPLEMENTED"),
    (13, 500, "INTERNAL"),
    (14, 503, "UNAVAILABLE"),
    (16, 401, "UNAUTHENTICATED"),
];

/// Mixer's default code.
const DEFAULT_CODE: u64 = 9;

/// Translates an action.
pub(crate) fn translate(action: &Action<'_>, plan: &mut Plan) {
    let (source, params) = (action.handler.source, &action.handler.params);
    let namespace = action.rule.namespace();
    let Some(selected) = select(FILTER, namespace, &action.condition, plan) else { return };
    plan.leftovers(params, &["status", "validDuration", "validUseCount"]);
    for field in ["validDuration", "validUseCount"] {
        if let Some(at) = params.get(field) {
            plan.carried(&at, "not needed: nothing is cached, the filter decides in the proxy");
        }
    }
    let status = params.key("status");
    plan.leftovers(&status, &["code", "message"]);
    let code = status.value.get("code").and_then(Value::as_u64).unwrap_or(DEFAULT_CODE);
    let known = CODES.iter().find(|(number, ..)| *number == code);
    let (_, http, grpc) = known.copied().unwrap_or((2, 500, "UNKNOWN"));
    let message = status.text("message").unwrap_or_default();
    let (name, own) = (source.name(), source.namespace());
    let mut rule = Map::from_iter([
        ("name".to_owned(), json!(rule_name(name))),
        ("action".to_owned(), json!("DENY")),
    ]);
    if !selected.clauses.is_empty() {
        rule.insert("when".to_owned(), Value::Array(when(&selected.clauses)));
        // Mixer did not apply a rule whose attribute was missing.
        rule.insert("onMissing".to_owned(), json!("NO_MATCH"));
    }
    let body = format!("{grpc}:{name}.denier.{own}:{message}");
    rule.insert("reply".to_owned(), json!({ "status": http, "body": body, "grpcStatus": grpc }));
    plan.add(&selected.placement, "rules", Value::Object(rule));
    plan.carried(&source.root(), format!("{FILTER} rule {name}: {http} {body}"));
    plan.carried(
        &action.rule.root(),
        format!("{FILTER} rule {name}, {}", selected.placement.name()),
    );
    for instance in &action.instances {
        plan.carried(&instance.source.root(), "not needed: the rule says all");
    }
    if !selected.clauses.is_empty() {
        let why = "a caller whose attribute is missing passes, as in Mixer; without onMissing it is refused";
        plan.carried(&action.condition, why);
    }
}

//! Which workloads, and which of their requests, a rule's `match` means.

use super::expression::{Clause, conditions, renamed};
use crate::translate::placement::{Context, Placement};
use crate::translate::plan::{At, Plan};
use serde_json::{Map, Value, json};

/// What a rule's `match` says.
pub(crate) struct Selected {
    pub(crate) placement: Placement,
    /// Conditions that are left, on requests and callers.
    pub(crate) clauses: Vec<Clause>,
}

/// Reads a `match`. What is about the destination says where the filter is put; `None` where it
/// cannot be read: then nothing is done rather than too much.
pub(crate) fn select(
    filter: &'static str,
    namespace: &str,
    at: &At<'_>,
    plan: &mut Plan,
) -> Option<Selected> {
    let text = at.value.as_str().unwrap_or_default();
    let clauses = match conditions(text) {
        Ok(clauses) => clauses,
        Err(part) => {
            let why = format!(
                "`{part}` is beyond the conditions that are carried: attributes that \
                               equal or match texts, joined with &&"
            );
            plan.lost(at, why);
            return None;
        }
    };
    let mut placement = Placement::new(filter, namespace, Context::Inbound);
    let mut rest = Vec::new();
    for clause in clauses {
        match destination(&clause) {
            Some(Destination::Label(name)) => {
                placement = placement.with_label(&name, &only_value(&clause));
            }
            Some(Destination::Service) => {
                let value = only_value(&clause);
                let mut parts = value.split('.');
                placement = placement.with_label("app", parts.next().unwrap_or_default());
                if let Some(own) = parts.next() {
                    own.clone_into(&mut placement.namespace);
                }
            }
            Some(Destination::Namespace) => placement.namespace = only_value(&clause),
            Some(Destination::Always) => {}
            None => rest.push(clause),
        }
    }
    Some(Selected { placement, clauses: rest })
}

enum Destination {
    /// True of every request that an inbound filter sees.
    Always,
    Label(String),
    Namespace,
    Service,
}

/// What a condition says about the destination, if it does.
fn destination(clause: &Clause) -> Option<Destination> {
    let [value] = clause.values.as_slice() else { return None };
    if clause.is_negated || value.contains('*') {
        return None;
    }
    match clause.attribute.as_str() {
        "context.reporter.kind" | "context.reporter.local" | "context.protocol" => {
            Some(Destination::Always)
        }
        "destination.service" | "destination.service.host" | "destination.service.name" => {
            Some(Destination::Service)
        }
        "destination.namespace" | "destination.service.namespace" => Some(Destination::Namespace),
        "destination.name" | "destination.workload.name" => {
            Some(Destination::Label("app".to_owned()))
        }
        attribute => {
            let key = attribute.strip_prefix("destination.labels[")?.strip_suffix(']')?;
            Some(Destination::Label(key.trim_matches(['"', '\'']).to_owned()))
        }
    }
}

fn only_value(clause: &Clause) -> String {
    clause.values.first().cloned().unwrap_or_default()
}

/// Conditions as `when` of `acl`.
pub(crate) fn when(clauses: &[Clause]) -> Vec<Value> {
    let condition = |clause: &Clause| {
        let field = if clause.is_negated { "notValues" } else { "values" };
        json!({ "key": renamed(&clause.attribute), field: clause.values })
    };
    clauses.iter().map(condition).collect()
}

/// Conditions as Istio's `HTTPMatchRequest`; one that is not about the request is an error.
pub(crate) fn http_match(clauses: &[Clause]) -> Result<Vec<Value>, String> {
    let mut entries = vec![Map::new()];
    for clause in clauses {
        let attribute = clause.attribute.as_str();
        let field = match attribute {
            "request.path" | "request.url_path" => "uri",
            "request.method" => "method",
            "request.host" => "authority",
            "request.scheme" => "scheme",
            _ => "headers",
        };
        let header =
            attribute.strip_prefix("request.headers[").and_then(|key| key.strip_suffix(']'));
        if field == "headers" && header.is_none() || clause.is_negated && field != "headers" {
            return Err(attribute.to_owned());
        }
        let field = if clause.is_negated { "withoutHeaders" } else { field };
        let mut all = Vec::new();
        for (entry, value) in
            entries.iter().flat_map(|entry| clause.values.iter().map(move |value| (entry, value)))
        {
            let mut entry: Map<String, Value> = entry.clone();
            match header {
                None => entry.insert(field.to_owned(), string_match(value)),
                Some(key) => {
                    let key = key.trim_matches(['"', '\'']).to_ascii_lowercase();
                    let headers = entry.entry(field).or_insert_with(|| json!({}));
                    headers.as_object_mut().and_then(|map| map.insert(key, string_match(value)))
                }
            };
            all.push(entry);
        }
        entries = all;
    }
    entries.retain(|entry| !entry.is_empty());
    Ok(entries.into_iter().map(Value::Object).collect())
}

/// `x*` is a prefix, `*x` a suffix.
pub(crate) fn string_match(value: &str) -> Value {
    match (value.strip_suffix('*'), value.strip_prefix('*')) {
        (Some(""), _) => json!({}),
        (Some(prefix), _) => json!({ "prefix": prefix }),
        (None, Some(suffix)) => json!({ "suffix": suffix }),
        (None, None) => json!({ "exact": value }),
    }
}

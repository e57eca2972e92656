//! Why a rule of `acl` matches or not: each part of it alone, asked of the module itself.

use super::rules::{Condition, Rule};
use crate::document::Path;
use crate::plugins::Config;
use serde_json::{Map, Value, json};

/// Fields beside the rules on which it depends whether one matches.
const SURROUNDINGS: [&str; 2] = ["evidence", "ignorePathCase"];

/// Adds to the rules of `acl` what each of their parts gives. `passes` tells whether the request passes
/// with this configuration.
pub(crate) fn explain(config: &Config, rules: &mut [Rule], mut passes: impl FnMut(&Value) -> bool) {
    let entries = config.named_entries();
    let surroundings: Map<String, Value> = config
        .tree()
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(field, _)| SURROUNDINGS.contains(&field.as_str()))
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    for (rule, (path, _, entry)) in rules.iter_mut().zip(&entries) {
        if !is_rule(path) {
            continue;
        }
        // Alone, a rule that allows lets through just what it matches, and one that denies what it does
        // not; what is missing counts as in the rule itself.
        let allows = entry.get("action").and_then(Value::as_str) == Some("ALLOW");
        let on_missing = entry.get("onMissing").or_else(|| entry.get("on_missing"));
        let mut matches = |parts: Value| {
            let action = if allows { "ALLOW" } else { "DENY" };
            let mut alone = json!({ "name": "part", "action": action });
            if let (Some(alone), Value::Object(parts)) = (alone.as_object_mut(), parts) {
                alone.extend(parts);
                alone.extend(on_missing.map(|value| ("onMissing".to_owned(), value.clone())));
            }
            let mut config = surroundings.clone();
            config.insert("rules".to_owned(), json!([alone]));
            passes(&Value::Object(config)) == allows
        };
        for field in ["from", "to"] {
            if let Some(wanted) = entry.get(field) {
                let is_met = matches(json!({ field: wanted }));
                rule.conditions.push(condition(field, wanted, is_met));
            }
        }
        for wanted in entry.get("when").and_then(Value::as_array).into_iter().flatten() {
            let is_met = matches(json!({ "when": [wanted] }));
            rule.conditions.push(condition("when", wanted, is_met));
        }
        rule.matches = Some(rule.conditions.iter().all(|one| one.is_met));
    }
}

fn is_rule(path: &Path) -> bool {
    path.to_string().starts_with("rules[")
}

fn condition(field: &str, wanted: &Value, is_met: bool) -> Condition {
    Condition { on: field.to_owned(), wanted: wanted.to_string(), found: None, is_met }
}

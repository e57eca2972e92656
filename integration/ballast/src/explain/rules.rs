//! Which rule matched, and why each other one did not: every condition by itself, with the matchers of
//! the modules.

use super::place;
use crate::document::{File, Path};
use crate::plugins::Plugin;
use filter_api::{HeaderPairs, RequestHead, encode_pairs};
use matchers::{HttpMatchRequest, RequestMatcher};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A rule of the configuration.
#[derive(Debug, Serialize)]
pub(crate) struct Rule {
    pub(crate) name: String,
    /// `FILE:LINE`.
    pub(crate) place: String,
    /// Whether its `match` fits the (first) request; `None` where it has none, or the rule is told by
    /// other means.
    pub(crate) matches: Option<bool>,
    /// What it counted.
    pub(crate) counted: BTreeMap<String, u64>,
    /// Of the alternative that comes closest: what is wanted, and what there is.
    pub(crate) conditions: Vec<Condition>,
}

/// One condition of a `match`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Condition {
    /// E.g. `headers.end-user`.
    pub(crate) on: String,
    /// E.g. `exact jason`.
    pub(crate) wanted: String,
    /// What the request has; `None` where it has nothing, or more than one thing is looked at.
    pub(crate) found: Option<String>,
    pub(crate) is_met: bool,
}

/// A list of a rule's alternatives, read as the modules read it.
#[derive(Deserialize)]
struct Conditions {
    #[serde(rename = "match")]
    matches: Vec<HttpMatchRequest>,
}

/// Every named entry of the lists at the configuration's top.
pub(crate) fn explain(
    file: &File,
    plugin: &Plugin,
    request: &[(String, String)],
    counters: &BTreeMap<String, u64>,
) -> Vec<Rule> {
    let entries = plugin.config.named_entries().into_iter();
    let rule = |(path, name, entry): (Path, String, Value)| {
        let alternatives = entry.get("match").and_then(Value::as_array);
        let conditions = alternatives.map(|list| closest(list, request));
        Rule {
            place: place(file, plugin, &path),
            matches: conditions.as_ref().map(|list| list.iter().all(|one| one.is_met)),
            counted: counted(&name, counters),
            conditions: conditions.unwrap_or_default(),
            name,
        }
    };
    entries.map(rule).collect()
}

/// What was counted under `<kind>.<name>.`.
fn counted(name: &str, counters: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let infix = format!(".{name}.");
    let own = counters.iter().filter_map(|(counter, value)| {
        let (kind, stat) = counter.split_once(&infix)?;
        (!kind.contains('.')).then(|| (stat.to_owned(), *value))
    });
    own.collect()
}

/// The conditions of the alternative of which the fewest are not met.
fn closest(alternatives: &[Value], request: &[(String, String)]) -> Vec<Condition> {
    let all = alternatives.iter().filter_map(Value::as_object).map(|one| conditions(one, request));
    all.min_by_key(|list| list.iter().filter(|one| !one.is_met).count()).unwrap_or_default()
}

/// Each condition of an `HTTPMatchRequest`, by itself.
fn conditions(alternative: &Map<String, Value>, request: &[(String, String)]) -> Vec<Condition> {
    let ignores_case =
        ["ignoreUriCase", "ignore_uri_case"].iter().find_map(|key| alternative.get(*key));
    let mut conditions = Vec::new();
    for (field, wanted) in alternative {
        match (field.as_str(), wanted) {
            ("name" | "ignoreUriCase" | "ignore_uri_case", _) => {}
            (
                "headers" | "withoutHeaders" | "without_headers" | "queryParams" | "query_params",
                Value::Object(map),
            ) => {
                for (key, wanted) in map {
                    let alone = json!({ field: { key: wanted } });
                    conditions.push(Condition {
                        on: format!("{field}.{key}"),
                        wanted: text(wanted),
                        found: found(field, key, request),
                        is_met: is_met(&alone, request),
                    });
                }
            }
            _ => {
                let mut alone = json!({ field: wanted });
                if let (Some(ignores), Some(alone)) = (ignores_case, alone.as_object_mut()) {
                    alone.insert("ignoreUriCase".to_owned(), ignores.clone());
                }
                conditions.push(Condition {
                    on: field.clone(),
                    wanted: text(wanted),
                    found: found(field, "", request),
                    is_met: is_met(&alone, request),
                });
            }
        }
    }
    conditions
}

fn is_met(alone: &Value, request: &[(String, String)]) -> bool {
    let list = json!({ "match": [alone] }).to_string();
    let Ok(list) = filter_config::load::<Conditions>(list.as_bytes()) else { return false };
    let Ok(matcher) = RequestMatcher::from_wire(&list.matches, "match") else { return false };
    let bytes = encode_pairs(request.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    matcher.matches(&RequestHead::new(HeaderPairs::parse(&bytes)))
}

/// `exact jason` for `{exact: jason}`.
fn text(wanted: &Value) -> String {
    let Some(fields) = wanted.as_object() else { return wanted.to_string() };
    let each = fields.iter().map(|(field, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{field} {value}")
    });
    let each: Vec<String> = each.collect();
    if each.is_empty() { "present".to_owned() } else { each.join(", ") }
}

/// What the request has of a field.
fn found(field: &str, key: &str, request: &[(String, String)]) -> Option<String> {
    let header = |name: &str| {
        let name = name.to_ascii_lowercase();
        let name = if name == "host" { ":authority".to_owned() } else { name };
        let values: Vec<&str> = request
            .iter()
            .filter(|(other, _)| *other == name)
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    match field {
        "uri" => header(":path").map(|path| path.split('?').next().unwrap_or_default().to_owned()),
        "method" | "scheme" | "authority" => header(&format!(":{field}")),
        "headers" | "withoutHeaders" | "without_headers" => header(key),
        _ => header(":path").and_then(|path| Some(path.split_once('?')?.1.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Vec<(String, String)> {
        [(":path", "/Reviews/1?page=2"), (":method", "GET"), ("end-user", "alice")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
    }

    fn closest_of(yaml: &str) -> Vec<String> {
        let list: Vec<Value> = serde_yaml_ng::from_str(yaml).unwrap();
        let line = |one: Condition| {
            format!("{} {} {:?} {}", one.on, one.wanted, one.found.as_deref(), one.is_met)
        };
        closest(&list, &request()).into_iter().map(line).collect()
    }

    #[test]
    fn every_condition_is_judged_by_itself() {
        assert_eq!(
            closest_of(
                "[{uri: {prefix: /reviews}, ignoreUriCase: true, headers: {end-user: {exact: jason}}}]"
            ),
            [
                r#"uri prefix /reviews Some("/Reviews/1") true"#,
                r#"headers.end-user exact jason Some("alice") false"#,
            ]
        );
        assert_eq!(
            closest_of("[{without_headers: {cookie: {}}, queryParams: {page: {exact: '3'}}}]"),
            [
                r#"without_headers.cookie present None true"#,
                r#"queryParams.page exact 3 Some("page=2") false"#,
            ]
        );
    }

    #[test]
    fn of_several_alternatives_the_closest_is_told() {
        assert_eq!(
            closest_of("[{uri: {exact: /x}, method: {exact: POST}}, {method: {exact: GET}, uri: {exact: /y}}]").len(),
            2
        );
        assert_eq!(closest_of("[{uri: {exact: /x}}, {}]"), [""; 0]);
    }

    #[test]
    fn a_counter_belongs_to_the_rule_in_its_name() {
        let counters =
            [("rule.a.hits", 1), ("rule.a.b.hits", 2), ("quota.a.over", 3), ("a.hits", 4)]
                .map(|(name, value)| (name.to_owned(), value));
        let counters = BTreeMap::from(counters);
        assert_eq!(counted("a.b", &counters), BTreeMap::from([("hits".to_owned(), 2)]));
        assert_eq!(counted("a", &counters).len(), 3);
    }
}

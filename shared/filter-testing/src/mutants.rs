//! Cases with one expectation made wrong, to prove that each expectation is looked at.

use crate::Case;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// Every way to make exactly one expectation of the case `text` wrong, with the expectation's path.
///
/// # Errors
/// A case that cannot be read, or in which nothing is expected.
pub fn mutants(text: &str) -> Result<Vec<(String, Case)>> {
    let case: Value = serde_yaml_ng::from_str(text)?;
    let mut paths = Vec::new();
    for (name, value) in case.as_object().context("a case is a mapping")? {
        match name.as_str() {
            "counters" | "refused" => leaves(value, &format!("/{name}"), &mut paths),
            "traffic" => {
                for (index, step) in value.as_array().into_iter().flatten().enumerate() {
                    if let Some(expect) = step.get("expect") {
                        leaves(expect, &format!("/traffic/{index}/expect"), &mut paths);
                    }
                }
            }
            _ => {}
        }
    }
    ensure!(!paths.is_empty(), "nothing is expected");
    let mut mutants = Vec::with_capacity(paths.len());
    for path in paths {
        let mut mutant = case.clone();
        let leaf = mutant.pointer_mut(&path).context("a path just walked")?;
        *leaf = wrong(leaf, &path);
        mutants.push((path, Case::parse(&mutant.to_string())?));
    }
    Ok(mutants)
}

/// Paths of the values below `value` that are compared as one.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    // How many requests there are is no expectation.
    if path.ends_with("/share/of") {
        return;
    }
    match value {
        Value::Object(fields) if !fields.contains_key("min") => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                leaves(value, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(entries) => {
            for (index, value) in entries.iter().enumerate() {
                leaves(value, &format!("{path}/{index}"), found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

/// A value of the same kind that does not hold if `value` does.
fn wrong(value: &Value, path: &str) -> Value {
    match value {
        Value::Bool(flag) => json!(!flag),
        Value::Number(number) if path.ends_with("/percent") => {
            json!((number.as_f64().unwrap_or_default() + 40.0) % 100.0)
        }
        Value::Number(number) => json!(number.as_u64().unwrap_or_default() + 1),
        Value::Object(bounds) => {
            let max = bounds.get("max").and_then(Value::as_u64).unwrap_or_default();
            json!({ "min": max + 1, "max": max + 1 })
        }
        // Every answer that a case expects headers to be absent from has a length, every request
        // an authority.
        Value::String(_) if path.contains("/absent_headers/") => json!("content-length"),
        Value::String(_) if path.contains("/absent_upstream_headers/") => json!(":authority"),
        Value::String(text) => json!(format!("{text}x")),
        Value::Array(_) | Value::Null => value.clone(),
    }
}

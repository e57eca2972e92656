//! Markdown tables of configuration and statistics.

use filter_api::{Stat, StatKind};
use serde_json::Value;
use std::fmt::Write;

/// Deeper than any configuration; a type that contains itself ends here.
const DEEPEST: usize = 12;

/// A Markdown table of every field of a schema made by [`schema`](super::schema): its path
/// (`rules[].fault.delay.fixedDelay`), its type, its doc comment.
///
/// # Panics
/// If `schema_json` is no JSON; it is generated, so that is a bug in the caller.
#[must_use]
pub fn config_table(schema_json: &str) -> String {
    let parsed: Result<Value, _> = serde_json::from_str(schema_json);
    assert!(parsed.is_ok(), "not a schema: {parsed:?}");
    let root = parsed.unwrap_or_default();
    let mut table = String::from("| Field | Type | Description |\n| --- | --- | --- |\n");
    fields(&root, &root, "", 0, &mut table);
    table
}

/// A Markdown table of a filter's metrics, as Envoy names them below `wasmcustom.`.
#[must_use]
pub fn stats_table(stats: &[&Stat], filter_name: &str) -> String {
    let mut table = String::from("| Name | Type | Description |\n| --- | --- | --- |\n");
    for stat in stats {
        let kind = match stat.kind {
            StatKind::Counter => "Counter",
            StatKind::Gauge => "Gauge",
        };
        row(&mut table, &format!("{filter_name}.{}", stat.name), kind, stat.help);
    }
    table
}

fn row(table: &mut String, name: &str, kind: &str, description: &str) {
    let cell =
        |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    // Writing to a String cannot fail.
    let _ = writeln!(table, "| `{}` | {} | {} |", cell(name), cell(kind), cell(description));
}

/// One row for each property of `schema`, each followed by its own properties.
fn fields(root: &Value, schema: &Value, path: &str, depth: usize, table: &mut String) {
    let schema = resolve(root, schema);
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let required = schema.get("required").and_then(Value::as_array);
    for (name, property) in properties {
        let is_required = required.is_some_and(|names| names.iter().any(|other| other == name));
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let (steps, inner) = unwrap_containers(root, property);
        let suffix = steps.concat().replace("<name>", ".<name>");
        let mut kind = type_name(root, property);
        if is_required {
            kind.push_str(", required");
        }
        row(table, &path, &kind, description(root, property));
        if depth < DEEPEST {
            fields(root, inner, &format!("{path}{suffix}"), depth + 1, table);
        }
    }
}

/// The schema that a `$ref` points to, or the schema itself.
fn resolve<'v>(root: &'v Value, schema: &'v Value) -> &'v Value {
    schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| root.pointer(reference.strip_prefix('#')?))
        .unwrap_or(schema)
}

/// Steps into lists (`[]`) and maps (`<name>`), and the innermost schema.
pub(super) fn unwrap_containers<'v>(
    root: &'v Value,
    schema: &'v Value,
) -> (Vec<&'static str>, &'v Value) {
    let mut steps = Vec::new();
    let mut schema = resolve(root, schema);
    loop {
        let (step, inner) = if let Some(items) = schema.get("items") {
            ("[]", items)
        } else if let Some(values) = map_values(schema) {
            ("<name>", values)
        } else {
            return (steps, schema);
        };
        steps.push(step);
        schema = resolve(root, inner);
    }
}

/// The schema of a map's values; `None` for an object with fixed fields.
fn map_values(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|values| values.is_object())
}

fn description<'v>(root: &'v Value, schema: &'v Value) -> &'v str {
    [schema, resolve(root, schema)]
        .iter()
        .find_map(|schema| schema.get("description").and_then(Value::as_str))
        .unwrap_or_default()
}

/// What a value may be, in words.
fn type_name(root: &Value, schema: &Value) -> String {
    let schema = resolve(root, schema);
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    if let Some(items) = schema.get("items") {
        return format!("list of {}", type_name(root, items));
    }
    if let Some(values) = map_values(schema) {
        return format!("map to {}", type_name(root, values));
    }
    if let Some(values) = choices(schema) {
        return values.join(" or ");
    }
    match (text("type"), text("format")) {
        (Some("string"), Some(format)) => format.to_owned(),
        (Some(kind), _) => kind.to_owned(),
        (None, _) => "value".to_owned(),
    }
}

/// The values of an enumeration, whether or not each has a description of its own.
fn choices(schema: &Value) -> Option<Vec<String>> {
    let quote = |value: &Value| Some(format!("`{}`", value.as_str()?));
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().map(quote).collect();
    }
    let variants = schema.get("oneOf").and_then(Value::as_array)?;
    let variants: Option<Vec<_>> = variants
        .iter()
        .map(|variant| match variant.get("const") {
            Some(value) => quote(value).map(|name| vec![name]),
            None => choices(variant),
        })
        .collect();
    variants.map(|names| names.concat())
}

//! What a value may be, read from a JSON schema.

use serde_json::Value;

/// Where schemars puts the schemas of named types.
const DEFINITIONS: &str = "#/$defs/";

/// The schema that a `$ref` points to, or the schema itself.
fn resolve<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| root.pointer(reference.strip_prefix('#')?))
        .unwrap_or(schema)
}

/// The name and the schema of the type that `schema` refers to; `None` where it is no reference.
pub(super) fn named<'s>(root: &'s Value, schema: &'s Value) -> Option<(&'s str, &'s Value)> {
    let name = schema.get("$ref")?.as_str()?.strip_prefix(DEFINITIONS)?;
    Some((name, root.get("$defs")?.get(name)?))
}

/// Steps into lists (`[]`) and maps (`<name>`), and what they hold in the end: a reference, or
/// what is neither list nor map.
pub(super) fn innermost(mut schema: &Value) -> (Vec<&'static str>, &Value) {
    let mut steps = Vec::new();
    loop {
        let (step, inner) = if let Some(items) = schema.get("items") {
            ("[]", items)
        } else if let Some(values) = map_values(schema) {
            ("<name>", values)
        } else {
            return (steps, schema);
        };
        steps.push(step);
        schema = inner;
    }
}

/// As [`innermost`], with references followed.
pub(super) fn unwrap_containers<'s>(
    root: &'s Value,
    schema: &'s Value,
) -> (Vec<&'static str>, &'s Value) {
    let mut steps = Vec::new();
    let mut schema = resolve(root, schema);
    loop {
        let (more, inner) = innermost(schema);
        if more.is_empty() {
            return (steps, schema);
        }
        steps.extend(more);
        schema = resolve(root, inner);
    }
}

/// The schema of a map's values; `None` for an object with fixed fields.
fn map_values(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|values| values.is_object())
}

/// What a value may be, in words; a named type is a link to the section about it.
pub(super) fn type_name(schema: &Value) -> String {
    let names = type_names(schema);
    match names.as_slice() {
        [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
        _ => names.concat(),
    }
}

/// One name for each alternative.
fn type_names(schema: &Value) -> Vec<String> {
    let list = |key: &str| schema.get(key).and_then(Value::as_array);
    if let Some(values) = list("enum") {
        return values.iter().map(quoted).collect();
    }
    if let Some(alternatives) = list("oneOf").or_else(|| list("anyOf")) {
        return alternatives.iter().flat_map(type_names).collect();
    }
    vec![simple_name(schema)]
}

fn simple_name(schema: &Value) -> String {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    if let Some(name) = text("$ref").and_then(|reference| reference.strip_prefix(DEFINITIONS)) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(value) = schema.get("const") {
        return quoted(value);
    }
    if let Some(items) = schema.get("items") {
        return format!("list of {}", type_name(items));
    }
    if let Some(values) = map_values(schema) {
        return format!("map to {}", type_name(values));
    }
    match (text("type"), text("format")) {
        // What follows a comma are examples.
        (Some("string"), Some(format)) => format.split(',').next().unwrap_or(format).to_owned(),
        (Some("object"), _) if schema.get("properties").is_none() => "`{}`".to_owned(),
        (Some(kind), _) => kind.to_owned(),
        (None, _) => "value".to_owned(),
    }
}

/// A value as code: a text without its quotation marks.
pub(super) fn quoted(value: &Value) -> String {
    value.as_str().map_or_else(|| format!("`{value}`"), |text| format!("`{text}`"))
}

//! Every camelCase field is also accepted in snake_case, as protobuf's JSON does.

use super::types::unwrap_containers;
use crate::load;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Debug;

/// Longest path looked at; a type that contains itself ends here.
const DEEPEST: usize = 24;

/// Asserts that `T` accepts the snake_case spelling of every field whose name has several words:
/// of each field of the schema by itself, and of all those of `example_json` together, which must
/// then mean the same.
///
/// # Panics
/// Naming the first field that is not accepted, or the example that does not load.
#[track_caller]
pub fn assert_snake_case_accepted<T>(example_json: &str)
where
    T: DeserializeOwned + Debug + PartialEq + JsonSchema,
{
    let root = super::schema::<T>("T");
    let root: Value = serde_json::from_str(&root).unwrap_or_default();
    let mut fields = Vec::new();
    multi_word_fields(&root, &root, &[], &mut fields);
    assert_each_is_accepted::<T>(&fields);

    let example: Result<Value, _> = serde_json::from_str(example_json);
    assert!(example.is_ok(), "the example is no JSON: {example:?}");
    let names = fields.iter().filter_map(|path| path.last()).map(String::as_str).collect();
    let snake = in_snake_case(&example.unwrap_or_default(), &names);
    let camel = load::<T>(example_json.as_bytes());
    assert!(camel.is_ok(), "the example does not load: {camel:?}");
    assert_eq!(load::<T>(snake.to_string().as_bytes()), camel, "in snake_case: {snake}");
}

/// A field with the value `null` is refused for that; if it is unknown, for being unknown.
#[track_caller]
fn assert_each_is_accepted<T: DeserializeOwned>(fields: &[Vec<String>]) {
    for path in fields {
        let mut document = Value::Null;
        for (depth, step) in path.iter().rev().enumerate() {
            document = match step.as_str() {
                "[]" => json!([document]),
                name if depth == 0 => json!({ snake_case(name): document }),
                name => json!({ name: document }),
            };
        }
        let reason = load::<T>(document.to_string().as_bytes()).err();
        let reason = reason.as_ref().map_or("", |error| error.reason());
        assert!(!reason.starts_with("found unknown field"), "{path:?} in snake_case: {reason}");
    }
}

/// The paths of all fields whose names have several words; `[]` is a list.
fn multi_word_fields(root: &Value, schema: &Value, path: &[String], found: &mut Vec<Vec<String>>) {
    if path.len() > DEEPEST {
        return;
    }
    let (steps, schema) = unwrap_containers(root, schema);
    let path: Vec<String> =
        path.iter().cloned().chain(steps.iter().map(|step| (*step).to_owned())).collect();
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        let path: Vec<String> = path.iter().chain([name]).cloned().collect();
        if name.contains(|c: char| c.is_ascii_uppercase()) {
            found.push(path.clone());
        }
        multi_word_fields(root, property, &path, found);
    }
}

fn in_snake_case(value: &Value, names: &BTreeSet<&str>) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| in_snake_case(item, names)).collect(),
        Value::Object(object) => {
            let entries = object.iter().map(|(name, value)| {
                let name =
                    if names.contains(name.as_str()) { snake_case(name) } else { name.clone() };
                (name, in_snake_case(value, names))
            });
            Value::Object(entries.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

//! The JSON schema of a wire type.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// The JSON schema (draft 2020-12) of the configuration `T`, pretty-printed, with a final newline.
///
/// It says what [`load`](crate::load) accepts in Istio's spelling: `null` is nowhere allowed.
#[must_use]
pub fn schema<T: JsonSchema>(title: &str) -> String {
    let mut root = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    root.insert("title".to_owned(), title.into());
    let mut value = root.to_value();
    refuse_null(&mut value);
    format!("{value:#}\n")
}

/// The names of the alternatives of a schema that may be `null`.
const ALTERNATIVES: [&str; 2] = ["anyOf", "oneOf"];

/// An optional field is left out; schemars would also allow `null`.
fn refuse_null(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(refuse_null),
        Value::Object(object) => {
            refuse_null_here(object);
            object.values_mut().for_each(refuse_null);
        }
        _ => {}
    }
}

fn refuse_null_here(schema: &mut Map<String, Value>) {
    if schema.get("default").is_some_and(Value::is_null) {
        schema.shift_remove("default");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    for keyword in ALTERNATIVES {
        let Some(Value::Array(choices)) = schema.get_mut(keyword) else { continue };
        choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.shift_remove(keyword);
            // The field's own description stands; the type's fills what is left open.
            only.into_iter().for_each(|(key, value)| {
                schema.entry(key).or_insert(value);
            });
        }
    }
}

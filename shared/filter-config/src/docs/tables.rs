//! Markdown tables of configuration and statistics.

use super::types::{innermost, named, quoted, type_name};
use filter_api::{Stat, StatKind};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Markdown about every field of a schema made by [`schema`](super::schema): name, type and doc
/// comment.
///
/// First comes the configuration itself; then, in the order in which a reader meets them, one
/// section `#### <Type>` for each named type, to which every field of that type links.
///
/// # Panics
/// If `schema_json` is no JSON; it is generated, so that is a bug in the caller.
#[must_use]
pub fn config_tables(schema_json: &str) -> String {
    let parsed: Result<Value, _> = serde_json::from_str(schema_json);
    assert!(parsed.is_ok(), "not a schema: {parsed:?}");
    let root = parsed.unwrap_or_default();
    let mut manual = Manual { root: &root, sections: BTreeSet::new(), text: String::new() };
    manual.describe(&root);
    manual.text
}

/// A Markdown table of a filter's metrics, as Envoy names them below `wasmcustom.`.
#[must_use]
pub fn stats_table(stats: &[&Stat], filter_name: &str) -> String {
    let mut table = String::new();
    row(&mut table, ["Name", "Type", "Description"]);
    row(&mut table, ["---"; 3]);
    for stat in stats {
        let kind = match stat.kind {
            StatKind::Counter => "Counter",
            StatKind::Gauge => "Gauge",
        };
        row(&mut table, [&format!("`{filter_name}.{}`", stat.name), kind, stat.help]);
    }
    table
}

/// One line of a table.
fn row<const COLUMNS: usize>(text: &mut String, cells: [&str; COLUMNS]) {
    let cells = cells.map(|cell| one_line(cell).replace('|', "\\|"));
    // Writing to a String cannot fail.
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is written so far.
struct Manual<'s> {
    root: &'s Value,
    /// The types that have their section.
    sections: BTreeSet<&'s str>,
    text: String,
}

impl<'s> Manual<'s> {
    /// The doc comment and the contents of one type, followed by the types that it uses.
    fn describe(&mut self, schema: &'s Value) {
        let description = one_line(description(schema));
        if !description.is_empty() {
            self.line(&description);
            self.line("");
        }
        let mut used = Vec::new();
        if schema.get("properties").is_some() {
            row(&mut self.text, ["Field", "Type", "Description"]);
            row(&mut self.text, ["---"; 3]);
            self.fields(schema, "", &mut used);
        } else if let Some(values) = values(schema) {
            row(&mut self.text, ["Value", "Description"]);
            row(&mut self.text, ["---"; 2]);
            for (value, description) in values {
                row(&mut self.text, [&quoted(value), description]);
            }
        } else {
            self.line(&format!("Type: {}.", type_name(schema)));
        }
        for (name, schema) in used {
            if self.sections.insert(name) {
                self.line(&format!("\n#### {name}\n"));
                self.describe(schema);
            }
        }
    }

    /// One row for each property; what a property without a named type holds follows it.
    fn fields(&mut self, schema: &'s Value, path: &str, used: &mut Vec<(&'s str, &'s Value)>) {
        let required = schema.get("required").and_then(Value::as_array);
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let path = [path, name].concat();
            let mut kind = type_name(property);
            if required.is_some_and(|names| names.iter().any(|other| other == name)) {
                kind.push_str(", required");
            }
            row(&mut self.text, [&format!("`{path}`"), &kind, description(property)]);
            let (steps, inner) = innermost(property);
            match named(self.root, inner) {
                Some(named) => used.push(named),
                None => {
                    let steps = steps.concat().replace("<name>", ".<name>");
                    self.fields(inner, &[&path, &steps, "."].concat(), used);
                }
            }
        }
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }
}

fn description(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// The values of an enumeration of which each has a description.
fn values(schema: &Value) -> Option<Vec<(&Value, &str)>> {
    let variants = schema.get("oneOf")?.as_array()?;
    variants.iter().map(|variant| Some((variant.get("const")?, description(variant)))).collect()
}

use super::{
    assert_file_contents, assert_snake_case_accepted, config_table, replace_between_markers,
    schema, stats_table,
};
use crate::wire;
use filter_api::Stat;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::{env, fs, process};

/// What the filter does.
#[derive(Debug, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Config {
    /// The first rule that
    /// matches | applies.
    rules: Vec<Rule>,
    /// When it begins.
    active_from: Option<wire::Timestamp>,
    /// Whether it acts.
    mode: Option<Mode>,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Rule {
    /// The name.
    name: String,
    /// How long.
    #[serde(default)]
    fixed_delay: Option<wire::Duration>,
    #[serde(default)]
    headers: BTreeMap<String, Header>,
    /// How often.
    #[serde(default)]
    share: Option<wire::Decimal>,
}

/// A header.
#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Header {
    #[serde(default)]
    max_count: Option<wire::UInt>,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Mode {
    /// It does.
    Enforced,
    /// It only counts.
    Shadow,
}

#[test]
fn the_schema_is_strict_and_knows_no_null() {
    let text = schema::<Config>("a_filter");
    assert!(text.ends_with("}\n") && !text.contains("null"), "{text}");
    let schema: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["title"], "a_filter");
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["$defs"]["Rule"]["additionalProperties"], false);
    assert_eq!(schema["$defs"]["Rule"]["required"], serde_json::json!(["name"]));
    assert_eq!(schema["properties"]["activeFrom"]["type"], "string");
    assert_eq!(schema["properties"]["activeFrom"]["description"], "When it begins.");
}

#[test]
fn the_table_has_every_field_by_its_path_in_order() {
    let table = config_table(&schema::<Config>("a_filter"));
    let expected = "\
| Field | Type | Description |
| --- | --- | --- |
| `rules` | list of object | The first rule that matches \\| applies. |
| `rules[].name` | string, required | The name. |
| `rules[].fixedDelay` | duration, e.g. 7s, 0.5s, 100ms, 1h2m3s | How long. |
| `rules[].headers` | map to object |  |
| `rules[].headers.<name>.maxCount` | integer |  |
| `rules[].share` | number | How often. |
| `activeFrom` | date-time | When it begins. |
| `mode` | `ENFORCED` or `SHADOW` | Whether it acts. |
";
    assert_eq!(table, expected);
}

#[test]
fn statistics_are_listed_with_the_filters_name() {
    let stats = [
        &Stat::counter("rule.<rule>.aborts_injected", "Aborts."),
        &Stat::gauge("active_faults", "Now."),
    ];
    let expected = "\
| Name | Type | Description |
| --- | --- | --- |
| `fault.rule.<rule>.aborts_injected` | Counter | Aborts. |
| `fault.active_faults` | Gauge | Now. |
";
    assert_eq!(stats_table(&stats, "fault"), expected);
}

#[test]
fn generated_text_is_put_between_its_markers_only() {
    let text = "a\n<!-- generated:x -->\nold\n<!-- /generated:x -->\nb\n";
    let new = replace_between_markers(text, "x", "| new |\n").unwrap();
    assert_eq!(new, "a\n<!-- generated:x -->\n| new |\n<!-- /generated:x -->\nb\n");
    assert_eq!(replace_between_markers(&new, "x", "| new |\n").unwrap(), new);
    let error = replace_between_markers(text, "y", "").unwrap_err();
    assert_eq!(error, "the marker <!-- generated:y --> is missing");
    let error = replace_between_markers("<!-- generated:x -->", "x", "").unwrap_err();
    assert_eq!(error, "the marker <!-- /generated:x --> is missing");
}

#[test]
fn a_file_that_differs_fails_and_is_right_afterwards_but_not_in_ci() {
    let path = env::temp_dir().join(format!("filter-config-{}.md", process::id()));
    fs::write(&path, "old\r\n").unwrap();
    assert_file_contents(&path, "old\n");
    let failed = catch_unwind(|| assert_file_contents(&path, "new\n"));
    let is_ci = env::var_os("CI").is_some_and(|value| value == "true");
    let expected = if is_ci { "old\r\n" } else { "new\n" };
    assert_eq!((failed.is_err(), fs::read_to_string(&path).unwrap().as_str()), (true, expected));
    fs::remove_file(&path).unwrap();
}

#[test]
fn snake_case_is_accepted_for_every_field_or_the_assertion_fails() {
    let example = r#"{"activeFrom":"2026-11-20T09:00:00Z",
        "rules":[{"name":"a","fixedDelay":"1s","headers":{"xA":{"maxCount":1}}}]}"#;
    assert_snake_case_accepted::<Config>(example);

    let unloadable = catch_unwind(|| assert_snake_case_accepted::<Config>(r#"{"nope":1}"#));
    assert!(unloadable.is_err());
}

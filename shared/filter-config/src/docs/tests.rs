use super::{
    assert_anchors, assert_file_contents, assert_snake_case_accepted, config_tables,
    replace_between_markers, schema, stats_table,
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
    /// Of every answer.
    header: Option<Header>,
    /// How sure.
    level: Option<Level>,
    /// Not shared.
    place: Vec<Place>,
}

/// One rule,
/// of many.
#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Rule {
    /// The name.
    name: String,
    /// How long.
    #[serde(default)]
    fixed_delay: Option<wire::Duration>,
    /// By name.
    #[serde(default)]
    headers: BTreeMap<String, Header>,
    /// How often.
    #[serde(default)]
    share: Option<wire::Decimal>,
    /// Rules below this one.
    #[serde(default)]
    rules: Vec<Rule>,
    /// Nothing to say about it.
    #[serde(default)]
    always: Option<wire::EmptyObject>,
}

/// A header.
#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Header {
    #[serde(default)]
    max_count: Option<wire::UInt>,
}

/// Whether it happens.
#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Mode {
    /// It does.
    Enforced,
    /// It only
    /// counts.
    Shadow,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(untagged)]
enum Level {
    Number(u32),
    Name(Name),
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(inline)]
enum Name {
    Low,
    High,
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(inline)]
struct Place {
    /// Where.
    zone: String,
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

const TABLES: &str = "\
What the filter does.

| Field | Type | Description |
| --- | --- | --- |
| `rules` | list of [Rule](#rule) | The first rule that matches \\| applies. |
| `activeFrom` | date-time | When it begins. |
| `mode` | [Mode](#mode) | Whether it acts. |
| `header` | [Header](#header) | Of every answer. |
| `level` | [Level](#level) | How sure. |
| `place` | list of object | Not shared. |
| `place[].zone` | string, required | Where. |

#### Rule

One rule, of many.

| Field | Type | Description |
| --- | --- | --- |
| `name` | string, required | The name. |
| `fixedDelay` | duration | How long. |
| `headers` | map to [Header](#header) | By name. |
| `share` | number | How often. |
| `rules` | list of [Rule](#rule) | Rules below this one. |
| `always` | `{}` | Nothing to say about it. |

#### Header

A header.

| Field | Type | Description |
| --- | --- | --- |
| `maxCount` | integer |  |

#### Mode

Whether it happens.

| Value | Description |
| --- | --- |
| `ENFORCED` | It does. |
| `SHADOW` | It only counts. |

#### Level

Type: integer, `LOW` or `HIGH`.
";

#[test]
fn every_type_is_described_once_where_it_is_first_met() {
    let tables = config_tables(&schema::<Config>("a_filter"));
    assert_eq!(tables, TABLES);
    assert_anchors(&tables);
}

#[test]
fn links_within_a_file_lead_to_one_heading() {
    let file = "# Rules & *more*\n[a](#rules--more) [b](other.md#x)\n```\n# code\n# code\n```\n";
    assert_anchors(file);
    let dead = catch_unwind(|| assert_anchors(&file.replace("#rules--more", "#code")));
    let twice = catch_unwind(|| assert_anchors(&file.replace("```\n", "")));
    for (failed, reason) in [(dead, "#code is no heading"), (twice, "#code is 2 headings")] {
        let message = failed.unwrap_err();
        assert_eq!(message.downcast_ref::<String>().map(String::as_str), Some(reason));
    }
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

use super::load;
use crate::wire;
use serde::Deserialize;
use std::collections::BTreeMap;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Config {
    rules: Vec<Rule>,
    mode: Mode,
    limits: BTreeMap<String, u16>,
    ratio: Option<f64>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Mode {
    #[default]
    Enforced,
    Shadow,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Rule {
    name: String,
    #[serde(default)]
    fault: Option<Fault>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Fault {
    #[serde(default)]
    http_status: Option<wire::UInt>,
    #[serde(default)]
    fixed_delay: Option<wire::Duration>,
    #[serde(default)]
    port: u16,
    #[serde(default)]
    reset: Option<wire::EmptyObject>,
}

fn error(json: &str) -> String {
    load::<Config>(json.as_bytes()).unwrap_err().to_string()
}

#[test]
fn nothing_at_all_means_an_empty_object() {
    for nothing in ["", " \n\t", "{}", " { } "] {
        assert_eq!(load::<Config>(nothing.as_bytes()).unwrap(), Config::default(), "{nothing:?}");
    }
}

#[test]
fn both_spellings_and_doubles_of_a_struct_are_read() {
    let camel =
        r#"{"rules":[{"name":"a","fault":{"httpStatus":503,"fixedDelay":"1s","port":80}}]}"#;
    let snake =
        r#"{"rules":[{"name":"a","fault":{"http_status":503.0,"fixed_delay":"1s","port":8e1}}]}"#;
    let config: Config = load(camel.as_bytes()).unwrap();
    assert_eq!(config.rules[0].fault.as_ref().unwrap().http_status.unwrap().get(), 503);
    assert_eq!(load::<Config>(snake.as_bytes()).unwrap(), config);
    let config: Config =
        load(br#"{"mode":"SHADOW","limits":{"a\u0062":7},"ratio":1,"rules":[{"name":"\ud83d\ude00\n"}]}"#)
            .unwrap();
    assert_eq!(config.mode, Mode::Shadow);
    assert_eq!((config.limits["ab"], config.ratio), (7, Some(1.0)));
    assert_eq!(config.rules[0].name, "😀\n");
}

/// What is wrong, and the line that says so.
const ERRORS: &[(&str, &str)] = &[
    (
        r#"{"rules":[{"name":"a","fault":{"abrot":1}}]}"#,
        "rules[0].fault.abrot: found unknown field `abrot`, allowed is `httpStatus`, `fixedDelay`, `port`, `reset`",
    ),
    (
        r#"{"rules":[{"name":"a","fault":{"port":"abc"}}]}"#,
        "rules[0].fault.port: found string \"abc\", allowed is an integer from 0 to 65535",
    ),
    (
        r#"{"rules":[{"name":"a","fault":{"port":65536}}]}"#,
        "rules[0].fault.port: found 65536, allowed is an integer from 0 to 65535",
    ),
    (
        r#"{"rules":[{"name":"a","fault":{"port":80.5}}]}"#,
        "rules[0].fault.port: found 80.5, allowed is an integer from 0 to 65535",
    ),
    (
        r#"{"rules":[{"name":"a","fault":{"port":-1.0}}]}"#,
        "rules[0].fault.port: found -1, allowed is an integer from 0 to 65535",
    ),
    (r#"{"rules":[{"name":"a"},{"fault":{}}]}"#, "rules[1].name: missing, but required"),
    (r#"{"rules":[{"name":7}]}"#, "rules[0].name: found 7, allowed is a string"),
    (r#"{"rules":{"name":"a"}}"#, "rules: found an object, allowed is an array"),
    (r#"{"rules":[["a"]]}"#, "rules[0]: found an array, allowed is an object"),
    (
        r#"{"rules":[{"name":"a","fault":true}]}"#,
        "rules[0].fault: found true, allowed is an object",
    ),
    (
        r#"{"rules":[{"name":"a","fault":null}]}"#,
        "rules[0].fault: found null, allowed is a value, or no such field",
    ),
    (r#"{"rules":null}"#, "rules: found null, allowed is an array"),
    (
        r#"{"rules":[{"name":"a","fault":{"reset":{"x":1}}}]}"#,
        "rules[0].fault.reset.x: found unknown field `x`, allowed is no field at all",
    ),
    (r#"{"rules":[{"name":"a","name":"b"}]}"#, "rules[0].name: found it twice, allowed is once"),
    (r#"{"limits":{"x":1,"y":2,"x":3}}"#, "limits.x: found it twice, allowed is once"),
    (
        r#"{"rules":[{"name":"a","fault":{"httpStatus":1,"http_status":2}}]}"#,
        "rules[0].fault.httpStatus: found it in both spellings, allowed is one of them",
    ),
    (r#"{"mode":"shadow"}"#, "mode: found string \"shadow\", allowed is `ENFORCED`, `SHADOW`"),
    (r#"{"mode":3}"#, "mode: found 3, allowed is a string"),
    (r#"{"ratio":"1"}"#, "ratio: found string \"1\", allowed is a number"),
    (
        r#"{"limits":{"a.b\n":-1}}"#,
        "limits[\"a.b\\n\"]: found -1, allowed is an integer from 0 to 65535",
    ),
    (
        r#"{"rules":[{"name":"a","fault":{"fixedDelay":"7 s"}}]}"#,
        "rules[0].fault.fixedDelay: found string \"7 s\", allowed is a duration such as 7s, 0.5s, 100ms, 1h2m3s (units h, m, s, ms, us, ns)",
    ),
    (
        r#"{"rules":[{"name":"a","fault":{"httpStatus":-5}}]}"#,
        "rules[0].fault.httpStatus: found -5, allowed is a whole number from 0 up",
    ),
    ("[]", "found an array, allowed is an object"),
    ("null", "found null, allowed is an object"),
    ("\"{}\"", "found a string, allowed is an object"),
    ("12", "found a number, allowed is an object"),
    ("{} x", "not valid JSON: trailing characters at line 1 column 4"),
    ("{\n\"rules\": [,]}", "not valid JSON: expected value at line 2 column 11"),
    ("rules: []", "not valid JSON: expected value at line 1 column 1"),
];

#[test]
fn errors_say_where_what_was_found_and_what_is_allowed() {
    for &(json, line) in ERRORS {
        assert_eq!(error(json), line, "{json}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused_wherever_they_stand() {
    for bytes in [&b"\xff"[..], b"{\"rules\":[{\"name\":\"a\xc3\"}]}", b"{}\x80"] {
        let error = load::<Config>(bytes).unwrap_err().to_string();
        assert!(error.starts_with("found byte ") && error.ends_with("allowed is UTF-8 text"));
    }
}

#[test]
fn what_the_user_wrote_is_shortened_and_stays_on_the_line() {
    let long = "é".repeat(10_000);
    let quote = format!("{}…", "é".repeat(64));
    for json in [
        format!(r#"{{"mode":"{long}"}}"#),
        format!(r#"{{"{long}":1}}"#),
        format!(r#"{{"limits":{{"{long}":-1}}}}"#),
        format!(r#"{{"limits":{{"{long}":1,"{long}":1}}}}"#),
    ] {
        let error = error(&json);
        assert!(error.contains(&quote) && error.len() < 500, "{error}");
    }
    assert_eq!(error(r#"{"a\nb":1}"#).lines().count(), 1);
}

#[test]
fn deep_nesting_is_an_error_and_no_stack_overflow() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [200, 100_000] {
            let json = format!("{{\"rules\":{}1{}}}", open.repeat(depth), close.repeat(depth));
            assert!(error(&json).starts_with("not valid JSON: recursion limit exceeded"));
            assert!(error(&open.repeat(depth)).starts_with("not valid JSON: "));
        }
    }
}

#[test]
fn no_prefix_and_no_flipped_bit_of_a_configuration_panics() {
    let whole = br#"{"rules":[{"name":"a","fault":{"httpStatus":5.03e2,"fixedDelay":"1h2m"}}],"mode":"SHADOW"}"#;
    assert!(load::<Config>(whole).is_ok());
    for end in 1..whole.len() {
        assert!(load::<Config>(&whole[..end]).is_err(), "cut at {end}");
    }
    for index in 0..whole.len() {
        for bit in 0..8 {
            let mut forged = whole.to_vec();
            forged[index] ^= 1 << bit;
            if let Err(error) = load::<Config>(&forged) {
                assert!(!error.to_string().contains('\n'));
            }
        }
    }
}

#[test]
fn a_wire_type_with_an_alias_is_never_read_out_of_step() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Aliased {
        #[serde(alias = "old_first")]
        _first: Option<bool>,
        _second: Option<bool>,
    }
    assert!(load::<Aliased>(b"{}").unwrap_err().to_string().contains("alias"));
}

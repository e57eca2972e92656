use super::*;
use filter_testing::Metrics;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn settings(json: &str) -> Result<Settings, String> {
    let config = filter_config::load(json.as_bytes()).map_err(|error| error.to_string())?;
    Settings::from_wire(config, &mut Metrics::default()).map_err(|error| error.to_string())
}

/// The headers that a rule with this `set` writes.
fn written(set: &str) -> Result<Vec<(String, String)>, String> {
    let rule = format!(r#"{{"rules": [{{"name": "r", "set": {set}}}]}}"#);
    let settings = settings(&rule)?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let headers = settings.rules[0].writes.headers.iter();
    Ok(headers.map(|(name, value)| (text(name.as_bytes()), text(value.as_bytes()))).collect())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn patience_becomes_envoys_own_headers() {
    assert_eq!(
        written(
            r#"{"timeout": "0.5s", "retries": {"attempts": 3, "perTryTimeout": "2s", "retryOn": "5xx"}}"#
        ),
        Ok(pairs(&[
            ("x-envoy-upstream-rq-timeout-ms", "500"),
            ("x-envoy-max-retries", "3"),
            ("x-envoy-retry-on", "5xx"),
            ("x-envoy-upstream-rq-per-try-timeout-ms", "2000"),
        ]))
    );
    assert_eq!(
        written(r#"{"timeout": "1.0001ms"}"#),
        Ok(pairs(&[("x-envoy-upstream-rq-timeout-ms", "2")])),
        "a part of a millisecond is not cut off"
    );
}

#[test]
fn conditions_go_to_the_header_that_envoy_reads_them_of() {
    assert_eq!(
        written(r#"{"retries": {"attempts": 1}}"#),
        Ok(pairs(&[
            ("x-envoy-max-retries", "1"),
            ("x-envoy-retry-on", "connect-failure,refused-stream,retriable-status-codes"),
            ("x-envoy-retry-grpc-on", "unavailable,cancelled"),
            ("x-envoy-retriable-status-codes", "503"),
        ]))
    );
    assert_eq!(
        written(
            r#"{"retries": {"attempts": 1, "retryOn": " internal , retriable-status-codes,409,410"}}"#
        ),
        Ok(pairs(&[
            ("x-envoy-max-retries", "1"),
            ("x-envoy-retry-on", "retriable-status-codes"),
            ("x-envoy-retry-grpc-on", "internal"),
            ("x-envoy-retriable-status-codes", "409,410"),
        ]))
    );
    assert_eq!(
        written(r#"{"retries": {"attempts": 0}}"#),
        Ok(pairs(&[("x-envoy-max-retries", "0")]))
    );
}

#[test]
fn hints_are_what_is_listed_and_what_the_filter_itself_writes_to_choose_routes() {
    let hints = |json: &str| settings(json).unwrap().hints.summary();
    assert_eq!(hints("{}"), "none");
    assert_eq!(hints(r#"{"hintHeaders": ["X-Route"], "mirrorHeader": "x-copy"}"#), "x-route");
    assert_eq!(
        hints(
            r#"{"hintHeaders": ["x-route"], "rules": [
                {"name": "a", "set": {"mirror": true}},
                {"name": "b", "split": {"key": "source.ip", "bucketHeader": "x-bucket"}}]}"#
        ),
        "x-route, x-bucket, x-mirror"
    );
    assert_eq!(
        hints(
            r#"{"mirrorHeader": "x-copy", "rules": [{"name": "a", "split": {"variants":
                [{"name": "v", "weight": 1, "set": {"mirror": true}}]}}]}"#
        ),
        "x-copy"
    );
}

#[test]
fn headers_are_read_only_if_something_depends_on_them() {
    let variants =
        r#""variants": [{"name": "v", "weight": 1, "set": {"filterState": {"a": "b"}}}]"#;
    for (config, needed) in [
        ("{}".to_owned(), false),
        (r#"{"hintHeaders": ["x-route"]}"#.to_owned(), true),
        (r#"{"trusted": [{"source": {"namespaces": ["a"]}}]}"#.to_owned(), true),
        (r#"{"overrideHeader": {"name": "x-o", "secrets": ["0123456789abcdef"]}}"#.to_owned(), true),
        (r#"{"rules": [{"name": "r", "set": {"headers": {"a": "b"}}}]}"#.to_owned(), true),
        (r#"{"rules": [{"name": "r", "set": {"filterState": {"a": "b"}}}]}"#.to_owned(), false),
        (
            r#"{"rules": [{"name": "r", "match": [{"uri": {"prefix": "/"}}], "set": {"filterState": {"a": "b"}}}]}"#.to_owned(),
            true,
        ),
        (format!(r#"{{"rules": [{{"name": "r", "split": {{{variants}}}}}]}}"#), false),
        (
            format!(r#"{{"rules": [{{"name": "r", "split": {{"key": "source.ip", {variants}}}}}]}}"#),
            false,
        ),
        (
            format!(r#"{{"rules": [{{"name": "r", "split": {{"key": "request.headers[u]", {variants}}}}}]}}"#),
            true,
        ),
    ] {
        assert_eq!(settings(&config).unwrap().needs_request_headers, needed, "{config}");
    }
}

#[test]
fn a_shared_cookie_lives_until_the_last_of_its_rules_has_ended() {
    let rule = |name: &str, cookie: &str, until: &str| {
        format!(
            r#"{{"name": "{name}", "activeUntil": "{until}", "split": {{"cookie": {{"name": "{cookie}"}},
                "variants": [{{"name": "v", "weight": 1}}]}}}}"#
        )
    };
    let (early, late) = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let rules = [rule("a", "c", early), rule("b", "c", late), rule("d", "e", early)];
    let shared = settings(&format!(r#"{{"rules": [{}]}}"#, rules.join(","))).unwrap();
    let [a, b, d] = [0, 1, 2].map(|index| shared.rules[index].cookie_ends.unwrap());
    assert!(a == b && d < a);
    let endless = rules[1].replace(&format!(r#""activeUntil": "{late}","#), "");
    let kept = settings(&format!(r#"{{"rules": [{}, {endless}]}}"#, rules[0])).unwrap();
    assert_eq!(kept.rules.iter().map(|rule| rule.cookie_ends).collect::<Vec<_>>(), [None, None]);
}

#[test]
fn the_summary_says_what_was_understood() {
    let summary = |json: &str| settings(json).unwrap().summary();
    assert_eq!(summary("{}"), "rules: none; hint headers: none; request headers are not read");
    assert_eq!(
        summary(
            r#"{"mode": "SHADOW", "rules": [
                {"name": "a", "set": {"timeout": "1s"}, "mode": "ENFORCE"},
                {"name": "b", "set": {"timeout": "1s"}, "split": {"key": "source.ip", "bucketHeader": "x-b",
                    "variants": [{"name": "v1", "weight": 1}, {"name": "v2", "weight": 1}]}},
                {"name": "c", "split": {"key": "source.ip", "bucketHeader": "x-b"}}]}"#
        ),
        "rules: a (set), b (set, split: v1/v2, SHADOW), c (bucket, SHADOW); hint headers: x-b; \
         request headers are read"
    );
}

/// A secret stands in no message, and in no dump.
#[test]
fn secrets_are_not_shown() {
    let config =
        r#"{"overrideHeader": {"name": "x-o", "secrets": ["0123456789abcdef", "hunter2"]}}"#;
    let error = settings(config).unwrap_err();
    assert_eq!(
        error,
        "overrideHeader.secrets[1]: found fewer than 16 bytes, allowed is 16 bytes or more"
    );
    let shown = format!("{:?}", settings(&config.replace(", \"hunter2\"", "")).unwrap());
    assert!(!shown.contains("0123456789abcdef"), "{shown}");
}

use super::*;
use filter_testing::Metrics;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn settings(json: &str) -> Result<Settings, String> {
    let config = filter_config::load(json.as_bytes()).map_err(|error| error.to_string())?;
    Settings::from_wire(config, &mut Metrics::default()).map_err(|error| error.to_string())
}

#[test]
fn what_is_understood_is_told_in_one_line() {
    for (json, summary) in [
        ("{}", "nothing to do; request headers are not read"),
        (r#"{"extract": ["b3"], "inject": ["tracecontext"]}"#, "extract: b3; inject: tracecontext"),
        (
            r#"{"extract": ["b3"], "trust": "LINK", "generate": "NEVER"}"#,
            "extract: b3; inject: nothing; callers are not trusted; nothing is generated",
        ),
        (
            r#"{"extract": [], "inject": ["b3"], "tracer": "ZIPKIN", "generate": "IF_MISSING"}"#,
            "extract: nothing; inject: b3; beside a tracer",
        ),
        (
            r#"{"extract": ["b3"], "correlate": {"role": "INBOUND"}}"#,
            "extract: b3; inject: nothing; requests are remembered by x-request-id or trace id",
        ),
        (
            r#"{"extract": ["b3"], "correlate": {"role": "OUTBOUND", "key": "b3"}}"#,
            "extract: b3; inject: nothing; requests are restored by trace id",
        ),
        (
            r#"{"extract": ["b3"], "correlate": {"role": "OUTBOUND", "key": "X-Id", "byTraceId": false}}"#,
            "extract: b3; inject: nothing; requests are restored by x-id",
        ),
    ] {
        assert_eq!(settings(json).map(|settings| settings.summary()).as_deref(), Ok(summary));
    }
}

#[test]
fn every_field_that_asks_for_something_has_the_headers_read() {
    for (json, is_active) in [
        (r#"{"generate": "IF_MISSING", "extract": ["b3"], "trust": "CONTINUE"}"#, false),
        (r#"{"inject": ["b3"]}"#, true),
        (r#"{"publish": ["TRACE_ID"]}"#, true),
        (r#"{"baggage": {}}"#, true),
        (r#"{"trust": "RESTART"}"#, true),
        (r#"{"correlate": {"role": "OUTBOUND"}}"#, true),
    ] {
        assert_eq!(settings(json).map(|settings| settings.is_active), Ok(is_active), "{json}");
    }
}

#[test]
fn across_a_boundary_of_trust_baggage_needs_a_list() {
    for (json, allow) in [
        (r#"{"trust": "CONTINUE"}"#, None),
        (r#"{"trust": "RESTART"}"#, Some(0)),
        (r#"{"trust": "LINK", "baggage": {"maxBytes": 1}}"#, Some(0)),
        (r#"{"trust": "LINK", "baggage": {"allow": ["a"]}}"#, Some(1)),
        (r#"{"baggage": {"allow": []}}"#, Some(0)),
    ] {
        let allowed = settings(json).unwrap().baggage.allow.map(|keys| keys.len());
        assert_eq!(allowed, allow, "{json}");
    }
}

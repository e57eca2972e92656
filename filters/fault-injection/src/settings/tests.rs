use super::*;
use filter_testing::Metrics;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn configured(rule: &str) -> Result<Settings, ConfigError> {
    let config = format!(r#"{{"rules": [{{"name": "r", {rule}}}]}}"#);
    let config = filter_config::load(config.as_bytes())?;
    Settings::from_wire(config, &mut Metrics::default())
}

fn refusal(rule: &str) -> String {
    configured(rule).map(|_| "accepted".to_owned()).unwrap_or_else(|error| error.to_string())
}

/// Every distribution at its bounds; the messages are in the cases.
#[test]
fn times_are_1_ms_to_1_h() {
    let fixed = |time: &str| {
        refusal(&format!(r#""fault": {{"delay": {{"fixedDelay": "{time}", "percent": 1}}}}"#))
    };
    for time in ["1ms", "1h", "0.001s", "3600.000s"] {
        assert_eq!(fixed(time), "accepted", "{time}");
    }
    for (time, shown) in [("0s", "0ns"), ("0.999ms", "999000ns"), ("3600.001s", "3600001ms")] {
        assert_eq!(
            fixed(time),
            format!("rules[0].fault.delay.fixedDelay: found {shown}, allowed is 1ms to 1h")
        );
    }
}

#[test]
fn names_are_told_apart_and_fit_metric_names() {
    let long = "x".repeat(65);
    for name in ["", "a b", "a/b", "ä", "a\\n", &long] {
        let config = format!(r#"{{"rules": [{{"name": "{name}", "fault": {{}}}}]}}"#);
        let config = filter_config::load(config.as_bytes()).unwrap();
        let error = Settings::from_wire(config, &mut Metrics::default()).unwrap_err();
        assert_eq!(error.path(), "rules[0].name", "{name:?}");
    }
}

#[test]
fn a_rule_overrides_mode_times_and_budget_and_keeps_its_own_maxima() {
    let config = br#"{
        "mode": "SHADOW", "activeFrom": "2026-01-01T00:00:00Z", "rampUp": "1h",
        "maxActiveFaults": 9, "haltOn": {"errorRatio": 0.5, "window": "10s"},
        "rules": [
            {"name": "inherits", "fault": {"abort": {"reset": true, "percent": 1}}},
            {"name": "own", "mode": "ENFORCE", "activeUntil": "2027-01-01T00:00:00Z",
             "maxActiveFaults": 3, "haltOn": {"errorRatio": 0.1, "window": "20s", "minRequests": 5},
             "fault": {"abort": {"reset": true, "percent": 1}}}
        ]}"#;
    let config = filter_config::load(config).unwrap();
    let settings = Settings::from_wire(config, &mut Metrics::default()).unwrap();
    let [inherits, own] = settings.rules.as_slice() else { panic!() };
    assert!(inherits.is_shadow && !own.is_shadow);
    assert!(inherits.schedule.from.is_some() && inherits.schedule.ramp_up.is_some());
    assert!(own.schedule.from.is_none() && own.schedule.ramp_up.is_none());
    assert_eq!((settings.limits.max_active, own.limits.max_active), (9, 3));
    assert_eq!(inherits.limits.max_active, u64::MAX);
    assert_ne!(inherits.halt, own.halt);
}

#[test]
fn grpc_statuses_are_read_by_number_and_by_name() {
    let abort = |status: &str| {
        refusal(&format!(r#""fault": {{"abort": {{"grpcStatus": {status}, "percent": 1}}}}"#))
    };
    for status in ["0", "14", "14.0", "4294967295", "\"UNAVAILABLE\"", "\"OK\""] {
        assert_eq!(abort(status), "accepted", "{status}");
    }
    for status in ["-1", "14.5", "4294967296", "1e300", "\"unavailable\"", "\"14\"", "true", "null"]
    {
        assert!(abort(status).starts_with("rules[0].fault.abort.grpcStatus: found"), "{status}");
    }
}

#[test]
fn the_first_match_applies() {
    let config = br#"{"rules": [
        {"name": "a", "match": [{"uri": {"prefix": "/a"}}], "fault": {"abort": {"reset": true, "percent": 0}}},
        {"name": "all", "fault": {"abort": {"reset": true, "percent": 100}}}]}"#;
    let config = filter_config::load(config).unwrap();
    let settings = Settings::from_wire(config, &mut Metrics::default()).unwrap();
    for (path, name) in [("/a/b", "a"), ("/b", "all")] {
        let bytes = filter_api::encode_pairs([(":path", path)]);
        let request = RequestHead::new(filter_api::HeaderPairs::parse(&bytes));
        let rule = settings.first_match(&request).map(|(_, rule)| rule.name.as_str());
        assert_eq!(rule, Some(name), "{path}");
    }
}

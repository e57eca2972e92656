use super::*;
use filter_testing::{Asked, Exchange, Observed, Request, SimEnvironment, SimProxy, Upstream};
use std::time::Duration;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn proxy(config: &str) -> SimProxy<FaultFilter> {
    SimProxy::configure(config.as_bytes(), SimEnvironment::seeded(1)).unwrap()
}

fn get(path: &str) -> Exchange {
    let request = Request { path: path.to_owned(), ..Request::default() };
    Exchange::new(&request, 0, &Upstream::default())
}

fn count(proxy: &SimProxy<FaultFilter>, name: &str) -> u64 {
    proxy.env.metrics.value(name).unwrap()
}

/// The price of a rule by percentage alone that is not drawn: one random number.
#[test]
fn a_request_that_is_not_drawn_costs_one_random_number() {
    let mut proxy = proxy(
        r#"{"rules": [{"name": "r", "fault": {"abort": {"httpStatus": 503, "percentage": {"value": 0.0001}}}}]}"#,
    );
    assert!(!proxy.filter.needs_request_headers());
    let mut stream = FaultStream::default();
    let decision =
        proxy.filter.on_request_headers(&mut stream, &RequestHead::default(), &mut proxy.env);
    assert_eq!(proxy.env.asked, Asked { randoms: 1, ..Asked::default() });
    assert_eq!(decision.verdict, Verdict::Continue);
    assert_eq!(decision.interest, ResponseInterest::None);
    assert!(decision.effects.as_slice().is_empty() && stream.active.is_none());
}

#[test]
fn an_abort_without_limits_asks_for_nothing_but_its_draw() {
    let mut proxy = proxy(
        r#"{"rules": [{"name": "r", "fault": {"abort": {"httpStatus": 503, "percentage": {"value": 100}}}}]}"#,
    );
    let observed = proxy.exchange(&get("/")).unwrap();
    assert_eq!(observed.status, Some(503));
    assert_eq!(proxy.env.asked, Asked::default(), "100 % is not even drawn");
}

const DELAYED: &str = r#"{"rules": [{"name": "r", "maxActiveFaults": 1, "fault":
    {"delay": {"fixedDelay": "5s", "percentage": {"value": 100}},
     "abort": {"httpStatus": 503, "percentage": {"value": 100}}}}]}"#;

#[test]
fn a_client_that_leaves_during_a_delay_frees_everything() {
    let mut proxy = proxy(DELAYED);
    let leaving = Exchange { leaves_after: Some(Duration::from_secs(2)), ..get("/") };
    let observed = proxy.exchange(&leaving).unwrap();
    assert_eq!((observed.status, observed.upstream_called), (None, false));
    assert_eq!(observed.elapsed, Duration::from_secs(2));
    assert_eq!((count(&proxy, "active_faults"), count(&proxy, "rule.r.active_faults")), (0, 0));
    assert_eq!(count(&proxy, "rule.r.aborts_injected"), 0);
    // The unit is free for the next one.
    assert_eq!(proxy.exchange(&get("/")).unwrap().status, Some(503));
}

#[test]
fn an_abort_after_a_delay_is_not_limited_again_and_counts_as_one_fault() {
    let mut proxy = proxy(DELAYED);
    let both = proxy.exchange_all(&[get("/"), get("/")]).unwrap();
    let seen: Vec<(Option<u16>, Duration)> =
        both.iter().map(|one| (one.status, one.elapsed)).collect();
    assert_eq!(seen, [(Some(503), Duration::from_secs(5)), (Some(200), Duration::ZERO)]);
    assert_eq!(count(&proxy, "rule.r.faults_overflow"), 1);
    assert_eq!(both[0].filter_state, "r.delay+abort");
    assert_eq!(both[1], untouched());
}

fn untouched() -> Observed {
    Observed {
        status: Some(200),
        headers: vec![(b"content-length".to_vec(), b"8".to_vec())],
        body: b"upstream".to_vec(),
        details: "via_upstream".to_owned(),
        upstream_called: true,
        upstream_headers: get("/").request,
        ..Observed::default()
    }
}

/// Unit of a delay alone: given back when the timer fires, before the answer is there.
#[test]
fn a_delay_that_is_over_is_no_longer_active() {
    let mut proxy = proxy(
        r#"{"rules": [{"name": "r", "fault": {"delay": {"fixedDelay": "5s", "percentage": {"value": 100}}}}]}"#,
    );
    let mut stream = FaultStream::default();
    let held =
        proxy.filter.on_request_headers(&mut stream, &RequestHead::default(), &mut proxy.env);
    assert_eq!(held.verdict, Verdict::StopIteration(Duration::from_secs(5)));
    assert_eq!(count(&proxy, "active_faults"), 1);
    let over = proxy.filter.on_deadline(&mut stream, Side::Request, &mut proxy.env);
    assert_eq!(over.verdict, Verdict::Continue);
    assert_eq!(over.effects.as_slice().len(), 2, "both units are given back");
    let end = proxy.filter.on_stream_end(&mut stream, &mut proxy.env);
    assert!(end.as_slice().is_empty(), "and only once");
}

#[test]
fn an_empty_configuration_changes_nothing() {
    for config in ["", "{}", r#"{"rules": []}"#, r#"{"mode": "ENFORCE", "maxActiveFaults": 1}"#] {
        let mut proxy = proxy(config);
        assert_eq!(proxy.exchange(&get("/")).unwrap(), untouched(), "{config:?}");
        assert_eq!(proxy.env.asked, Asked::default());
        assert!(!proxy.filter.needs_request_headers());
    }
}

#[test]
fn the_summary_is_one_line_that_names_the_rules() {
    let summary = |config| proxy(config).filter.summary();
    assert_eq!(summary("{}"), "rules: none; request headers are not read");
    assert_eq!(
        summary(
            r#"{"rules": [
                {"name": "b", "match": [{"method": {"exact": "GET"}}], "fault": {
                    "outcomes": [{"weight": 1, "abort": {"reset": true}}]}},
                {"name": "a", "mode": "SHADOW", "fault": {
                    "delay": {"fixedDelay": "1s", "percent": 5}, "response": {"httpStatus": 500, "percent": 5}}}]}"#
        ),
        "rules: b (outcomes), a (delay+response, SHADOW); request headers are read"
    );
}

/// Which configurations have the headers read; everything else of a request is free.
#[test]
fn headers_are_read_only_where_a_rule_looks_at_them() {
    for (fault, needed) in [
        (r#""abort": {"httpStatus": 503, "percent": 50}"#, false),
        (r#""abort": {"grpcStatus": 14, "percent": 50}"#, false),
        (r#""abort": {"grpcStatus": 17, "percent": 50}"#, true),
        (r#""abort": {"headerAbort": {}, "percent": 50}"#, true),
        (r#""delay": {"headerDelay": {}, "percent": 50}"#, true),
        (r#""response": {"headerLimit": {}, "percent": 50}"#, true),
        (r#""response": {"body": "x", "percent": 50}"#, true),
        (r#""response": {"httpStatus": 500, "percent": 50}"#, false),
        (
            r#""delay": {"fixedDelay": "1s", "percentage": {"value": 5, "key": "request.headers[a]"}}"#,
            true,
        ),
        (r#""delay": {"fixedDelay": "1s", "percentage": {"value": 5, "key": "source.ip"}}"#, false),
        (r#""outcomes": [{"weight": 5, "abort": {"httpStatus": 503}}]"#, false),
        (r#""outcomes": [{"weight": 5, "abort": {"headerAbort": {}}}]"#, true),
        (r#""outcomes": [{"weight": 5, "abort": {"reset": true}}], "key": "request.path""#, true),
    ] {
        let config = format!(r#"{{"rules": [{{"name": "r", "fault": {{{fault}}}}}]}}"#);
        assert_eq!(proxy(&config).filter.needs_request_headers(), needed, "{fault}");
    }
}

/// At 100 % a sticky key is not asked for; while the rule ramps up it is.
#[test]
fn a_ramp_draws_at_full_percentage_too() {
    let fault = r#"{"abort": {"httpStatus": 503, "percentage": {"value": 100, "key": "request.headers[\"a\"]"}}}"#;
    let plain = format!(r#"{{"rules": [{{"name": "r", "fault": {fault}}}]}}"#);
    assert!(!proxy(&plain).filter.needs_request_headers());
    let ramp = format!(
        r#"{{"activeFrom": "2026-01-01T00:00:00Z", "rampUp": "1h", "rules": [{{"name": "r", "fault": {fault}}}]}}"#
    );
    assert!(proxy(&ramp).filter.needs_request_headers());
}

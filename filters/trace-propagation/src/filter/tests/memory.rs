//! Both sides of an application.

use super::*;
use filter_api::Environment;
use std::time::Duration;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const INBOUND: &str = r#"{
    "propagate": ["x-request-id", "x-ot-span-context", "user-agent", "end-user", "baggage"],
    "correlate": {"role": "INBOUND"}
}"#;
const OUTBOUND: &str = r#"{
    "propagate": ["x-request-id", "x-ot-span-context", "user-agent", "end-user", "baggage"],
    "correlate": {"role": "OUTBOUND"}
}"#;
pub(super) const ID: &str = "9a1f6a3e-3d0e-4d0c-8d2f-0f1d2c3b4a59";

/// A sidecar: both listeners of one Envoy.
pub(super) struct Sidecar {
    pub(super) env: SimEnvironment,
    inbound: Hop,
    pub(super) outbound: Hop,
}

impl Sidecar {
    pub(super) fn new(inbound: &str, outbound: &str) -> Self {
        let mut env = SimEnvironment::seeded(1);
        let (inbound, outbound) = (Hop::new(inbound, &mut env), Hop::new(outbound, &mut env));
        Self { env, inbound, outbound }
    }

    fn default() -> Self {
        Self::new(INBOUND, OUTBOUND)
    }

    pub(super) fn inbound(&mut self, request: &Headers) -> TraceStream {
        self.inbound.pass(request, &mut self.env).2
    }

    /// What an outbound request goes on with, by name.
    pub(super) fn outbound(&mut self, request: &[(&str, &str)]) -> Headers {
        let mut after = self.outbound.pass(&headers(request), &mut self.env).0;
        after.sort();
        after
    }

    pub(super) fn count(&self, name: &str) -> u64 {
        count(&self.env, name)
    }
}

/// The request of the tutorials, with its eight headers.
fn bookinfo(n: u64) -> Headers {
    let (trace, span) = (format!("{:016x}", n + 1), format!("{:016x}", n + 2));
    let id = format!("9a1f6a3e-3d0e-4d0c-8d2f-{n:012x}");
    let mut all = headers(&[
        ("x-request-id", id.as_str()),
        ("x-b3-traceid", &trace),
        ("x-b3-spanid", &span),
        ("x-b3-parentspanid", "00000000000000ff"),
        ("x-b3-sampled", "1"),
        ("x-b3-flags", "0"),
        ("x-ot-span-context", &format!("{trace};{span};00000000000000ff")),
        ("user-agent", &format!("Safari/{n}")),
    ]);
    all.sort();
    all
}

#[test]
fn an_application_that_forwards_only_its_request_id_gets_all_seven_headers_back() {
    let mut sidecar = Sidecar::default();
    let request = bookinfo(1);
    let stream = sidecar.inbound(&request);
    let id = get(&request, "x-request-id").unwrap();
    assert_eq!(sidecar.outbound(&[("x-request-id", &id)]), request);
    assert_eq!((sidecar.count("requests_stored"), sidecar.count("requests_restored")), (1, 1));
    sidecar.inbound.end(stream, &mut sidecar.env);
    assert_eq!(sidecar.count("open_requests"), 0);
    // Work that goes on after the answer.
    assert_eq!(sidecar.outbound(&[("x-request-id", &id)]), request);
}

#[test]
fn any_one_header_with_the_trace_id_does_as_well() {
    let context = "80f198ee56343ba864fe8b2a57d3eff7";
    let all: [(&str, String); 10] = [
        ("traceparent", format!("00-{context}-e457b5a2e4d86bd1-01")),
        ("b3", format!("{context}-e457b5a2e4d86bd1-1")),
        ("uber-trace-id", format!("{context}:e457b5a2e4d86bd1:0:1")),
        (
            "x-amzn-trace-id",
            "Root=1-80f198ee-56343ba864fe8b2a57d3eff7;Parent=e457b5a2e4d86bd1;Sampled=1".to_owned(),
        ),
        ("x-cloud-trace-context", format!("{context}/16454231443126545361;o=1")),
        ("x-b3-traceid", context.to_owned()),
        ("x-datadog-trace-id", "7277407061855694839".to_owned()),
        ("ot-tracer-traceid", "64fe8b2a57d3eff7".to_owned()),
        ("x-b3-spanid", "e457b5a2e4d86bd1".to_owned()),
        ("x-b3-sampled", "1".to_owned()),
    ];
    let carriers = &all[..8];
    for (name, value) in carriers {
        let mut sidecar = Sidecar::default();
        let mut request: Headers = headers(&[("x-request-id", ID), ("end-user", "jason")]);
        request.extend(all.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        // Whole contexts in all formats but these two, of which the request has one header.
        request.retain(|(name, _)| name != "x-datadog-trace-id" && name != "ot-tracer-traceid");
        let _stream = sidecar.inbound(&request);
        let restored = sidecar.outbound(&[("x-request-id", "another"), (name, value)]);
        assert_eq!(get(&restored, "end-user").as_deref(), Some("jason"), "{name}");
        assert_eq!(get(&restored, "x-request-id").as_deref(), Some("another"), "{name}");
    }
}

#[test]
fn a_part_of_a_context_is_completed() {
    let mut sidecar = Sidecar::default();
    let request = bookinfo(1);
    let _stream = sidecar.inbound(&request);
    let trace = get(&request, "x-b3-traceid").unwrap();
    let restored = sidecar.outbound(&[("x-b3-traceid", &trace)]);
    assert_eq!(restored, request);
}

/// The id with another digit at this place.
fn with_digit(id: &str, place: usize) -> String {
    id.chars().enumerate().map(|(at, digit)| if at == place { 'a' } else { digit }).collect()
}

#[test]
fn the_digit_that_envoy_rewrites_does_not_count() {
    let mut sidecar = Sidecar::default();
    let mut request = bookinfo(1);
    let _stream = sidecar.inbound(&request);
    let id = get(&request, "x-request-id").unwrap();
    let rewritten = with_digit(&id, 14);
    let restored = sidecar.outbound(&[("x-request-id", &rewritten)]);
    request.retain(|(name, _)| name != "x-request-id");
    request.push(("x-request-id".to_owned(), rewritten));
    request.sort();
    assert_eq!(restored, request);
    // Any other digit does, and so does one of an id that is no UUID.
    let other = with_digit(&id, 15);
    assert_eq!(sidecar.outbound(&[("x-request-id", &other)]).len(), 1);
    let _stream =
        sidecar.inbound(&headers(&[("x-request-id", "order-00000000-4"), ("end-user", "x")]));
    assert_eq!(sidecar.outbound(&[("x-request-id", "order-00000000-9")]).len(), 1);
    assert_eq!(sidecar.outbound(&[("x-request-id", "order-00000000-4")]).len(), 2);
}

#[test]
fn nothing_is_mixed_up_between_requests_that_are_open_at_the_same_time() {
    let mut sidecar = Sidecar::default();
    let mut open: Vec<(u64, TraceStream)> = Vec::new();
    for n in 0..5000 {
        let stream = sidecar.inbound(&bookinfo(n));
        open.push((n, stream));
        if open.len() > 50 {
            let index = (sidecar.env.random() % 50) as usize;
            let (ended, stream) = open.swap_remove(index);
            let request = bookinfo(ended);
            let id = get(&request, "x-request-id").unwrap();
            assert_eq!(sidecar.outbound(&[("x-request-id", &id)]), request);
            sidecar.inbound.end(stream, &mut sidecar.env);
        }
    }
    assert_eq!(sidecar.count("requests_ambiguous"), 0);
    assert_eq!(sidecar.count("entries_evicted"), 0);
}

#[test]
fn one_id_for_two_different_requests_restores_nothing_and_is_counted() {
    let mut sidecar = Sidecar::default();
    let (one, mut other) = (bookinfo(1), bookinfo(2));
    let id = get(&one, "x-request-id").unwrap();
    other.retain(|(name, _)| name != "x-request-id");
    other.push(("x-request-id".to_owned(), id.clone()));
    let streams = [sidecar.inbound(&one), sidecar.inbound(&other)];
    assert_eq!(sidecar.outbound(&[("x-request-id", &id)]).len(), 1);
    assert_eq!(sidecar.count("requests_ambiguous"), 1);
    assert_eq!(sidecar.count("propagation_lost"), 0);
    for stream in streams {
        sidecar.inbound.end(stream, &mut sidecar.env);
    }
    // Both are over: the next one is known again.
    let _stream = sidecar.inbound(&one);
    assert_eq!(sidecar.outbound(&[("x-request-id", &id)]), one);
}

#[test]
fn the_same_request_twice_as_a_retry_makes_it_is_not_in_doubt() {
    let mut sidecar = Sidecar::default();
    let request = bookinfo(1);
    let _streams = [sidecar.inbound(&request), sidecar.inbound(&request)];
    let id = get(&request, "x-request-id").unwrap();
    assert_eq!(sidecar.outbound(&[("x-request-id", &id)]), request);
}

#[test]
fn a_context_that_the_application_made_itself_is_left_alone() {
    let mut sidecar = Sidecar::default();
    let request = bookinfo(1);
    let _stream = sidecar.inbound(&request);
    let id = get(&request, "x-request-id").unwrap();
    let trace = get(&request, "x-b3-traceid").unwrap();
    // A child of the trace: only what is no context comes back.
    let child = format!("00-0000000000000000{trace}-00000000000000cd-01");
    let restored = sidecar.outbound(&[("x-request-id", &id), ("traceparent", &child)]);
    assert_eq!(get(&restored, "traceparent"), Some(child));
    assert_eq!(get(&restored, "x-b3-traceid"), None);
    assert_eq!(get(&restored, "user-agent").as_deref(), Some("Safari/1"));
    // Another trace contradicts the memory: nothing comes back.
    let other = "00-000000000000000000000000000000ab-00000000000000cd-01";
    let restored = sidecar.outbound(&[("x-request-id", &id), ("traceparent", other)]);
    assert_eq!(restored.len(), 2);
    assert_eq!(sidecar.count("requests_ambiguous"), 1);
    // So does a part of one.
    let restored = sidecar.outbound(&[("x-request-id", &id), ("x-b3-traceid", "00000000000000ab")]);
    assert_eq!(restored.len(), 2);
    assert_eq!(sidecar.count("requests_ambiguous"), 2);
}

#[test]
fn a_request_that_carries_everything_is_not_touched() {
    let mut sidecar = Sidecar::default();
    let request = bookinfo(1);
    let _stream = sidecar.inbound(&request);
    assert_eq!(sidecar.outbound.pass(&request, &mut sidecar.env).1, 0);
    assert_eq!(sidecar.count("requests_restored"), 0);
}

#[test]
fn what_the_application_wrote_itself_stays_unless_it_is_to_be_overwritten() {
    let mut sidecar = Sidecar::default();
    let request = bookinfo(1);
    let id = get(&request, "x-request-id").unwrap();
    let _stream = sidecar.inbound(&request);
    let own = [("x-request-id", id.as_str()), ("user-agent", "python-requests/2")];
    let restored = sidecar.outbound(&own);
    assert_eq!(get(&restored, "user-agent").as_deref(), Some("python-requests/2"));
    let overwriting = r#"{"propagate": ["user-agent"], "overwrite": ["user-agent"],
                          "correlate": {"role": "OUTBOUND"}}"#;
    sidecar.outbound = Hop::new(overwriting, &mut sidecar.env);
    let restored = sidecar.outbound(&own);
    assert_eq!(get(&restored, "user-agent").as_deref(), Some("Safari/1"));
}

#[test]
fn a_repeated_header_comes_back_line_by_line() {
    let mut sidecar = Sidecar::default();
    let lines = [("x-request-id", ID), ("baggage", "a=1"), ("baggage", "b=2")];
    let _stream = sidecar.inbound(&headers(&lines));
    assert_eq!(sidecar.outbound(&[("x-request-id", ID)]).len(), 3);
}

#[test]
fn what_was_restored_is_translated_too() {
    let outbound = r#"{"inject": ["tracecontext"], "correlate": {"role": "OUTBOUND"}}"#;
    let mut sidecar = Sidecar::new(INBOUND, outbound);
    let request = bookinfo(1);
    let _stream = sidecar.inbound(&request);
    let id = get(&request, "x-request-id").unwrap();
    let restored = sidecar.outbound(&[("x-request-id", &id)]);
    assert_eq!(
        get(&restored, "traceparent").as_deref(),
        Some("00-00000000000000000000000000000002-0000000000000003-01")
    );
    assert_eq!(get(&restored, "x-b3-parentspanid").as_deref(), Some("00000000000000ff"));
}

#[test]
fn what_the_inbound_side_generated_is_remembered() {
    let inbound = r#"{"inject": ["tracecontext"], "correlate": {"role": "INBOUND"}}"#;
    let mut sidecar = Sidecar::new(inbound, OUTBOUND);
    let (seen, ..) = sidecar.inbound.pass(&headers(&[("x-request-id", ID)]), &mut sidecar.env);
    let restored = sidecar.outbound(&[("x-request-id", ID)]);
    assert!(get(&seen, "traceparent").is_some());
    assert_eq!(get(&restored, "traceparent"), get(&seen, "traceparent"));
}

#[test]
fn an_outbound_request_without_any_known_id_is_told_while_an_inbound_one_is_open() {
    let mut sidecar = Sidecar::default();
    assert_eq!(sidecar.outbound(&[("x-request-id", "unknown")]).len(), 1);
    assert_eq!(
        sidecar.count("propagation_lost"),
        0,
        "nothing is open: it is the application's own"
    );
    let stream = sidecar.inbound(&bookinfo(1));
    assert_eq!(sidecar.count("open_requests"), 1);
    assert_eq!(sidecar.outbound(&[("x-request-id", "unknown")]).len(), 1);
    assert_eq!(sidecar.outbound(&[]).len(), 0);
    assert_eq!(sidecar.count("propagation_lost"), 2);
    sidecar.inbound.end(stream, &mut sidecar.env);
    assert_eq!(sidecar.outbound(&[]).len(), 0);
    assert_eq!(sidecar.count("propagation_lost"), 2);
    assert_eq!(sidecar.count("open_requests"), 0);
}

#[test]
fn after_the_ttl_nothing_is_known() {
    let mut sidecar = Sidecar::default();
    let request = bookinfo(1);
    let _stream = sidecar.inbound(&request);
    let id = get(&request, "x-request-id").unwrap();
    sidecar.env.advance(Duration::from_millis(29_999));
    assert_eq!(sidecar.outbound(&[("x-request-id", &id)]), request);
    sidecar.env.advance(Duration::from_millis(1));
    assert_eq!(sidecar.outbound(&[("x-request-id", &id)]).len(), 1);
}

#[test]
fn without_shared_data_the_request_goes_on_as_it_is() {
    let mut sidecar = Sidecar::default();
    sidecar.env.shared_data_fails = true;
    let request = bookinfo(1);
    let (seen, writes, stream) = sidecar.inbound.pass(&request, &mut sidecar.env);
    assert_eq!((seen, writes), (request, 0));
    assert_eq!(sidecar.count("shared_data_conflicts"), 2, "by both keys");
    sidecar.inbound.end(stream, &mut sidecar.env);
    assert_eq!(sidecar.count("open_requests"), 0);
}

#[test]
fn what_is_too_large_is_not_remembered() {
    let mut sidecar = Sidecar::default();
    let long = "x".repeat(5000);
    let _stream = sidecar.inbound(&headers(&[("x-request-id", ID), ("end-user", long.as_str())]));
    assert_eq!(sidecar.count("entries_too_large"), 1);
    assert_eq!(sidecar.outbound(&[("x-request-id", ID)]).len(), 1);
}

#[test]
fn a_key_of_the_users_own_and_the_trace_id_alone() {
    for (key, outbound, is_restored) in [
        (r#""key": "x-correlation-id""#, ("x-correlation-id", "order-7"), true),
        (
            r#""key": "x-correlation-id", "byTraceId": false"#,
            ("x-b3-traceid", "0000000000000002"),
            false,
        ),
        (r#""key": "traceparent""#, ("x-b3-traceid", "0000000000000002"), true),
        (r#""key": "traceparent""#, ("x-correlation-id", "order-7"), false),
    ] {
        let config = |role: &str| format!(r#"{{"correlate": {{"role": "{role}", {key}}}}}"#);
        let mut sidecar = Sidecar::new(&config("INBOUND"), &config("OUTBOUND"));
        let mut request = bookinfo(1);
        request.push(("x-correlation-id".to_owned(), "order-7".to_owned()));
        let _stream = sidecar.inbound(&request);
        let restored = sidecar.outbound(&[outbound]);
        assert_eq!(get(&restored, "x-b3-spanid").is_some(), is_restored, "{key}");
    }
}

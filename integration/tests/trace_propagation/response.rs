//! The trace id for access logs and, by Envoy's own means, in a response header.

use crate::filter;
use anyhow::Result;
use envoy_runner::{Client, Reply, Request, Upstream, header};
use integration::fixtures::{self, INGRESS};
use serde_json::json;
use std::time::Duration;

#[test]
fn filter_state_becomes_server_timing_and_a_field_of_the_access_log() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::ok("upstream").header("server-timing", "db;dur=3"))?;
    let value = "%FILTER_STATE(wasm.server_timing:PLAIN)%";
    let add = json!([{"header": {"key": "server-timing", "value": value}}]);
    let config = json!({"inject": ["tracecontext"], "generate": "NEVER", "publish": ["TRACE_ID", "SERVER_TIMING"]});
    let listener = fixtures::ingress()
        .manager(json!({"route_config": {"response_headers_to_add": add}}))
        .filter(filter(INGRESS, &config)?)
        .log_filter_state("trace_id");
    let mut envoy = fixtures::start(&fixtures::in_front_of(&upstream, [listener]), 1)?;
    let parent = "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01";
    let traced = Request::get("/").header("traceparent", parent);
    let answer = Client::once(envoy.addr(INGRESS)?, &traced)?;
    let timings: Vec<&[u8]> = answer
        .headers
        .iter()
        .filter(|(name, _)| name == b"server-timing")
        .map(|(_, value)| value.as_slice())
        .collect();
    let own = format!("trace;desc={parent}");
    assert_eq!(timings, [&b"db;dur=3"[..], own.as_bytes()]);
    let entries = envoy.wait_for_access_log(1, Duration::from_secs(10))?;
    let logged = entries.first().and_then(|entry| entry.text("trace_id"));
    println!("server-timing: {own}; access log: {logged:?}");
    assert_eq!(logged, Some("80f198ee56343ba864fe8b2a57d3eff7"));

    // Without a trace there is no header of ours.
    let answer = Client::once(envoy.addr(INGRESS)?, &Request::get("/"))?;
    assert_eq!(header(&answer.headers, "server-timing"), Some(&b"db;dur=3"[..]));
    let own = answer.headers.iter().filter(|(name, _)| name == b"server-timing").count();
    assert_eq!(own, 1);
    fixtures::unharmed(&mut envoy)
}

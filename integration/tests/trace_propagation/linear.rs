//! What a request costs grows with its length and no faster, whatever is long in it.
//!
//! In the wasmtime host, whose fuel counts instructions alike on every machine.

use crate::FILTER;
use anyhow::{Context as _, Result, ensure};
use proxy_wasm_test_host::{Engine, Request, Response, TestHost};
use serde_json::json;

const TRACEPARENT: &str = "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01";

/// What is long, and how it is made so many times as long.
type Row = (&'static str, fn(usize) -> Vec<(String, String)>);

/// What is refused early costs less than what is read whole; none may cost more than its length.
const ROWS: [Row; 7] = [
    ("one tracestate, ever longer members beyond what is allowed", |n| {
        vec![("tracestate".into(), format!("a={}", "x".repeat(500 * n)))]
    }),
    ("one tracestate of empty members", |n| vec![("tracestate".into(), ",".repeat(500 * n))]),
    ("many tracestate headers", |n| {
        let line = |number| ("tracestate".into(), format!("k{number}=v"));
        (0..10 * n).map(line).collect()
    }),
    ("one long baggage member", |n| vec![("baggage".into(), format!("a={}", "x".repeat(500 * n)))]),
    ("many baggage members", |n| {
        let members: Vec<_> = (0..100 * n).map(|number| format!("k{number}=v")).collect();
        vec![("baggage".into(), members.join(","))]
    }),
    ("many baggage headers", |n| {
        let line = |number| ("baggage".into(), format!("k{number}=v"));
        (0..10 * n).map(line).collect()
    }),
    ("a malformed b3, all dashes", |n| vec![("b3".into(), "-".repeat(500 * n))]),
];

fn fuel(host: &TestHost, headers: &[(String, String)]) -> Result<u64> {
    let send = || {
        let request = Request::get("/").header("traceparent", TRACEPARENT);
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        host.worker(0).exchange(request, |_| Response::new(200)).status()
    };
    send().context("no answer")?;
    host.reset_counts();
    send().context("no answer")?;
    Ok(host.counts().fuel_total())
}

#[test]
fn the_cost_of_a_request_is_linear_in_its_length() -> Result<()> {
    let engine = Engine::new(&std::fs::read(integration::module(FILTER)?)?)?;
    let config = json!({
        "inject": ["tracecontext", "b3"],
        "baggage": {"allow": ["k1", "k2"]},
        "correlate": {"role": "INBOUND"},
    });
    let builder = TestHost::builder(&engine).plugin(FILTER, FILTER, "").workers(1);
    let host = builder.plugin_config(config.to_string()).build()?;
    for (what, headers) in ROWS {
        let [one, two, eight] = [1, 2, 8].map(|times| fuel(&host, &headers(times)));
        let (one, two, eight) = (one?, two?, eight?);
        println!("{what}: {one} instructions, {two} at twice the length, {eight} at eight times");
        // Six further steps cost at most six times the first, and a tenth for what grows by doubling.
        let step = two.saturating_sub(one).max(one / 10);
        ensure!(eight.saturating_sub(two) <= step * 66 / 10, "{what} is worse than linear");
    }
    Ok(())
}

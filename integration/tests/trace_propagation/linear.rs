//! What a request costs grows with its length and no faster, whatever is long in it.

use crate::FILTER;
use anyhow::Result;
use integration::{Growing, ensure_linear};
use proxy_wasm_test_host::Request;
use serde_json::json;

const TRACEPARENT: &str = "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01";

fn traced() -> Request {
    Request::get("/").header("traceparent", TRACEPARENT)
}

/// So many headers of one name.
fn lines(name: &'static str, count: usize) -> Request {
    (0..count).fold(traced(), |request, number| request.header(name, format!("k{number}=v")))
}

const ROWS: [Growing; 7] = [
    ("one tracestate, ever longer members beyond what is allowed", |n| {
        traced().header("tracestate", format!("a={}", "x".repeat(500 * n)))
    }),
    ("one tracestate of empty members", |n| traced().header("tracestate", ",".repeat(500 * n))),
    ("many tracestate headers", |n| lines("tracestate", 10 * n)),
    ("one long baggage member", |n| {
        traced().header("baggage", format!("a={}", "x".repeat(500 * n)))
    }),
    ("many baggage members", |n| {
        let members: Vec<_> = (0..100 * n).map(|number| format!("k{number}=v")).collect();
        traced().header("baggage", members.join(","))
    }),
    ("many baggage headers", |n| lines("baggage", 10 * n)),
    ("a malformed b3, all dashes", |n| traced().header("b3", "-".repeat(500 * n))),
];

#[test]
fn the_cost_of_a_request_is_linear_in_its_length() -> Result<()> {
    let config = json!({
        "inject": ["tracecontext", "b3"],
        "baggage": {"allow": ["k1", "k2"]},
        "correlate": {"role": "INBOUND"},
    });
    ensure_linear(FILTER, &config, &ROWS)
}

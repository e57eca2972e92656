//! What a client sends more of costs no more than in proportion, by the fuel of the wasmtime host.

use crate::FILTER;
use anyhow::Result;
use integration::{Growing, ensure_linear};
use proxy_wasm_test_host::Request;
use serde_json::json;

const INPUTS: [Growing; 7] = [
    ("a long cookie", |n| get().header("cookie", format!("a={}; session=x", "b".repeat(250 * n)))),
    ("many cookies", |n| get().header("cookie", format!("{}session=x", "a=b; ".repeat(250 * n)))),
    ("cookies that begin alike", |n| get().header("cookie", "session".repeat(250 * n))),
    ("a long key", |n| get().header("end-user", "u".repeat(250 * n))),
    ("a long user agent", |n| get().header("user-agent", "FirefoFirefo".repeat(250 * n))),
    ("an override that nobody signed", |n| {
        get().header(
            "x-override",
            format!("canary={};exp=9;sig={}", "v".repeat(250 * n), "0".repeat(64)),
        )
    }),
    // No map of headers that Envoy takes is longer.
    ("many hints", |n| (0..12 * n).fold(get(), |request, _| request.header("x-route", "v2"))),
];

fn get() -> Request {
    Request::get("/")
}

#[test]
fn what_a_client_sends_more_of_costs_in_proportion() -> Result<()> {
    let config = json!({
        "hintHeaders": ["x-route"],
        "overrideHeader": {"name": "x-override", "secrets": ["0123456789abcdef"]},
        "rules": [
            {"name": "firefox", "match": [{"headers": {"user-agent": {"regex": ".*Firefox.*"}}}],
             "set": {"headers": {"x-route": "v2"}}},
            {"name": "canary", "split": {
                "key": "request.headers[\"end-user\"] | request.cookies[\"session\"]",
                "variants": [{"name": "v1", "weight": 1}, {"name": "v2", "weight": 1}]}},
        ],
    });
    ensure_linear(FILTER, &config, &INPUTS)
}

//! What a client sends more of costs no more than in proportion, by the fuel of the wasmtime host.

use crate::FILTER;
use anyhow::{Result, ensure};
use proxy_wasm_test_host::{Engine, Request, Response, TestHost};
use serde_json::json;

const SIZES: [usize; 4] = [250, 500, 1000, 2000];

/// A request with so much of something.
type Grown = fn(usize) -> Request;

const INPUTS: [(&str, Grown); 7] = [
    ("a long cookie", |size| get().header("cookie", format!("a={}; session=x", "b".repeat(size)))),
    ("many cookies", |size| get().header("cookie", format!("{}session=x", "a=b; ".repeat(size)))),
    ("cookies that begin alike", |size| get().header("cookie", "session".repeat(size))),
    ("a long key", |size| get().header("end-user", "u".repeat(size))),
    ("a long user agent", |size| get().header("user-agent", "FirefoFirefo".repeat(size))),
    ("an override that nobody signed", |size| {
        get().header(
            "x-override",
            format!("canary={};exp=9;sig={}", "v".repeat(size), "0".repeat(64)),
        )
    }),
    // No map of headers that Envoy takes is longer.
    ("many hints", |size| (0..size / 20).fold(get(), |request, _| request.header("x-route", "v2"))),
];

fn get() -> Request {
    Request::get("/")
}

fn host(engine: &Engine) -> Result<TestHost> {
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
    let builder = TestHost::builder(engine).plugin(FILTER, FILTER, "").workers(1);
    Ok(builder.plugin_config(config.to_string()).build()?)
}

/// Instructions of the module for such a request.
fn fuel(host: &TestHost, request: &Request) -> Result<u64> {
    host.reset_counts();
    let answer = host.worker(0).exchange(request.clone(), |_| Response::new(200));
    ensure!(answer.status() == Some(200), "{:?}", answer.status());
    Ok(host.counts().fuel_total())
}

#[test]
fn what_a_client_sends_more_of_costs_in_proportion() -> Result<()> {
    let engine = Engine::new(&std::fs::read(integration::module(FILTER)?)?)?;
    for (what, request) in INPUTS {
        let host = host(&engine)?;
        fuel(&host, &request(1))?;
        let mut costs = Vec::new();
        for size in SIZES {
            costs.push(fuel(&host, &request(size))?);
        }
        println!("{what}: {costs:?} instructions for {SIZES:?}");
        // Twice as much may cost twice as much, and one tenth for what memory does in steps.
        let is_linear =
            costs.iter().zip(costs.iter().skip(1)).all(|(one, two)| *two <= *one * 22 / 10);
        ensure!(is_linear, "{what}: {costs:?}");
    }
    Ok(())
}

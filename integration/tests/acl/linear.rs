//! What a verdict costs grows with the request's length and no faster, whatever is long in it.
//!
//! In the wasmtime host, whose fuel counts instructions alike on every machine.

use crate::FILTER;
use anyhow::{Context as _, Result, ensure};
use proxy_wasm_test_host::{Engine, Request, Response, TestHost};
use serde_json::json;

/// What is long, and the request in which it is made so many times as long.
type Row = (&'static str, fn(usize) -> Request);

const ROWS: [Row; 9] = [
    ("a path of one segment", |n| Request::get(&format!("/{}", "a".repeat(500 * n)))),
    ("a path of many segments", |n| Request::get(&"/v1/x".repeat(100 * n))),
    ("a path of encoded letters", |n| Request::get(&format!("/{}", "%61".repeat(200 * n)))),
    ("a path encoded again and again", |n| Request::get(&format!("/%{}2e", "25".repeat(200 * n)))),
    ("dot segments", |n| Request::get(&"/a/..".repeat(100 * n))),
    ("slashes and parameters", |n| Request::get(&"//;a\\".repeat(100 * n))),
    ("one long value", |n| Request::get("/").header("x-app", "a".repeat(500 * n))),
    ("many values", |n| {
        (0..20 * n).fold(Request::get("/"), |request, _| request.header("x-app", "someone"))
    }),
    ("many other headers", |n| {
        let name = |number| format!("x-other-{number}");
        (0..20 * n).fold(Request::get("/"), |request, number| request.header(name(number), "v"))
    }),
];

fn fuel(host: &TestHost, request: &Request) -> Result<u64> {
    let send = || host.worker(0).exchange(request.clone(), |_| Response::new(200)).status();
    // What is encoded so often that nobody knows what it means is refused.
    let status = send().context("no answer")?;
    host.reset_counts();
    ensure!(send() == Some(status), "another answer the second time");
    Ok(host.counts().fuel_total())
}

#[test]
fn the_cost_of_a_verdict_is_linear_in_the_length_of_the_request() -> Result<()> {
    let engine = Engine::new(&std::fs::read(integration::module(FILTER)?)?)?;
    let paths = ["/admin", "*.php", "/api/*", "/v1/{*}/x/{**}/end", "/{**}/secret"];
    let values = ["evil*", "*evil", "exactly"];
    let config = json!({
        "rules": [
            {"name": "paths", "action": "DENY", "to": [{"operation": {"paths": paths}}]},
            {"name": "values", "action": "DENY", "when": [{"key": "request.headers[x-app]", "values": values}]},
        ],
        "lists": [{
            "name": "patterns", "value": "request.headers[\"x-app\"] | \"none\"", "entryType": "REGEX",
            "blacklist": true, "overrides": ["(a|aa)+b", ".*evil.*"],
        }],
    });
    let builder = TestHost::builder(&engine).plugin(FILTER, FILTER, "").workers(1);
    let host = builder.plugin_config(config.to_string()).build()?;
    for (what, request) in ROWS {
        let [one, two, eight] = [1, 2, 8].map(|times| fuel(&host, &request(times)));
        let (one, two, eight) = (one?, two?, eight?);
        println!("{what}: {one} instructions, {two} at twice the length, {eight} at eight times");
        // Six further steps cost at most six times the first, and a tenth for what grows by doubling.
        let step = two.saturating_sub(one).max(one / 10);
        ensure!(eight.saturating_sub(two) <= step * 66 / 10, "{what} is worse than linear");
    }
    Ok(())
}

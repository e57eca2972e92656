//! The module is not told that a stream or a configuration is over: that would cost every request 1.4k
//! instructions. What it remembers of them goes all the same.

use super::FILTER;
use anyhow::{Context as _, Result, ensure};
use proxy_wasm_test_host::{Engine, Request, Response, StreamHandle, TestHost};
use serde_json::{Value, json};
use std::fs;

/// A megabyte at most: a few hundred streams, or two configurations.
const SLACK: usize = 1 << 20;

fn host(config: &Value) -> Result<TestHost> {
    let engine = Engine::new(&fs::read(integration::module(FILTER)?)?)?;
    ensure!(!engine.exports().iter().any(|export| export == "proxy_on_delete"), "it is told");
    let builder = TestHost::builder(&engine).plugin(FILTER, FILTER, "").workers(1);
    Ok(builder.plugin_config(config.to_string()).build()?)
}

/// Every anonymous user gets a cookie with the answer, so that the answer is waited for.
fn experiment() -> Value {
    json!({"rules": [{"name": "canary", "split": {
        "key": "request.cookies[\"user\"]",
        "cookie": {"name": "user"},
        "variants": [
            {"name": "v1", "weight": 50, "set": {"headers": {"x-route": "v1"}}},
            {"name": "v2", "weight": 50, "set": {"headers": {"x-route": "v2"}}},
        ],
    }}]})
}

#[test]
fn streams_that_are_left_before_they_are_answered_are_forgotten() -> Result<()> {
    let host = host(&experiment())?;
    let worker = host.worker(0);
    let open = || worker.open(&Request::get("/"));
    let leave = |times: usize| (0..times).for_each(|_| open().disconnect());
    let waiting: Vec<StreamHandle> = (0..500).map(|_| open()).collect();
    leave(1_000);
    let before = worker.memory_bytes();
    leave(20_000);
    let grown = worker.memory_bytes() - before;
    println!("20000 streams left before they were answered: {grown} bytes more");
    ensure!(grown <= SLACK, "{grown} bytes more");
    for (n, stream) in waiting.iter().enumerate() {
        stream.respond(&Response::new(200));
        let outcome = stream.outcome();
        ensure!(outcome.header("set-cookie").is_some(), "stream {n} lost its cookie");
    }
    ensure!(host.death().is_none() && host.traps().is_empty(), "{:?}", host.traps());
    Ok(())
}

#[test]
fn configurations_that_have_drained_are_forgotten() -> Result<()> {
    let large = |n: usize| {
        let text = "v".repeat(4_000);
        let rule = |rule: usize| json!({"name": format!("r{rule}"), "set": {"headers": {"x-route": format!("{n}-{text}")}}});
        json!({"rules": (0..100).map(rule).collect::<Vec<_>>()})
    };
    let host = host(&large(0))?;
    let worker = host.worker(0);
    let mut sizes = Vec::new();
    for n in 1..=12 {
        host.update_config(large(n).to_string().as_bytes())?;
        let old = worker.open(&Request::get("/"));
        host.retire_old_configs();
        old.respond(&Response::new(200));
        ensure!(old.outcome().status() == Some(200), "a request of configuration {n} was lost");
        sizes.push(worker.memory_bytes());
    }
    println!("memory after each of 12 configurations of 400 kB: {sizes:?}");
    let (early, late) = (sizes.get(4), sizes.last());
    let grown = late.zip(early).map(|(late, early)| late - early).context("no sizes")?;
    ensure!(grown <= SLACK, "{grown} bytes more");
    ensure!(host.death().is_none() && host.traps().is_empty(), "{:?}", host.traps());
    Ok(())
}

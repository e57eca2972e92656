//! That a request costs no more than in proportion to its length, by the fuel of the wasmtime host, which
//! counts instructions alike on every machine.

use crate::module;
use anyhow::{Context as _, Result, ensure};
use proxy_wasm_test_host::{Engine, Request, Response, TestHost};
use serde_json::Value;

/// What is long in a request, and the request in which it is so many times as long.
pub type Growing = (&'static str, fn(usize) -> Request);

/// Lets `filter` decide requests that grow, and prints what each takes.
///
/// # Errors
/// Twice the length takes more than twice as many instructions, and a twentieth for what memory does in steps;
/// a request gets no answer; the module does not load.
#[allow(clippy::print_stdout, reason = "the figures are what one runs this for")]
pub fn ensure_linear(filter: &str, config: &Value, rows: &[Growing]) -> Result<()> {
    let engine = Engine::new(&std::fs::read(module(filter)?)?)?;
    for (what, request) in rows {
        let builder = TestHost::builder(&engine).plugin(filter, filter, "").workers(1);
        let host = builder.plugin_config(config.to_string()).build()?;
        let fuel = |times| fuel(&host, &request(times)).context(*what);
        let [one, two, four, eight] = [fuel(1)?, fuel(2)?, fuel(4)?, fuel(8)?];
        println!(
            "{what}: {one} instructions; {two}, {four} and {eight} at 2, 4 and 8 times the length"
        );
        let is_linear = [(one, two), (two, four), (four, eight)]
            .iter()
            .all(|(less, more)| more.saturating_mul(10) <= less.saturating_mul(21));
        ensure!(is_linear, "{what} costs more than in proportion");
    }
    Ok(())
}

/// Instructions for the second such request: the first may have what is made once.
fn fuel(host: &TestHost, request: &Request) -> Result<u64> {
    let send = || host.worker(0).exchange(request.clone(), |_| Response::new(200)).status();
    let status = send().context("no answer")?;
    host.reset_counts();
    ensure!(send() == Some(status), "another answer the second time");
    Ok(host.counts().fuel_total())
}

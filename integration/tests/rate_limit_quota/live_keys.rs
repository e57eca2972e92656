//! A million live keys: what a decision costs and what the store holds, from one key to a full store.
//!
//! In the wasmtime host, whose fuel counts instructions alike on every machine. The store is filled with
//! copies of a record that the filter itself has written, under other fingerprints.

use crate::FILTER;
use anyhow::{Context as _, Result, ensure};
use proxy_wasm_test_host::{Engine, Request, Response, TestHost};
use serde_json::{Value, json};

const SLABS: usize = 1 << 15;
/// How many records there are, at the beginning of a slab.
const NUMBER: usize = 4;
const RECORD: usize = 25;
/// Of a record, which is its key.
const FINGERPRINT: usize = 8;
/// Requests over which a figure is averaged.
const ASKED: usize = 200;
const BOUND: usize = 64_000_000;

fn name(slab: usize) -> String {
    format!("{FILTER}/b{slab:04x}")
}

fn host(engine: &Engine, config: &Value) -> Result<TestHost> {
    let builder = TestHost::builder(engine).plugin(FILTER, FILTER, "").workers(1);
    Ok(builder.plugin_config(config.to_string()).build()?)
}

fn config(amount: u32) -> Value {
    json!({"quotas": [{
        "name": "q", "maxAmount": amount, "validDuration": "366h",
        "dimensions": {"key": "request.headers[\"x-key\"]"},
    }]})
}

/// How many of the requests, one for each key, were admitted.
fn ask(host: &TestHost, keys: &[String]) -> usize {
    let admitted = keys.iter().filter(|key| {
        let request = Request::get("/").header("x-key", key);
        host.worker(0).exchange(request, |_| Response::new(200)).status() == Some(200)
    });
    admitted.count()
}

fn keys(prefix: &str) -> Vec<String> {
    (0..ASKED).map(|number| format!("{prefix}{number}")).collect()
}

fn stored(host: &TestHost) -> usize {
    let value = |slab| host.shared_data(name(slab)).map_or(0, |value| value.len());
    (0..SLABS).map(value).sum()
}

/// Adds so many strangers to each slab.
fn fill(host: &TestHost, keys: usize) -> Result<()> {
    let record = (0..SLABS).find_map(|slab| host.shared_data(name(slab)));
    let record = record.context("the filter has written nothing")?;
    let rest = record.get(NUMBER + FINGERPRINT..).context("less than a record")?;
    for slab in 0..SLABS.min(keys) {
        let before = host.shared_data(name(slab)).unwrap_or_else(|| vec![0; NUMBER]);
        let mut records = before.get(NUMBER..).context("no slab")?.to_vec();
        for number in (slab..keys).step_by(SLABS) {
            records.extend_from_slice(&u64::try_from(number)?.to_le_bytes());
            records.extend_from_slice(rest);
        }
        let number = u32::try_from(records.len() / RECORD)?;
        host.set_shared_data(name(slab), [&number.to_le_bytes(), &*records].concat());
    }
    Ok(())
}

/// Instructions of a decision on each of the keys.
fn fuel(host: &TestHost, keys: &[String]) -> Result<u64> {
    host.reset_counts();
    let admitted = ask(host, keys);
    ensure!(admitted == keys.len(), "only {admitted} admitted");
    Ok(host.counts().fuel_total() / u64::try_from(keys.len())?)
}

#[test]
fn what_a_decision_costs_from_one_key_to_a_million() -> Result<()> {
    let engine = Engine::new(&std::fs::read(integration::module(FILTER)?)?)?;
    let mut first = None;
    for live in [1, 1_000, 100_000, 1_000_000] {
        let host = host(&engine, &config(1_000_000))?;
        ask(&host, &keys("warm")[..1]);
        fill(&host, live - 1)?;
        let bytes = stored(&host);
        let (new, known) = (fuel(&host, &keys("k"))?, fuel(&host, &keys("k"))?);
        println!(
            "{live} live keys: {bytes} bytes; instructions of the module: {known} for a key it knows, {new} for a new one"
        );
        ensure!(bytes <= BOUND, "{bytes} bytes");
        let (new_at_one, known_at_one) = *first.get_or_insert((new, known));
        ensure!(known * 100 <= known_at_one * 110, "{known}, and {known_at_one} with one key");
        ensure!(new * 100 <= new_at_one * 120, "{new}, and {new_at_one} with one key");
    }
    Ok(())
}

/// Whoever sends ever new keys gets no fresh count for each: those of one slab share one, or have none.
#[test]
fn a_full_store_has_no_fresh_counts() -> Result<()> {
    let engine = Engine::new(&std::fs::read(integration::module(FILTER)?)?)?;
    let new: Vec<String> = (0..1_000).map(|number| format!("new-{number}")).collect();
    for when_full in ["SHARE", "DENY"] {
        let mut config = config(1);
        envoy_runner::merge(&mut config, json!({"store": {"whenFull": when_full}}));
        let host = host(&engine, &config)?;
        ask(&host, &keys("warm")[..1]);
        // Beyond what a million keys may fill of any slab.
        fill(&host, SLABS * 110)?;
        let before = stored(&host);
        let (admitted, again) = (ask(&host, &new), ask(&host, &new));
        let records = (stored(&host) - before) / RECORD;
        println!(
            "full, {when_full}: of {} new keys {admitted} admitted, {again} when they come again; \
             {records} counts more",
            new.len()
        );
        ensure!(again == 0 && admitted == records && admitted < new.len());
        ensure!(when_full == "SHARE" || admitted == 0);
        let full = host.metric(&format!("{FILTER}.quota.q.store_full"));
        ensure!(full == Some(2 * u64::try_from(new.len())?), "{full:?}");
    }
    Ok(())
}

//! A million entries.

use crate::{FILTER, Served};
use anyhow::{Context as _, Result, ensure};
use envoy_runner::{Client, Cluster, Reply, Upstream};
use proxy_wasm_test_host::{Engine, Request, Response, TestHost};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

const ENTRIES: u32 = 1_000_000;

/// The resident memory of a process, in MiB.
fn resident(id: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib = line.split_whitespace().nth(1).context("no number")?;
    Ok(kib.parse::<u64>()? / 1024)
}

/// A list of `entries` lines.
fn list(entry: impl Fn(u32) -> String, entries: u32) -> String {
    let mut text = String::new();
    for n in 0..entries {
        // Writing to a text does not fail.
        let _written = writeln!(text, "{}", entry(n));
    }
    text
}

fn configuration(entry_type: &str) -> Value {
    json!({"lists": [{
        "name": "l", "value": "request.headers[x-value]", "blacklist": true, "entryType": entry_type,
        "provider": {"cluster": "lists", "path": "/", "timeout": "30s", "refreshInterval": "1h", "ttl": "2h"},
    }]})
}

/// Loads a list of so many entries; the time until it holds, and the median of a request.
fn measure(
    entry_type: &str,
    entry: fn(u32) -> String,
    value: &str,
    entries: u32,
) -> Result<Duration> {
    let body = list(entry, entries);
    let size = body.len();
    let provider = Upstream::start(move |_| Reply::ok(&body))?;
    let config = configuration(entry_type);
    let cluster = Cluster::new("lists", provider.addr());
    let served = Served::new(&config, 1, |bootstrap| bootstrap.cluster(cluster))?;
    let (begin, before) = (Instant::now(), resident(served.envoy.id())?);
    let mut client = Client::connect(served.addr()?)?.timeout(Duration::from_secs(60));
    let request = |value: &str| envoy_runner::Request::get("/").header("x-value", value);
    while client.send(&request(value)).status != Some(200) {
        ensure!(begin.elapsed() < Duration::from_secs(90), "never loaded");
    }
    let loaded = begin.elapsed();
    for n in [0, entries / 2, entries - 1] {
        let listed = entry(n);
        let listed = listed.split('/').next().unwrap_or_default();
        assert_eq!(client.send(&request(listed)).status, Some(403), "{listed}");
    }
    let mut times: Vec<Duration> = (0..500).map(|_| client.send(&request(value)).elapsed).collect();
    times.sort();
    let median = times.get(times.len() / 2).copied().context("no times")?;
    let memory = resident(served.envoy.id())?.saturating_sub(before);
    println!(
        "{entries} {entry_type}: {} KiB fetched, holds after {loaded:?}, +{memory} MiB resident (2 VMs and shared data), median request {median:?}",
        size / 1024,
    );
    served.finish()?;
    Ok(median)
}

/// Entry type, the entry of a number, and a value that is on no list.
type Kind = (&'static str, fn(u32) -> String, &'static str);

const KINDS: [Kind; 2] = [
    ("STRINGS", |n| format!("customer-{n:07}"), "nobody"),
    (
        "IP_ADDRESSES",
        |n| format!("{}.{}.{}.0/24", 16 + (n >> 16), n >> 8 & 255, n & 255),
        "1.2.3.4",
    ),
];

/// Loads a list of so many entries in a host of one worker: the worker's memory, and instructions of
/// the module for a request whose value is not listed.
fn in_one_vm((entry_type, entry, value): Kind, entries: u32) -> Result<(usize, u64)> {
    let engine = Engine::new(&fs::read(integration::module(FILTER)?)?)?;
    let config = configuration(entry_type).to_string();
    let builder = TestHost::builder(&engine).plugin(FILTER, FILTER, "").workers(1);
    let host = builder.cluster("lists").plugin_config(config).build()?;
    let worker = host.worker(0);
    let answer = Response::new(200).body(list(entry, entries));
    let send = |value: &str| {
        let request = Request::get("/").header("x-value", value);
        worker.exchange(request, |_| Response::new(200)).status()
    };
    for _ in 0..200 {
        host.advance(Duration::from_millis(100));
        for vm in [&worker, &host.main()] {
            for call in vm.http_calls() {
                ensure!(vm.answer_http(call.token, &answer), "the call is gone");
            }
        }
        if send(&entry(entries - 1).replace("/24", "")) == Some(403) {
            break;
        }
    }
    ensure!(send(&entry(0).replace("/24", "")) == Some(403), "never loaded: {:?}", host.logs());
    ensure!(send(value) == Some(200), "refused what is not listed");
    host.reset_counts();
    ensure!(send(value) == Some(200), "refused what is not listed");
    Ok((worker.memory_bytes(), host.counts().fuel_total()))
}

#[test]
fn a_million_entries_fit_a_worker_and_cost_its_module_what_ten_do() -> Result<()> {
    const MOST: usize = 64 << 20;
    for kind in KINDS {
        let (few, many) = (in_one_vm(kind, 10)?, in_one_vm(kind, ENTRIES)?);
        println!("10 {}: {} bytes in a worker, {} instructions a request", kind.0, few.0, few.1);
        println!("{ENTRIES} {}: {} bytes, {} instructions", kind.0, many.0, many.1);
        ensure!(many.0 <= MOST, "{} bytes", many.0);
        ensure!(many.1 <= few.1 * 3 / 2, "{} instructions, with ten entries {}", many.1, few.1);
    }
    Ok(())
}

#[test]
fn a_million_entries_cost_a_request_what_ten_do() -> Result<()> {
    for (entry_type, entry, value) in KINDS {
        let few = measure(entry_type, entry, value, 10)?;
        let many = measure(entry_type, entry, value, ENTRIES)?;
        // The rest of a request is far more than a look-up; a scan of a million would be milliseconds.
        assert!(many < few * 2 + Duration::from_millis(1), "{few:?} and {many:?}");
    }
    Ok(())
}

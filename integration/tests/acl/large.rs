//! A million entries.

use crate::Served;
use anyhow::{Context as _, Result};
use envoy_runner::{Client, Cluster, Reply, Request, Upstream};
use serde_json::json;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const ENTRIES: u32 = 1_000_000;

/// The resident memory of a process, in MiB.
fn resident(id: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
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
    let config = json!({"lists": [{
        "name": "l", "value": "request.headers[x-value]", "blacklist": true, "entryType": entry_type,
        "provider": {"cluster": "lists", "path": "/", "timeout": "30s", "refreshInterval": "1h", "ttl": "2h"},
    }]});
    let cluster = Cluster::new("lists", provider.addr());
    let served = Served::new(&config, 1, |bootstrap| bootstrap.cluster(cluster))?;
    let (begin, before) = (Instant::now(), resident(served.envoy.id())?);
    let mut client = Client::connect(served.addr()?)?.timeout(Duration::from_secs(60));
    let request = |value: &str| Request::get("/").header("x-value", value);
    while client.send(&request(value)).status != Some(200) {
        anyhow::ensure!(begin.elapsed() < Duration::from_secs(90), "never loaded");
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

#[test]
fn a_million_entries_cost_a_request_what_ten_do() -> Result<()> {
    let string = |n: u32| format!("customer-{n:07}");
    let prefix = |n: u32| format!("{}.{}.{}.0/24", 16 + (n >> 16), n >> 8 & 255, n & 255);
    for (entry_type, entry, value) in [
        ("STRINGS", string as fn(u32) -> String, "nobody"),
        ("IP_ADDRESSES", prefix as fn(u32) -> String, "1.2.3.4"),
    ] {
        let few = measure(entry_type, entry, value, 10)?;
        let many = measure(entry_type, entry, value, ENTRIES)?;
        // The rest of a request is far more than a look-up; a scan of a million would be milliseconds.
        assert!(many < few * 2 + Duration::from_millis(1), "{few:?} and {many:?}");
    }
    Ok(())
}

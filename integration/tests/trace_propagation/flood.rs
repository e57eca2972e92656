//! The memory stays within its bounds, whatever comes.

use crate::{filter, quiet};
use anyhow::{Context as _, Result};
use envoy_runner::{Client, EnvoyProcess, Listener, Load, Reply, Request, Route, Upstream};
use integration::fixtures::{self, INGRESS};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const CAPACITY: u64 = 1600;
const OUTBOUND: &str = "outbound";
/// What Envoy may allocate more for reasons of its own.
const GROWTH: u64 = 1 << 20;

/// The bytes that Envoy has allocated right now.
fn allocated_by(envoy: &EnvoyProcess) -> Result<u64> {
    let page: Value = serde_json::from_str(&envoy.admin_page("/memory")?)?;
    let allocated = page.get("allocated").and_then(Value::as_str).context("no figure")?;
    Ok(allocated.parse()?)
}

/// An id that no other request has.
fn request(n: usize) -> Request {
    Request::get("/")
        .header("x-request-id", format!("flood-{n}"))
        .header("x-b3-traceid", format!("{:016x}", n + 1))
        .header("x-b3-spanid", format!("{:016x}", n + 1))
}

#[test]
fn a_flood_of_distinct_ids_neither_grows_nor_lasts() -> Result<()> {
    let _alone = quiet();
    let upstream = Upstream::start(|_| Reply::ok("upstream"))?;
    let config = |role: &str| json!({"correlate": {"role": role, "ttl": "2s", "capacity": CAPACITY, "byTraceId": false}});
    let inbound =
        fixtures::ingress().without_access_log().filter(filter(INGRESS, &config("INBOUND"))?);
    let outbound = Listener::new(OUTBOUND)
        .without_access_log()
        .filter(filter(OUTBOUND, &config("OUTBOUND"))?)
        .route(Route::cluster("/", "upstream"));
    let bootstrap = fixtures::in_front_of(&upstream, [inbound, outbound]);
    let mut envoy = fixtures::start(&bootstrap, 2)?;
    let load =
        Load { connections: 8, requests_per_connection: 1000, timeout: Duration::from_secs(30) };
    let mut allocated = Vec::new();
    for round in 0..4 {
        let report = load.run(envoy.addr(INGRESS)?, |n| request(round * 8000 + n))?;
        assert!(report.failures.is_empty(), "{:?}", report.failures);
        allocated.push(allocated_by(&envoy)?);
    }
    println!("32000 distinct ids, capacity {CAPACITY}: Envoy allocates {allocated:?} bytes");
    // The first round filled the memory. Were every id remembered, the three others would add 3.6 MB.
    assert!(allocated[3] <= allocated[0] + GROWTH, "{allocated:?}");

    let last = request(31_999);
    let mut client = Client::connect(envoy.addr(OUTBOUND)?)?;
    let id_alone = Request::get("/").header("x-request-id", "flood-31999");
    assert_eq!(Client::once(envoy.addr(INGRESS)?, &last)?.status, Some(200));
    assert_eq!(client.send(&id_alone).status, Some(200));
    let restored = envoy.stat("wasmcustom.trace_propagation.requests_restored")?;
    assert_eq!(restored, 1, "the youngest is known");
    let since = Instant::now();
    let mut known = restored;
    // Asked until the time to live is over: by then nothing more is restored.
    while since.elapsed() < Duration::from_secs(3) {
        assert_eq!(client.send(&id_alone).status, Some(200));
        known = envoy.stat("wasmcustom.trace_propagation.requests_restored")?;
    }
    for _ in 0..10 {
        assert_eq!(client.send(&id_alone).status, Some(200));
    }
    assert_eq!(envoy.stat("wasmcustom.trace_propagation.requests_restored")?, known);
    println!("restored {known} times within the ttl of 2 s, never after it");
    fixtures::unharmed(&mut envoy)
}

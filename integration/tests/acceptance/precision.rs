//! A delay is as precise as the native fault filter's, measured in one run.

use crate::{FILTER, filter, quiet};
use anyhow::{Context, Result};
use envoy_runner::{Client, HttpFilter, Listener, Reply, Request, Route, Upstream};
use integration::fixtures;
use serde_json::json;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

/// Requests per delay and filter.
const REQUESTS: usize = 150;
/// The delays, in milliseconds.
const DELAYS: [u64; 4] = [1, 5, 10, 50];
/// What ours may be later than native in the median. Both follow a kernel timer of 1 to 4 ms.
const MARGIN: Duration = Duration::from_micros(1500);
/// A measurement that something else on the machine disturbed is made again, so many times in all.
const ATTEMPTS: usize = 3;

const NATIVE: &str = "envoy.filters.http.fault";

#[test]
fn delays_are_as_precise_as_the_native_filters() -> Result<()> {
    let _alone = quiet();
    let upstream = Upstream::start(|_| Reply::ok(""))?;
    let rules: Vec<_> = DELAYS
        .iter()
        .map(|milliseconds| {
            json!({
                "name": format!("d{milliseconds}"),
                "match": [{"uri": {"exact": format!("/{milliseconds}")}}],
                "fault": {"delay": {"fixedDelay": format!("{milliseconds}ms"), "percent": 100}},
            })
        })
        .collect();
    let listener = |name: &str| {
        Listener::new(name).without_access_log().route(Route::cluster("/", "upstream"))
    };
    let ours = listener("ours").filter(filter(&json!({"rules": rules}))?);
    let native = listener("native").filter(HttpFilter::from(json!({
        "name": NATIVE,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
            "delay": {"header_delay": {}, "percentage": {"numerator": 100}},
        },
    })));
    let mut envoy = fixtures::start(&fixtures::in_front_of(&upstream, [ours, native]), 1)?;
    let (ours, native) = (envoy.addr("ours")?, envoy.addr("native")?);
    println!("| delay | ours p50 | p99 | native p50 | p99 |\n|---|---|---|---|---|");
    for milliseconds in DELAYS {
        as_precise(milliseconds, ours, native)?;
    }
    for milliseconds in DELAYS {
        let name = format!("wasmcustom.{FILTER}.rule.d{milliseconds}.delays_injected");
        assert!(envoy.stat(&name)? >= u64::try_from(REQUESTS)?);
    }
    fixtures::unharmed(&mut envoy)
}

fn as_precise(milliseconds: u64, ours: SocketAddr, native: SocketAddr) -> Result<()> {
    for attempt in 1.. {
        let (ours, native) = thread::scope(|scope| {
            let ours = scope.spawn(move || measure(ours, milliseconds));
            let native = scope.spawn(move || measure(native, milliseconds));
            let join = |thread: thread::ScopedJoinHandle<'_, Result<Latencies>>| {
                thread.join().ok().context("a client panicked")?
            };
            anyhow::Ok((join(ours)?, join(native)?))
        })?;
        println!(
            "| {milliseconds} ms | {:?} | {:?} | {:?} | {:?} |",
            ours.p50, ours.p99, native.p50, native.p99,
        );
        let delay = Duration::from_millis(milliseconds);
        assert!(ours.p50 + MARGIN >= delay, "too early: {ours:?} of {delay:?}");
        if ours.p50 <= native.p50 + MARGIN {
            break;
        }
        assert!(attempt < ATTEMPTS, "{milliseconds} ms: {ours:?}, native {native:?}");
    }
    Ok(())
}

#[derive(Debug)]
struct Latencies {
    p50: Duration,
    p99: Duration,
}

fn measure(addr: SocketAddr, milliseconds: u64) -> Result<Latencies> {
    let request = Request::get(format!("/{milliseconds}"))
        .header("x-envoy-fault-delay-request", milliseconds.to_string());
    let mut client = Client::connect(addr)?;
    let mut latencies: Vec<_> = (0..REQUESTS)
        .map(|_| {
            let answer = client.send(&request);
            assert_eq!(answer.status, Some(200));
            answer.elapsed
        })
        .collect();
    latencies.sort_unstable();
    let at = |percent: usize| latencies.get(REQUESTS * percent / 100).copied().unwrap_or_default();
    Ok(Latencies { p50: at(50), p99: at(99) })
}

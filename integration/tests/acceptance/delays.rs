//! Long delays, on a share of the requests; the upstream sees nothing until they are over.

use crate::Served;
use anyhow::{Context, Result};
use envoy_runner::{End, H2Client, Request};
use integration::fixtures::binomial_bounds;
use serde_json::json;
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

/// Requests for each delay, all at the same time.
const REQUESTS: u32 = 60;

/// What a delay may last beyond its time on a machine that does other things as well.
const TOLERANCE: Duration = Duration::from_millis(500);

/// Native timers count in coarse milliseconds of the kernel, too.
const EARLY: Duration = Duration::from_millis(5);

#[test]
fn half_of_the_requests_wait_for_5_and_for_7_seconds() -> Result<()> {
    let rule = |name: &str, time: &str| {
        json!({
            "name": name,
            "match": [{"uri": {"prefix": format!("/{name}/")}}],
            "fault": {"delay": {"fixedDelay": time, "percentage": {"value": 50}}},
        })
    };
    let served = Served::rules(&json!([rule("ratings", "7s"), rule("reviews", "5s")]), 2)?;
    let delays = [("ratings", Duration::from_secs(7)), ("reviews", Duration::from_secs(5))];
    thread::scope(|scope| {
        let waits = delays.map(|(name, time)| {
            let served = &served;
            scope.spawn(move || waits(served, name, time))
        });
        waits.into_iter().try_for_each(|wait| wait.join().ok().context("a client panicked")?)
    })?;
    served.finish()
}

fn waits(served: &Served, name: &str, time: Duration) -> Result<()> {
    let mut client = H2Client::connect(served.addr()?)?;
    let requests: Vec<_> = (0..REQUESTS).map(|n| Request::get(format!("/{name}/{n}"))).collect();
    let since = Instant::now();
    let answers = client.send_all(&requests)?;
    assert!(answers.iter().all(|a| (a.status, &a.end) == (Some(200), &End::Complete)));

    let (held, passed): (Vec<_>, Vec<_>) =
        answers.iter().zip(&requests).partition(|(answer, _)| answer.elapsed > time / 2);
    let slowest = held.iter().map(|(answer, _)| answer.elapsed).max().unwrap_or_default();
    let fastest = held.iter().map(|(answer, _)| answer.elapsed).min().unwrap_or_default();
    println!(
        "delay {time:?} at 50 %: {} of {REQUESTS} held, {fastest:?} to {slowest:?}; others at most {:?}",
        held.len(),
        passed.iter().map(|(answer, _)| answer.elapsed).max().unwrap_or_default(),
    );
    assert!(fastest >= time - EARLY && slowest <= time + TOLERANCE);
    assert!(passed.iter().all(|(answer, _)| answer.elapsed < TOLERANCE));
    let count = u32::try_from(held.len())?;
    assert!(binomial_bounds(REQUESTS, 50.0).contains(&f64::from(count)), "{count}");
    assert_eq!(served.stat(&format!("rule.{name}.delays_injected"))?, u64::from(count));

    let received = served.upstream.requests();
    let arrivals: BTreeMap<_, _> = received.iter().map(|it| (&it.path, it.arrived)).collect();
    for (_, request) in held {
        let arrived = arrivals.get(&request.path).context("a request never arrived")?;
        assert!(*arrived >= since + time - EARLY, "{request:?} arrived too early");
    }
    Ok(())
}

//! Timeouts and retries per request, by Envoy's own headers.

use crate::FILTER;
use anyhow::{Context, Result};
use envoy_runner::{Answer, Client, Listener, Reply, Request, Upstream};
use integration::fixtures::{self, INGRESS};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How late Envoy's timers may be on a busy machine.
const LATE: Duration = Duration::from_millis(400);
const EARLY: Duration = Duration::from_millis(10);

fn listener(set: &Value) -> Result<Listener> {
    let rule = json!({"name": "patience", "match": [{"uri": {"prefix": "/reviews"}}], "set": set});
    let plugin = fixtures::plugin(FILTER, &json!({"rules": [rule]}))?;
    Ok(fixtures::ingress().filter(plugin))
}

/// What a request gets, and how many the upstream saw until then.
fn answered(set: &Value, upstream: Upstream, path: &str) -> Result<(Answer, usize)> {
    let bootstrap = fixtures::in_front_of(&upstream, [listener(set)?]);
    let mut envoy = fixtures::start(&bootstrap, 1)?;
    let answer = Client::once(envoy.addr(INGRESS)?, &Request::get(path))?;
    let seen = upstream.count();
    fixtures::unharmed(&mut envoy)?;
    Ok((answer, seen))
}

fn slow(delay: Duration) -> Result<Upstream> {
    Upstream::start(move |_| Reply::ok("late").after(delay))
}

fn assert_gave_up(answer: &Answer, after: Duration) {
    assert_eq!((answer.status, answer.text().as_str()), (Some(504), "upstream request timeout"));
    let elapsed = answer.elapsed;
    assert!((after - EARLY..after + LATE).contains(&elapsed), "{elapsed:?}, expected {after:?}");
}

#[test]
fn half_a_second_is_over_after_half_a_second() -> Result<()> {
    let set = json!({"timeout": "0.5s"});
    let (answer, _) = answered(&set, slow(Duration::from_secs(3))?, "/reviews/1")?;
    println!("timeout 0.5s on a service of 3 s: {:?} after {:?}", answer.status, answer.elapsed);
    assert_gave_up(&answer, Duration::from_millis(500));
    let (answer, _) = answered(&set, slow(Duration::from_millis(700))?, "/ratings/1")?;
    println!("no rule, service of 0.7 s: {:?} after {:?}", answer.status, answer.elapsed);
    assert_eq!(answer.status, Some(200), "another path has the route's own patience");
    Ok(())
}

#[test]
fn one_retry_of_half_a_second_ends_after_a_second() -> Result<()> {
    let set = json!({"retries": {"attempts": 1, "perTryTimeout": "0.5s", "retryOn": "5xx"}, "timeout": "10s"});
    let (answer, seen) = answered(&set, slow(Duration::from_secs(3))?, "/reviews/1")?;
    println!(
        "two tries of 0.5s on a service of 3 s: {:?} after {:?}, {seen} tries",
        answer.status, answer.elapsed
    );
    // Envoy waits up to 25 ms before the retry.
    let elapsed = answer.elapsed;
    assert_eq!((answer.status, seen), (Some(504), 2));
    assert!(
        (Duration::from_millis(990)..Duration::from_millis(1500)).contains(&elapsed),
        "{elapsed:?}"
    );
    Ok(())
}

#[test]
fn retries_hide_faults_that_pass() -> Result<()> {
    // Every answer is 503, but each third.
    let flaky = |fault: u16| {
        let tries = AtomicUsize::new(0);
        Upstream::start(move |_| match tries.fetch_add(1, Ordering::Relaxed) % 3 {
            2 => Reply::ok("at last"),
            _ => Reply::status(fault),
        })
    };
    let on =
        |when: &str| json!({"retries": {"attempts": 3, "perTryTimeout": "2s", "retryOn": when}});
    for (set, fault, status, tries) in [
        (on("5xx"), 503, 200, 3),
        (on("409"), 409, 200, 3),
        (json!({"retries": {"attempts": 3}}), 503, 200, 3),
        (json!({"retries": {"attempts": 1, "retryOn": "5xx"}}), 503, 503, 2),
        (on("connect-failure"), 503, 503, 1),
        (json!({"retries": {"attempts": 0}}), 503, 503, 1),
    ] {
        let (answer, seen) = answered(&set, flaky(fault)?, "/reviews/1")?;
        println!("{set} on {fault}, {fault}, 200: {:?} after {seen} tries", answer.status);
        assert_eq!((answer.status, seen), (Some(status), tries), "{set}");
    }
    let (answer, seen) = answered(&on("5xx"), flaky(503)?, "/ratings/1")?;
    assert_eq!((answer.status, seen), (Some(503), 1), "another path is not retried");
    Ok(())
}

/// What is written is taken out again before the upstream.
#[test]
fn the_upstream_sees_no_header_of_it() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::ok("ok"))?;
    let set = json!({"timeout": "1s", "retries": {"attempts": 2, "perTryTimeout": "0.2s"}});
    let bootstrap = fixtures::in_front_of(&upstream, [listener(&set)?]);
    let envoy = fixtures::start(&bootstrap, 1)?;
    Client::once(envoy.addr(INGRESS)?, &Request::get("/reviews"))?;
    let seen = upstream.requests().pop().context("nothing arrived")?;
    let is_ours =
        |name: &[u8]| name.starts_with(b"x-envoy-") && name != b"x-envoy-expected-rq-timeout-ms";
    let left: Vec<_> = seen.headers.iter().filter(|(name, _)| is_ours(name)).collect();
    assert!(left.is_empty(), "{left:?}");
    Ok(())
}

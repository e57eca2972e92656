//! `maxActiveFaults` holds over all workers.

use crate::{Served, filter, quiet};
use anyhow::{Context, Result};
use envoy_runner::{Client, Request};
use integration::fixtures;
use serde_json::json;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: u64 = 5;
const CLIENTS: usize = 40;
const ROUNDS: usize = 8;
const DELAY: Duration = Duration::from_millis(400);

#[test]
fn never_more_active_faults_than_allowed_with_two_workers() -> Result<()> {
    let _alone = quiet();
    let config = json!({
        "maxActiveFaults": LIMIT,
        "rules": [{"name": "r", "fault": {"delay": {"fixedDelay": "400ms", "percent": 100}}}],
    });
    let served = Served::new(fixtures::ingress().filter(filter(&config)?), 2)?;
    let mut clients: Vec<_> =
        (0..CLIENTS).map(|_| Client::connect(served.addr()?)).collect::<Result<_>>()?;
    let (mut injected, mut seen) = (0, Vec::new());
    for round in 0..ROUNDS {
        let (held, gauge) = one_round(&served, &mut clients)?;
        println!("maxActiveFaults {LIMIT}, round {round}: {held} of {CLIENTS} held, gauge {gauge}");
        assert!(held <= LIMIT, "{held} faults at one time");
        assert_eq!(gauge, held, "the gauge while they are held");
        assert_eq!(served.stat("active_faults")?, 0, "the gauge after");
        injected += held;
        seen.push(held);
    }
    // Workers that race for the last unit may both be refused, so not every round is full.
    assert!(seen.contains(&LIMIT), "{seen:?}");
    assert_eq!(served.stat("rule.r.delays_injected")?, injected);
    let overflow = u64::try_from(CLIENTS * ROUNDS)? - injected;
    assert_eq!(served.stat("rule.r.faults_overflow")?, overflow);
    assert_eq!(served.upstream.count(), CLIENTS * ROUNDS);
    served.finish()
}

/// All clients at once: how many were held, and what the gauge said meanwhile.
fn one_round(served: &Served, clients: &mut [Client]) -> Result<(u64, u64)> {
    let start = Barrier::new(clients.len() + 1);
    thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter_mut()
            .map(|client| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    client.send(&Request::get("/"))
                })
            })
            .collect();
        start.wait();
        let since = Instant::now();
        // Those that are not held are answered first; the gauge stands still from then on.
        while served.upstream.count() % CLIENTS < CLIENTS - usize::try_from(LIMIT)?
            && since.elapsed() < DELAY / 2
        {
            thread::yield_now();
        }
        let gauge = served.stat("active_faults")?;
        let asked_after = since.elapsed();
        let mut held = 0;
        for thread in threads {
            let answer = thread.join().ok().context("a client panicked")?;
            assert_eq!(answer.status, Some(200));
            held += u64::from(answer.elapsed >= DELAY - Duration::from_millis(5));
        }
        assert!(asked_after < DELAY, "the machine was too slow to look in time: {asked_after:?}");
        Ok((held, gauge))
    })
}

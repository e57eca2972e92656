//! The same attempts in the test host.

use crate::{ATTEMPTS, CLUSTERS, ENDLESS, Seen, UPSTREAM};
use anyhow::{Context, Result};
use proxy_wasm_test_host::{Direction, Engine, Outcome, Request, Response, TestHost};
use std::fs;
use std::time::Duration;

/// More virtual time than any call or timer of the adversary takes.
const A_WHILE: Duration = Duration::from_millis(100);

fn engine() -> Result<Engine> {
    Ok(Engine::new(&fs::read(integration::test_module("adversary")?)?)?)
}

fn attempt(name: &str) -> Request {
    Request::get("/").header("x-try", name)
}

fn answer() -> Response {
    let pieces = UPSTREAM.split_at(4);
    Response::new(200).header("content-length", "8").body(pieces.0).body(pieces.1)
}

fn seen(outcome: &Outcome) -> Result<Seen> {
    let Some(status) = outcome.status() else { return Ok(Seen::Reset) };
    let body = std::str::from_utf8(outcome.body())?;
    let known = ATTEMPTS.iter().find_map(|(_, seen)| match seen {
        Seen::Answer(_, text) | Seen::Cut(text) => (*text == body).then_some(*text),
        Seen::Reset => None,
    });
    let body = known.with_context(|| format!("an unexpected body: {body:?}"))?;
    Ok(if outcome.reset { Seen::Cut(body) } else { Seen::Answer(status, body) })
}

fn assert_alive(host: &TestHost, what: &str) {
    assert_eq!(host.death(), None, "{what}");
    assert!(host.traps().is_empty(), "{what}: {:?}", host.traps());
    let roots = host.workers() + 1;
    let live: usize = (0..host.workers()).map(|index| host.worker(index).live_contexts()).sum();
    assert_eq!(live + host.main().live_contexts(), roots, "{what}: contexts leak");
}

#[test]
fn no_attempt_is_a_pattern_that_kills() -> Result<()> {
    let engine = engine()?;
    for (_, cluster) in CLUSTERS {
        let host = TestHost::builder(&engine).plugin_config(cluster).workers(2).build()?;
        for (name, expected) in ATTEMPTS.into_iter().chain(ATTEMPTS) {
            let what = format!("{name}, cluster {cluster:?}");
            let outcome = host.worker(1).exchange(attempt(name), |_| answer());
            assert_eq!(seen(&outcome)?, expected, "{what}");
            assert!(outcome.invalid_response_headers.is_empty(), "{what}");
            assert_eq!(outcome.upstream_requests.saturating_sub(1), 0, "{what}");
            assert_alive(&host, &what);
        }
    }
    Ok(())
}

#[test]
fn whoever_ends_a_held_stream_ends_it() -> Result<()> {
    let host = TestHost::builder(&engine()?).plugin_config("quiet").build()?;
    for (name, side) in ENDLESS {
        for upstream_breaks in [false, true] {
            let stream = host.worker(0).open(&attempt(name));
            if side == Direction::Response {
                stream.respond(&answer());
            }
            host.advance(A_WHILE);
            assert!(stream.is_paused(side), "{name}");
            if upstream_breaks {
                stream.upstream_reset();
            }
            stream.disconnect();
            assert!(stream.is_ended(), "{name}");
            assert_alive(&host, name);
            assert_eq!(host.next_event(), None, "{name}: the tick goes on");
        }
    }
    Ok(())
}

#[test]
fn every_call_ends_although_streams_come_and_go() -> Result<()> {
    let host = TestHost::builder(&engine()?).plugin_config("upstream").workers(1).build()?;
    for _ in 0..40 {
        host.worker(0).exchange(attempt("hold-again-and-again"), |_| answer());
        for worker in [host.main(), host.worker(0)] {
            for call in worker.http_calls() {
                assert!(worker.answer_http(call.token, &Response::new(200).body("x")));
            }
        }
    }
    let made = host.metric("adversary.calls_made").unwrap_or_default();
    let ended = host.metric("adversary.calls_ended").unwrap_or_default();
    let open: usize = [host.main(), host.worker(0)]
        .iter()
        .map(|worker| worker.http_calls().len() + worker.grpc_calls().len())
        .sum();
    println!("calls beside held streams: {made} made, {ended} ended, {open} under way");
    assert!(made > 40);
    assert_eq!(made - ended, u64::try_from(open)?, "the end of a call was not told");
    Ok(())
}

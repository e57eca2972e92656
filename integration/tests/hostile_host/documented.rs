//! What fault injection does when the host fails the call that a fault needs: the fault is not
//! done, the request goes on, `host_errors` counts.

use crate::{statuses, subject};
use anyhow::{Context, Result, ensure};
use proxy_wasm_test_host::{Direction, Engine, Injection, Outcome, Request, Response, TestHost};
use serde_json::{Value, json};
use std::time::Duration;

const FILTER: &str = "fault_injection";

/// A fault, the call that is failed, and what then happens.
struct Promise {
    fault: Value,
    function: &'static str,
    /// What the fault would have done.
    done: fn(&Outcome) -> bool,
}

fn aborted(outcome: &Outcome) -> bool {
    outcome.status() == Some(503) && outcome.upstream_request.is_none()
}

fn delayed(outcome: &Outcome) -> bool {
    outcome.status() == Some(200) && outcome.elapsed >= Duration::from_millis(100)
}

fn was_reset(outcome: &Outcome) -> bool {
    outcome.reset && outcome.status().is_none()
}

fn untouched(outcome: &Outcome) -> bool {
    (outcome.status(), outcome.body()) == (Some(200), b"upstream") && outcome.elapsed.is_zero()
}

fn promises() -> Vec<Promise> {
    let abort = json!({"abort": {"httpStatus": 503, "percent": 100}});
    let delay = json!({"delay": {"fixedDelay": "100ms", "percent": 100}});
    let reset = json!({"abort": {"reset": true, "percent": 100}});
    let status = json!({"response": {"httpStatus": 500, "percent": 100}});
    let body = json!({"response": {"body": "spoilt", "percent": 100}});
    let promise = |fault: &Value, function, done| Promise { fault: fault.clone(), function, done };
    vec![
        promise(&abort, "proxy_get_header_map_pairs", aborted),
        promise(&abort, "proxy_send_local_response", aborted),
        promise(&reset, "proxy_close_stream", was_reset),
        promise(&delay, "proxy_set_tick_period_milliseconds", delayed),
        promise(&delay, "proxy_get_header_map_pairs", delayed),
        promise(&status, "proxy_replace_header_map_value", |it| it.status() == Some(500)),
        promise(&body, "proxy_set_buffer_bytes", |it| it.body() == b"spoilt"),
    ]
}

fn host(engine: &Engine, fault: &Value) -> Result<TestHost> {
    let rule = json!({
        "name": "r",
        "match": [{"headers": {"end-user": {"exact": "jason"}}}],
        "fault": fault,
    });
    let config = json!({"rules": [rule]}).to_string();
    Ok(TestHost::builder(engine).plugin_config(config).build()?)
}

fn request() -> Request {
    Request::get("/").header("end-user", "jason")
}

fn answer() -> Response {
    Response::new(200).header("content-length", "8").body("upstream")
}

#[test]
fn a_fault_that_the_host_fails_is_not_done() -> Result<()> {
    let engine = &subject::named(FILTER)?.engine;
    let mut count = 0;
    for Promise { fault, function, done } in promises() {
        for status in statuses() {
            let what = || format!("{fault}, {function}, {status}");
            let host = host(engine, &fault)?;
            let exchange = || host.worker(0).exchange(request(), |_| answer());
            ensure!(done(&exchange()), "{}: not done by a host that works", what());
            host.inject(Injection::on(function).status(status));
            let outcome = exchange();
            ensure!(untouched(&outcome), "{}: {outcome:?}", what());
            let errors = host.metric("fault_injection.host_errors");
            ensure!(errors >= Some(1), "{}: {errors:?} host errors", what());
            ensure!(host.metric("fault_injection.active_faults") == Some(0), "{}", what());
            host.clear_injections();
            ensure!(done(&exchange()), "{}: not done by a host that works again", what());
            count += 1;
        }
    }
    println!("{FILTER}: {count} faults that the host failed passed untouched");
    Ok(())
}

#[test]
fn a_delayed_stream_that_the_host_does_not_resume_ends_with_its_client() -> Result<()> {
    let engine = &subject::named(FILTER)?.engine;
    let fault = json!({"delay": {"fixedDelay": "100ms", "percent": 100}});
    for function in ["proxy_continue_stream", "proxy_set_effective_context"] {
        let host = host(engine, &fault)?;
        host.inject(Injection::on(function).status(10_u32));
        let stream = host.worker(0).open(&request());
        host.advance(Duration::from_secs(1));
        ensure!(stream.is_paused(Direction::Request), "{function}: resumed all the same");
        ensure!(host.next_event().is_none(), "{function}: the tick goes on");
        stream.disconnect();
        ensure!(host.metric("fault_injection.active_faults") == Some(0), "{function}");
        ensure!(host.metric("fault_injection.host_errors") == Some(1), "{function}");
        host.clear_injections();
        let outcome = host.worker(0).exchange(request(), |_| answer());
        ensure!(delayed(&outcome), "{function}: {outcome:?}");
        ensure!(host.death().is_none() && host.traps().is_empty());
    }
    Ok(())
}

#[test]
fn filter_state_that_cannot_be_set_changes_nothing_else() -> Result<()> {
    let fault = json!({"delay": {"fixedDelay": "100ms", "percent": 100}});
    let host = host(&subject::named(FILTER)?.engine, &fault)?;
    host.inject(Injection::on("proxy_set_property").status(10_u32));
    let outcome = host.worker(0).exchange(request(), |_| answer());
    ensure!(delayed(&outcome) && outcome.filter_state.is_empty(), "{outcome:?}");
    let line = host.logs().into_iter().find(|line| line.message.contains("filter state"));
    let line = line.context("no line tells of it")?.message;
    ensure!(line == "fault_injection: setting filter state failed with host status 10", "{line}");
    ensure!(host.metric("fault_injection.host_errors") == Some(1));
    Ok(())
}

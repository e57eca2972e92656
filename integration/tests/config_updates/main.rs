//! Configurations that come, go, and are refused, in a stock Envoy.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

use anyhow::{Context, Result, ensure};
use envoy_runner::{
    Client, EnvoyProcess, Launch, Listener, Reply, Request, Route, StartError, Update, Upstream,
    Wheel,
};
use integration::fixtures;
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

const FILTER: &str = "fault_injection";
const PATIENCE: Duration = Duration::from_secs(10);

fn abort(status: u16) -> Value {
    json!({"rules": [{"name": "r", "fault": {"abort": {"httpStatus": status, "percent": 100}}}]})
}

fn delay(time: &str) -> Value {
    json!({"rules": [{"name": "r", "fault": {"delay": {"fixedDelay": time, "percent": 100}}}]})
}

fn listener(name: &str, config: &Value) -> Result<Listener> {
    let listener = Listener::new(name).route(Route::cluster("/", "upstream"));
    Ok(listener.filter(fixtures::plugin(FILTER, config)?))
}

fn upstream() -> Result<Upstream> {
    Upstream::start(|_| Reply::ok("upstream"))
}

/// Listeners that can be replaced.
fn start(upstream: &Upstream, listeners: Vec<Listener>) -> Result<EnvoyProcess> {
    let bootstrap = fixtures::in_front_of(upstream, listeners).dynamic_listeners();
    Launch::new(&Wheel::default_version()?, bootstrap.document()).concurrency(2).start()
}

fn status(envoy: &EnvoyProcess, listener: &str) -> Result<Option<u16>> {
    Ok(Client::once(envoy.addr(listener)?, &Request::get("/"))?.status)
}

/// The one line that says why.
fn refusal(lines: &[String]) -> Result<&str> {
    const PREFIX: &str = "fault_injection: configuration refused: ";
    let found: Vec<_> = lines.iter().filter_map(|line| Some(line.split_once(PREFIX)?.1)).collect();
    ensure!(found.len() == 1, "{} lines say why: {lines:#?}", found.len());
    found.first().copied().context("no line says why")
}

#[test]
fn envoy_does_not_start_with_a_bad_configuration_and_says_why_in_one_line() -> Result<()> {
    let upstream = upstream()?;
    let percentage = json!({"rules": [{"name": "r", "fault": {"abort": {"httpStatus": 503}}}]});
    for (config, path) in [
        (abort(600), "rules[0].fault.abort.httpStatus: "),
        (json!({"rulez": []}), "rulez: "),
        (percentage, "rules[0].fault.abort.percentage: "),
        (delay("never"), "rules[0].fault.delay.fixedDelay: "),
    ] {
        let bootstrap = fixtures::in_front_of(&upstream, [listener("ingress", &config)?]);
        let started = fixtures::start(&bootstrap, 1);
        let error = started.err().with_context(|| format!("{config} was taken"))?;
        let error = error.downcast_ref::<StartError>().context("another error")?;
        let line = refusal(&error.lines)?;
        println!("refused at start: {line}");
        ensure!(line.starts_with(path), "{line:?} does not begin with {path:?}");
        ensure!(error.status.is_some_and(|status| !status.success()), "{:?}", error.status);
    }
    Ok(())
}

#[test]
fn a_bad_update_leaves_the_last_good_one_in_force_and_a_good_one_replaces_it() -> Result<()> {
    let upstream = upstream()?;
    let mut envoy = start(&upstream, vec![listener("ingress", &abort(503))?])?;
    ensure!(status(&envoy, "ingress")? == Some(503));
    for bad in [abort(199), json!({"rules": 1}), delay("0s")] {
        let update = envoy.update_listeners(&[listener("ingress", &bad)?], PATIENCE)?;
        let Update::Rejected(lines) = update else { anyhow::bail!("{bad} was taken") };
        println!("refused update: {}", refusal(&lines)?);
        ensure!(status(&envoy, "ingress")? == Some(503), "the last good one is gone");
    }
    let update = envoy.update_listeners(&[listener("ingress", &abort(418))?], PATIENCE)?;
    ensure!(update == Update::Accepted, "{update:?}");
    ensure!(status(&envoy, "ingress")? == Some(418), "the new one is not in force");
    let update = envoy.update_listeners(&[listener("ingress", &json!({}))?], PATIENCE)?;
    ensure!(update == Update::Accepted, "{update:?}");
    ensure!(status(&envoy, "ingress")? == Some(200), "`{{}}` does something");
    fixtures::unharmed(&mut envoy)
}

#[test]
fn streams_that_the_old_configuration_delays_resume_under_the_new_one() -> Result<()> {
    const STREAMS: usize = 20;
    const DELAY: Duration = Duration::from_millis(2500);
    let upstream = upstream()?;
    let mut envoy = start(&upstream, vec![listener("ingress", &delay("2.5s"))?])?;
    let addr = envoy.addr("ingress")?;
    let gauge = "wasmcustom.fault_injection.active_faults";
    thread::scope(|scope| {
        let send = || Client::once(addr, &Request::get("/"));
        let waiting: Vec<_> = (0..STREAMS).map(|_| scope.spawn(send)).collect();
        envoy.wait_for_stat(gauge, u64::try_from(STREAMS)?, DELAY)?;
        let update = envoy.update_listeners(&[listener("ingress", &abort(418))?], PATIENCE)?;
        ensure!(update == Update::Accepted, "{update:?}");
        ensure!(status(&envoy, "ingress")? == Some(418), "the new one is not in force");
        ensure!(upstream.count() == 0, "a stream was let go before its time");
        let mut slowest = Duration::ZERO;
        for client in waiting {
            let answer = client.join().ok().context("a client panicked")??;
            ensure!(answer.status == Some(200), "{answer:?}");
            ensure!(answer.elapsed + Duration::from_millis(5) >= DELAY, "{answer:?}");
            slowest = slowest.max(answer.elapsed);
        }
        println!("{STREAMS} streams of the old configuration resumed, the last after {slowest:?}");
        ensure!(slowest < DELAY + Duration::from_secs(1), "{slowest:?}");
        Ok(())
    })?;
    ensure!(envoy.stat(gauge)? == 0 && upstream.count() == STREAMS);
    fixtures::unharmed(&mut envoy)
}

#[test]
fn two_configurations_run_side_by_side() -> Result<()> {
    let upstream = upstream()?;
    let pair =
        |a: &Value, b: &Value| Ok::<_, anyhow::Error>([listener("a", a)?, listener("b", b)?]);
    let mut envoy = start(&upstream, pair(&abort(503), &json!({}))?.into())?;
    for (a, b) in [
        ((abort(503), Some(503)), (json!({}), Some(200))),
        ((abort(503), Some(503)), (abort(418), Some(418))),
        ((json!({}), Some(200)), (abort(418), Some(418))),
        ((delay("50ms"), Some(200)), (delay("60ms"), Some(200))),
    ] {
        let update = envoy.update_listeners(&pair(&a.0, &b.0)?, PATIENCE)?;
        ensure!(update == Update::Accepted, "{update:?}");
        for _ in 0..5 {
            let seen = (status(&envoy, "a")?, status(&envoy, "b")?);
            ensure!(seen == (a.1, b.1), "{seen:?} with {} and {}", a.0, b.0);
        }
    }
    fixtures::unharmed(&mut envoy)
}

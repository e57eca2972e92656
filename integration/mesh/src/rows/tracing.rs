//! Rows 21 and 23: one trace, at every hop and in a collector.

use anyhow::{Context as _, Result, ensure};
use envoy_runner::Request;
use real_parts::{Zipkin, available};
use serde_json::Value;
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use crate::applications::Received;
use crate::stage::{Stage, with_status};

/// The headers that the pages list.
const HEADERS: [&str; 7] = [
    "x-request-id",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-ot-span-context",
    "user-agent",
];

fn trace_id(number: usize) -> String {
    format!("463ac35c9f6413ad{number:016x}")
}

/// Row 21.
pub(super) fn every_hop(stage: &mut Stage) -> Result<()> {
    const REQUESTS: usize = 500;
    stage.step("x-request-id is enough")?;
    let answers = stage.ask(REQUESTS, 20, |number| {
        Request::get(format!("/{number}"))
            .header("x-b3-traceid", trace_id(number))
            .header("x-b3-spanid", format!("{:016x}", number + 1))
            .header("x-b3-parentspanid", format!("{:016x}", number + 2))
            .header("x-b3-sampled", "1")
            .header("x-ot-span-context", format!("{number};1"))
            .header("user-agent", format!("browser/{number}"))
    })?;
    stage.check_equal("answers 200", REQUESTS, with_status(&answers, 200));
    for service in ["customer", "preference", "recommendation"] {
        let mut received = Vec::new();
        for instance in stage.mesh.instances(service)? {
            received.extend(stage.mesh.received(&instance)?);
        }
        let whole = received.iter().filter(|one| is_whole(one)).count();
        stage.check_equal(&format!("all headers, of its own trace, at {service}"), REQUESTS, whole);
    }
    let flags = stage.ask(1, 1, |_| {
        Request::get("/flags")
            .header("x-b3-traceid", trace_id(7))
            .header("x-b3-spanid", "00000000000000a1")
            .header("x-b3-flags", "1")
    })?;
    let mut debug = 0;
    for instance in stage.mesh.instances("recommendation")? {
        let received = stage.mesh.received(&instance)?;
        debug += received
            .iter()
            .filter(|it| it.path == "/flags" && it.header("x-b3-flags") == Some("1"))
            .count();
    }
    stage.check_equal("x-b3-flags at the last hop", with_status(&flags, 200), debug);
    Ok(())
}

/// Whether a request has every header, with what was sent with its path.
fn is_whole(received: &Received) -> bool {
    let Ok(number) = received.path.trim_start_matches('/').parse::<usize>() else { return false };
    let has = |name: &str, value: &str| received.header(name) == Some(value);
    HEADERS.iter().all(|name| received.header(name).is_some())
        && has("x-b3-traceid", &trace_id(number))
        && has("x-b3-sampled", "1")
        && has("x-ot-span-context", &format!("{number};1"))
        && has("user-agent", &format!("browser/{number}"))
}

/// Every span of a trace: whose, and of which kind.
const SPANS: [(&str, &str); 6] = [
    ("gateway", "CLIENT"),
    ("customer", "SERVER"),
    ("customer", "CLIENT"),
    ("preference", "SERVER"),
    ("preference", "CLIENT"),
    ("recommendation", "SERVER"),
];

/// Row 23.
pub(super) fn collector(stage: &mut Stage) -> Result<()> {
    const REQUESTS: usize = 20;
    stage.doing("starting Zipkin")?;
    let Some(zipkin) = available(Zipkin::start())? else {
        stage.skip("Zipkin needs Java 17 and Maven, which fetches it");
        return Ok(());
    };
    stage.mesh.collect_spans_at(zipkin.addr());
    stage.step("one trace from gateway to recommendation")?;
    let answers = stage.ask(REQUESTS, 4, |_| Request::get("/"))?;
    stage.check_equal("answers 200", REQUESTS, with_status(&answers, 200));
    stage.doing("waiting for the spans")?;
    let traces = traces(&zipkin, REQUESTS)?;
    stage.check_equal("traces in Zipkin", REQUESTS, traces.len());
    let whole = traces.iter().filter(|trace| spans(trace) == expected()).count();
    stage.check_equal("with the six spans of gateway and three services", REQUESTS, whole);
    let linked = traces.iter().filter(|trace| is_one_tree(trace)).count();
    stage.check_equal("in which each span is below the one before", REQUESTS, linked);
    Ok(())
}

fn expected() -> BTreeMap<(String, String), usize> {
    SPANS.iter().map(|(service, kind)| (((*service).to_owned(), (*kind).to_owned()), 1)).collect()
}

/// How many spans of each service and kind.
fn spans(trace: &[Value]) -> BTreeMap<(String, String), usize> {
    let mut spans = BTreeMap::new();
    for span in trace {
        let key = (text(span, "/localEndpoint/serviceName"), text(span, "/kind"));
        *spans.entry(key).or_default() += 1;
    }
    spans
}

/// Whether one span is the root, and each other one is below another or continues it.
fn is_one_tree(trace: &[Value]) -> bool {
    let ids: Vec<String> = trace.iter().map(|span| text(span, "/id")).collect();
    let is_root = |span: &&Value| text(span, "/parentId").is_empty();
    trace.iter().filter(is_root).all(|span| {
        text(span, "/localEndpoint/serviceName") == "gateway"
            || ids.iter().filter(|id| **id == text(span, "/id")).count() > 1
    }) && trace
        .iter()
        .filter(|span| !is_root(span))
        .all(|span| ids.contains(&text(span, "/parentId")))
}

fn text(span: &Value, pointer: &str) -> String {
    span.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// All traces, once every request's spans are there; or what is there after a while.
fn traces(zipkin: &Zipkin, requests: usize) -> Result<Vec<Vec<Value>>> {
    const PATIENCE: Duration = Duration::from_secs(60);
    let since = Instant::now();
    loop {
        let answer = zipkin.get("/api/v2/traces?limit=1000&lookback=3600000")?;
        ensure!(answer.status == Some(200), "Zipkin answers {:?}", answer.status);
        let traces: Vec<Vec<Value>> = serde_json::from_str(&answer.text()).context("traces")?;
        let spans: usize = traces.iter().map(Vec::len).sum();
        if spans >= requests * SPANS.len() || since.elapsed() > PATIENCE {
            return Ok(traces);
        }
        // The collector tells nobody when it has stored something.
        thread::sleep(Duration::from_millis(100));
    }
}

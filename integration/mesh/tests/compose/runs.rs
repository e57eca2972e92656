//! Up, traffic, and down: every hop, every filter, the trace and the metrics.

use crate::world::World;
use anyhow::{Result, ensure};
use envoy_runner::{Client, LoadReport, Request};
use mesh::{Dashboard, Progress};
use std::thread;
use std::time::{Duration, Instant};

/// How long traffic is sent: a query's rates look back over several scrapes.
const TRAFFIC: Duration = Duration::from_secs(20);
/// Prometheus scrapes every five seconds.
const SCRAPED: Duration = Duration::from_secs(30);
const TRACE: &str = "463ac35c9f6413ad48485a3953bb6124";
/// What one trace holds: Envoy's client and server spans of each hop.
const SPANS: [&str; 6] =
    ["customer", "customer", "gateway", "preference", "preference", "recommendation"];

#[test]
fn the_mesh_serves_in_containers() -> Result<()> {
    let Some(world) = World::new()? else { return Ok(()) };
    world.up()?;
    let published = world.published()?;
    ensure!(published.len() == 3, "gateway, Prometheus and Zipkin: {published:?}");
    ensure!(published.iter().all(|port| port.starts_with("127.0.0.1:")), "{published:?}");
    every_hop_answers(&world)?;
    let mut spans = world.spans(TRACE, SPANS.len())?;
    spans.sort();
    assert_eq!(spans, SPANS, "one trace of every hop");
    let targets = world.number(r#"count(up{job="envoy"} == 1)"#)?;
    assert_eq!(targets, 6, "Envoys that Prometheus scrapes");
    let report = mesh::traffic(world.gateway, TRAFFIC, &mut Progress::new())?;
    println!("{} requests: {:?}", report.total(), report.statuses);
    every_filter_acts(&world, &report)?;
    world.down()
}

fn every_hop_answers(world: &World) -> Result<()> {
    let request = Request::get("/")
        .header("end-user", "jason")
        .header("x-b3-traceid", TRACE)
        .header("x-b3-spanid", "00000000000000a1")
        .header("x-b3-sampled", "1");
    let answer = Client::once(world.gateway, &request)?;
    let text = answer.text();
    ensure!(answer.status == Some(200), "{:?} {text}", answer.status);
    ensure!(text.starts_with("customer => preference => recommendation v"), "{text}");
    Ok(())
}

/// Each status is explained by a filter's counters; the filters that refuse nothing count what passed.
fn every_filter_acts(world: &World, report: &LoadReport) -> Result<()> {
    ensure!(report.failures.is_empty(), "{:?}", report.failures);
    // One more than the traffic: the request that was traced.
    let passed = report.count(200) + 1;
    for (what, query, due) in [
        ("acl", r#"sum(acl_denied{service="gateway"})"#, report.count(403)),
        (
            "rate_limit_quota",
            r#"sum(rate_limit_quota_over_limit{service="gateway"})"#,
            report.count(429),
        ),
        (
            "fault_injection",
            r#"sum(fault_injection_aborts_injected{service="gateway"})"#,
            report.count(503),
        ),
        (
            "trace_propagation at customer",
            r#"sum(trace_propagation_requests_restored{service="customer"})"#,
            passed,
        ),
        (
            "trace_propagation at preference",
            r#"sum(trace_propagation_requests_restored{service="preference"})"#,
            passed,
        ),
        (
            "routing_hints, v2 here and at recommendation",
            r#"sum(routing_hints_assigned{service="gateway",variant="canary.v2"}) - sum(envoy_cluster_upstream_rq_total{service="preference",envoy_cluster_name="recommendation-v2"})"#,
            0,
        ),
    ] {
        let seen = wait_for(world, query, due)?;
        println!("{what}: {seen}");
        assert_eq!(seen, due, "{what}: {query}");
    }
    every_rule_counts(world)
}

/// Each rule has decided something, the dashboard has data, and nothing has failed.
fn every_rule_counts(world: &World) -> Result<()> {
    for query in [
        r#"sum(acl_denied{rule="no-admin"})"#,
        r#"sum(acl_denied{rule="bots"})"#,
        r#"sum(rate_limit_quota_over_limit{rule="scarce"})"#,
        r#"sum(rate_limit_quota_over_limit{rule="shared"})"#,
        "sum(rate_limit_quota_global_granted)",
        r#"sum(routing_hints_assigned{variant="canary.v2"})"#,
        r#"sum(fault_injection_aborts_injected{rule="flaky"})"#,
        r#"sum(fault_injection_delays_injected{rule="slow"})"#,
    ] {
        ensure!(world.number(query)? > 0, "{query} has counted nothing");
    }
    for query in Dashboard::read(&crate::folder())?.queries() {
        let found = world.query(query)?;
        ensure!(found.as_array().is_some_and(|series| !series.is_empty()), "no data: {query}");
    }
    assert_eq!(world.number(r#"sum({__name__=~".*_host_errors"})"#)?, 0, "host calls that failed");
    assert_eq!(world.number("sum(rate_limit_quota_global_failed)")?, 0, "calls that failed");
    Ok(())
}

/// The value of a query, as soon as it is `due`; or what it is in the end.
fn wait_for(world: &World, query: &str, due: usize) -> Result<usize> {
    let since = Instant::now();
    loop {
        let seen = world.number(query)?;
        if seen == due || since.elapsed() > SCRAPED {
            return Ok(seen);
        }
        thread::sleep(Duration::from_millis(500));
    }
}

//! The dashboard, before a real Prometheus that scrapes the mesh under traffic: every query has data.

use crate::{alone, parts};
use anyhow::{Context as _, Result, ensure};
use mesh::{Dashboard, Door, Mesh, Progress, Step, Table, prometheus_configuration};
use real_parts::{Prometheus, RateLimit, Redis, available};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// Prometheus scrapes every five seconds, and a rate is made of two scrapes.
const TRAFFIC: Duration = Duration::from_secs(20);
const SCRAPED: Duration = Duration::from_secs(20);

#[test]
fn every_query_of_the_dashboard_has_data() -> Result<()> {
    let _alone = alone();
    let parts = parts(1.0)?;
    let compose = integration::workspace_root().join("envoy-configs/compose");
    let rules = fs::read_to_string(compose.join("ratelimit.yaml"))?;
    let Some(redis) = available(Redis::start())? else { return Ok(()) };
    let service = RateLimit::start(&[("ballast.yaml", &rules)], redis.addr());
    let Some(service) = available(service)? else { return Ok(()) };
    let table = Table::parse(&fs::read_to_string(parts.configs.join("services.yaml"))?)?;
    let mut mesh = Mesh::new(parts)?;
    mesh.share_quotas_at(service.grpc_addr());
    mesh.start(&["tutorial".to_owned()])?;
    mesh.apply(&Step::read(&compose.join("chain.yaml"))?)?;
    let mut envoys = Vec::new();
    for (instance, envoy) in mesh.envoys() {
        envoys.push((table.service(instance)?, envoy.admin_addr().to_string()));
    }
    let prometheus = Prometheus::with_configuration(&prometheus_configuration(&envoys));
    let Some(prometheus) = available(prometheus)? else { return Ok(()) };
    let gateway = mesh.addr("gateway", Door::Http)?;
    let report = mesh::traffic(gateway, TRAFFIC, &mut Progress::new())?;
    println!("{} requests: {:?}", report.total(), report.statuses);
    let dashboard = Dashboard::read(&compose)?;
    ensure!(dashboard.queries().count() > 10, "the dashboard asks little");
    for query in dashboard.queries() {
        let series = wait_for_data(&prometheus, query)?;
        println!("{series:3} series: {query}");
        ensure!(series > 0, "no data: {query}");
    }
    Ok(())
}

/// How many series a query has, as soon as there is one.
fn wait_for_data(prometheus: &Prometheus, query: &str) -> Result<usize> {
    let since = Instant::now();
    loop {
        let found = prometheus.query(query)?;
        let count = found.as_array().context("a vector")?.len();
        if count > 0 || since.elapsed() > SCRAPED {
            return Ok(count);
        }
        thread::sleep(Duration::from_millis(500));
    }
}

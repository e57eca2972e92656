//! Blue/green: all to v2 and back by one change of the configuration, and no request is lost.

use crate::{FILTER, INGRESS, V1, V2, Versions, by_header, canary, quiet};
use anyhow::{Context, Result, ensure};
use envoy_runner::{Client, EnvoyProcess, Launch, Load, LoadReport, Request, Update, Wheel};
use integration::fixtures;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);
/// Each request has a connection of its own, as one that stays would stay with the old configuration
/// until it is drained.
const CLIENTS: usize = 4;
const REQUESTS: usize = 600;
/// So many answers are waited for between two switches.
const ANSWERS: usize = 200;

/// Requests of users, one connection each, while the configuration changes.
fn traffic(addr: SocketAddr) -> Result<LoadReport> {
    let load = Load { connections: CLIENTS, requests_per_connection: REQUESTS, timeout: PATIENCE };
    load.run(addr, |number| {
        let request = Request::get("/").header("end-user", format!("user-{number}"));
        request.header("connection", "close")
    })
}

fn switch(envoy: &mut EnvoyProcess, percent: f64) -> Result<()> {
    let update = envoy.update_listeners(&[by_header(INGRESS, &canary(percent))?], PATIENCE)?;
    ensure!(update == Update::Accepted, "{update:?}");
    let expected = if percent > 0.0 { V2 } else { V1 };
    let request = Request::get("/").header("end-user", "jason");
    let answer = Client::once(envoy.addr(INGRESS)?, &request)?;
    ensure!(answer.status == Some(expected), "{percent} % is not in force: {answer:?}");
    Ok(())
}

#[test]
fn all_go_to_v2_and_back_and_no_request_is_lost() -> Result<()> {
    let _alone = quiet();
    let versions = Versions::start()?;
    let bootstrap = versions.bootstrap().dynamic_listeners();
    let bootstrap = bootstrap.listener(by_header(INGRESS, &canary(0.0))?);
    let wheel = Wheel::default_version()?;
    let mut envoy = Launch::new(&wheel, bootstrap.document()).concurrency(2).start()?;
    let addr = envoy.addr(INGRESS)?;
    let report = thread::scope(|scope| {
        let traffic = scope.spawn(|| traffic(addr));
        for percent in [100.0, 0.0, 100.0, 0.0] {
            let version = if percent > 0.0 { &versions.v2 } else { &versions.v1 };
            let before = version.upstream.count();
            switch(&mut envoy, percent)?;
            version.upstream.wait_for(before + ANSWERS, PATIENCE)?;
        }
        traffic.join().ok().context("the traffic panicked")?
    })?;
    println!(
        "blue/green: 4 switches, {} answers by v1, {} by v2, failures {:?}, {:?}",
        report.count(V1),
        report.count(V2),
        report.failures,
        report.elapsed,
    );
    ensure!(report.failures.is_empty(), "{:?}", report.failures);
    ensure!(report.count(V1) + report.count(V2) == CLIENTS * REQUESTS, "{report:?}");
    ensure!(report.count(V1) > 0 && report.count(V2) > 0, "the switch came too early or too late");
    let errors = envoy.stat(&format!("wasmcustom.{FILTER}.host_errors"))?;
    ensure!(errors == 0, "{errors} host errors");
    fixtures::unharmed(&mut envoy)
}

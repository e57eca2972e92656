//! The containers, and what one asks them.

use crate::{folder, images};
use anyhow::{Context as _, Result, ensure};
use envoy_runner::{Answer, Client, Request};
use real_parts::{Docker, available};
use serde_json::Value;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// What no package of a machine has: the test says so, and does without.
const LEFT_OUT: &str = "grafana";
/// How long all may take to be healthy.
const PATIENCE: Duration = Duration::from_secs(240);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The mesh that runs; it ends with the engine.
pub(crate) struct World {
    docker: Docker,
    file: PathBuf,
    variables: Vec<(&'static str, String)>,
    pub(crate) gateway: SocketAddr,
    pub(crate) prometheus: SocketAddr,
    pub(crate) zipkin: SocketAddr,
}

impl World {
    /// An engine with images, and nothing running yet; `None` where the machine has no engine.
    pub(crate) fn new() -> Result<Option<Self>> {
        // Modules are where `make build` leaves them.
        integration::module("fault_injection")?;
        let Some(docker) = available(Docker::start())? else { return Ok(None) };
        images::import(&docker, Path::new(env!("CARGO_TARGET_TMPDIR")))?;
        let [gateway, prometheus, zipkin] = [free()?, free()?, free()?];
        let variables = vec![
            ("COMPOSE_PROJECT_NAME", format!("ballast-test-{}", std::process::id())),
            ("GATEWAY_PORT", gateway.port().to_string()),
            ("PROMETHEUS_PORT", prometheus.port().to_string()),
            ("ZIPKIN_PORT", zipkin.port().to_string()),
        ];
        let file = folder().join("docker-compose.yaml");
        let root = integration::workspace_root();
        mesh::write_compose_files(&root.join("envoy-configs"), &root.join("target/compose"))?;
        Ok(Some(Self { docker, file, variables, gateway, prometheus, zipkin }))
    }

    /// `up`, until every container is healthy.
    pub(crate) fn up(&self) -> Result<()> {
        let services = self.compose(&["config", "--services"])?;
        let services: Vec<&str> = services.split_whitespace().collect();
        ensure!(services.contains(&LEFT_OUT), "{LEFT_OUT} is no service");
        eprintln!("LEFT OUT: {LEFT_OUT}, whose image no package can stand in for");
        let wanted = services.iter().copied().filter(|name| *name != LEFT_OUT);
        let arguments: Vec<&str> =
            ["up", "--detach", "--build", "--no-color"].into_iter().chain(wanted).collect();
        self.compose(&arguments)?;
        self.wait_until_healthy(services.len() - 1)
    }

    /// `down`, after which nothing is there.
    pub(crate) fn down(&self) -> Result<()> {
        self.compose(&["down", "--timeout", "3"])?;
        let left = self.docker.docker(&["ps", "--all", "--quiet"])?;
        ensure!(left.trim().is_empty(), "containers are left: {left}");
        Ok(())
    }

    fn compose(&self, arguments: &[&str]) -> Result<String> {
        self.docker.compose(&self.file, &self.variables, arguments)
    }

    fn wait_until_healthy(&self, count: usize) -> Result<()> {
        let since = Instant::now();
        loop {
            let said =
                self.docker.docker(&["ps", "--all", "--format", "{{.Names}} {{.Status}}"])?;
            let healthy = said.lines().filter(|line| line.contains("(healthy)")).count();
            if healthy == count {
                println!("{count} containers healthy after {:?}", since.elapsed());
                return Ok(());
            }
            if since.elapsed() > PATIENCE || said.contains("Exited") {
                let logs = self.compose(&["logs", "--no-color", "--tail", "20"])?;
                anyhow::bail!("{healthy} of {count} are healthy:\n{said}\n{logs}");
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Where ports of containers are published.
    pub(crate) fn published(&self) -> Result<Vec<String>> {
        let said = self.docker.docker(&["ps", "--format", "{{.Ports}}"])?;
        let ports = said.split(['\n', ',']).map(str::trim).filter(|port| port.contains("->"));
        Ok(ports.map(str::to_owned).collect())
    }

    /// The value of a Prometheus query that is one number, 0 where there is no series.
    pub(crate) fn number(&self, query: &str) -> Result<usize> {
        let value = self.query(query)?;
        let number = value.pointer("/0/value/1").and_then(Value::as_str);
        let number: f64 = number.map_or(Ok(0.0), str::parse)?;
        Ok(number as usize)
    }

    /// What Prometheus says to a query.
    pub(crate) fn query(&self, query: &str) -> Result<Value> {
        real_parts::query(self.prometheus, query)
    }

    /// The services of the spans of a trace in Zipkin, as soon as there are `count`.
    pub(crate) fn spans(&self, trace: &str, count: usize) -> Result<Vec<String>> {
        let since = Instant::now();
        loop {
            let answer = get(self.zipkin, &format!("/api/v2/trace/{trace}"))?;
            let spans: Vec<Value> = serde_json::from_str(&answer.text()).unwrap_or_default();
            if spans.len() >= count || since.elapsed() > Duration::from_secs(30) {
                let service = |span: &Value| {
                    let name = span.pointer("/localEndpoint/serviceName");
                    name.and_then(Value::as_str).unwrap_or_default().to_owned()
                };
                return Ok(spans.iter().map(service).collect());
            }
            // The collector tells nobody when it has stored something.
            thread::sleep(LOOK_EVERY);
        }
    }
}

pub(crate) fn get(addr: SocketAddr, path: &str) -> Result<Answer> {
    Client::once(addr, &Request::get(path)).with_context(|| format!("{addr}{path}"))
}

/// A port that nobody had a moment ago.
fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

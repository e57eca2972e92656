//! Prometheus, scraping Envoys.

use crate::server::{Server, free_addr};
use crate::tools::program;
use anyhow::{Context as _, Result, ensure};
use envoy_runner::{Client, Request};
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

/// A Prometheus server with a database of its own.
#[derive(Debug)]
pub struct Prometheus {
    // Held for its end.
    _server: Server,
    addr: SocketAddr,
}

impl Prometheus {
    /// Starts one on a free port that scrapes `/stats/prometheus` of these admin interfaces every
    /// second; `job` is the label of all.
    ///
    /// # Errors
    /// [`Missing`](crate::Missing) where there is no `prometheus`; it does not start.
    pub fn start(job: &str, envoys: &[SocketAddr]) -> Result<Self> {
        let targets: Vec<String> = envoys.iter().map(ToString::to_string).collect();
        Self::with_configuration(&json!({
            "global": { "scrape_interval": "1s", "scrape_timeout": "1s" },
            "scrape_configs": [{
                "job_name": job,
                "metrics_path": "/stats/prometheus",
                "static_configs": [{ "targets": targets }],
            }],
        }))
    }

    /// Starts one on a free port with this configuration.
    ///
    /// # Errors
    /// As [`Prometheus::start`].
    pub fn with_configuration(config: &Value) -> Result<Self> {
        let binary = program("prometheus", "Debian and Ubuntu: apt-get install prometheus")?;
        let addr = free_addr()?;
        let mut server = Server::new("prometheus")?;
        // JSON is YAML.
        let file = server.home().join("prometheus.yml");
        fs::write(&file, config.to_string())?;
        let mut command = Command::new(binary);
        command.arg(format!("--config.file={}", file.display()));
        command.arg(format!("--storage.tsdb.path={}", server.home().join("data").display()));
        command.arg(format!("--web.listen-address={addr}"));
        let is_ready = || {
            let answer = Client::once(addr, &Request::get("/-/ready"));
            answer.is_ok_and(|answer| answer.status == Some(200))
        };
        server.start(&mut command, addr, Duration::from_secs(30), is_ready)?;
        Ok(Self { _server: server, addr })
    }

    /// Where it answers questions.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The result of a query at this moment: `data.result` of the API's answer.
    ///
    /// # Errors
    /// The expression is none, or the server does not answer.
    pub fn query(&self, expression: &str) -> Result<Value> {
        query(self.addr, expression)
    }
}

/// The result of a query at this moment at a Prometheus that runs anywhere: `data.result` of the API's answer.
///
/// # Errors
/// The expression is none, or the server does not answer.
pub fn query(addr: SocketAddr, expression: &str) -> Result<Value> {
    let path = format!("/api/v1/query?query={}", escape(expression));
    let answer = Client::once(addr, &Request::get(path))?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    ensure!(answer.status == Some(200), "{expression}: {text}");
    let mut answer: Value = serde_json::from_str(&text)?;
    let result = answer.pointer_mut("/data/result").context("an answer without a result")?;
    Ok(result.take())
}

/// Percent-encodes all but letters and digits.
fn escape(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

//! The applications of the mesh, as processes of their own.

use anyhow::{Context as _, Result, bail, ensure};
use envoy_runner::{Client, Request};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::table::{Door, Service, Table};

/// How long an application may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// One application; the process ends with it.
#[derive(Debug)]
pub(crate) struct Application {
    child: Child,
    addr: SocketAddr,
}

/// A request, as an application received it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Received {
    /// How long ago it came, when it was asked for, in milliseconds.
    pub ago_ms: u64,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The header lines, names in lower case; bytes that are not UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
}

impl Received {
    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Application {
    /// Runs `program`, which is given the command line of `mesh-service` behind `words`.
    pub(crate) fn start(
        (program, words): (&Path, &[&str]),
        table: &Table,
        service: &Service,
    ) -> Result<Self> {
        let addr = table.addr(&service.instance, Door::App)?;
        let mut command = Command::new(program);
        command.args(words).args(service.arguments()).args(["--listen", &addr.to_string()]);
        if service.next.is_some() {
            let outbound = table.addr(&service.instance, Door::Outbound)?;
            command.args(["--outbound", &outbound.to_string()]);
        }
        let child = command.stdin(Stdio::null()).spawn();
        let child = child.with_context(|| format!("cannot run {}", program.display()))?;
        let mut application = Self { child, addr };
        application.wait().with_context(|| format!("the application {}", service.instance))?;
        Ok(application)
    }

    fn wait(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(self.addr).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended: {status}");
            }
            ensure!(Instant::now() < deadline, "nobody listens on {}", self.addr);
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Sends the application a command, past its sidecar.
    pub(crate) fn tell(&self, path: &str) -> Result<String> {
        let answer = Client::once(self.addr, &Request::get(path))?;
        ensure!(answer.status == Some(200), "{path}: {:?} {}", answer.status, answer.text());
        Ok(answer.text())
    }

    /// The latest requests, oldest first.
    pub(crate) fn received(&self) -> Result<Vec<Received>> {
        let text = self.tell("/_mesh/received")?;
        serde_json::from_str(&text).context("what an application received")
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // Both fail only when the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

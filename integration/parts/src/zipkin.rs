//! Zipkin, in memory.

use crate::server::{Server, free_addr};
use crate::tools::{cached, program, run};
use anyhow::Result;
use envoy_runner::{Answer, Client, Request};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const VERSION: &str = "3.5.1";

/// Java takes its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// A Zipkin server.
#[derive(Debug)]
pub struct Zipkin {
    // Held for its end.
    _server: Server,
    addr: SocketAddr,
}

impl Zipkin {
    /// The server's jar, to run it elsewhere.
    ///
    /// # Errors
    /// [`Missing`](crate::Missing) where it has to be fetched first and there is no Maven; it cannot be.
    pub fn program() -> Result<PathBuf> {
        jar()
    }

    /// Starts one on a free port.
    ///
    /// # Errors
    /// [`Missing`](crate::Missing) where there is no Java, or no Maven to fetch it with; it cannot
    /// be fetched, or does not start.
    pub fn start() -> Result<Self> {
        let java = program("java", "Zipkin needs Java 17 or later")?;
        let jar = jar()?;
        let addr = free_addr()?;
        let mut server = Server::new("zipkin")?;
        let mut command = Command::new(java);
        // By itself it would listen on all interfaces.
        command.arg("-Darmeria.ports[0].ip=127.0.0.1");
        command.arg(format!("-Darmeria.ports[0].port={}", addr.port()));
        command.arg("-Darmeria.ports[0].protocols[0]=http");
        command.args(["-Xmx512m", "-jar"]).arg(jar).env("STORAGE_TYPE", "mem");
        let is_healthy = || {
            let answer = Client::once(addr, &Request::get("/health"));
            answer.is_ok_and(|answer| answer.status == Some(200))
        };
        server.start(&mut command, addr, PATIENCE, is_healthy)?;
        Ok(Self { _server: server, addr })
    }

    /// Where it takes spans (`POST /api/v2/spans`) and answers questions.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// One question, e.g. `/api/v2/trace/463ac35c9f6413ad48485a3953bb6124`.
    ///
    /// # Errors
    /// It does not answer.
    pub fn get(&self, path: &str) -> Result<Answer> {
        Client::once(self.addr, &Request::get(path))
    }
}

fn jar() -> Result<PathBuf> {
    let file = format!("zipkin-server-{VERSION}-exec.jar");
    cached(&format!("zipkin-{VERSION}"), &file, |folder| {
        let maven = program("mvn", "Zipkin is fetched by Maven, once")?;
        let artifact = format!("-Dartifact=io.zipkin:zipkin-server:{VERSION}:jar:exec");
        let output = format!("-DoutputDirectory={}", folder.display());
        run(Command::new(maven).args(["-q", "-B", "dependency:copy", &artifact, &output]))
    })
}

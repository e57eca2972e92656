//! Envoy's reference rate-limit service, with Redis behind it.

use crate::server::{Server, free_addr};
use crate::tools::{cached, program, run};
use anyhow::Result;
use envoy_runner::{Client, Request};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The service's Go package, and the version that is tested with.
const PACKAGE: &str = "github.com/envoyproxy/ratelimit/src/service_cmd";
const VERSION: &str = "v1.4.1-0.20260122083618-3fb702589d36";

/// The rate-limit service.
#[derive(Debug)]
pub struct RateLimit {
    server: Server,
    binary: PathBuf,
    redis: SocketAddr,
    http: SocketAddr,
    grpc: SocketAddr,
    debug: SocketAddr,
}

impl RateLimit {
    /// The service's binary, to run it elsewhere.
    ///
    /// # Errors
    /// [`Missing`](crate::Missing) where it has to be built first and there is no Go; it cannot be built.
    pub fn program() -> Result<PathBuf> {
        binary()
    }

    /// Starts the service with these rules (file name without folder, YAML), over this Redis.
    ///
    /// # Errors
    /// [`Missing`](crate::Missing) where it has to be built first and there is no Go; it cannot be
    /// built, or does not start.
    pub fn start(rules: &[(&str, &str)], redis: SocketAddr) -> Result<Self> {
        let binary = binary()?;
        let server = Server::new("ratelimit")?;
        let folder = server.home().join("config");
        fs::create_dir_all(&folder)?;
        for (name, yaml) in rules {
            fs::write(folder.join(name), yaml)?;
        }
        let (http, grpc, debug) = (free_addr()?, free_addr()?, free_addr()?);
        let mut service = Self { server, binary, redis, http, grpc, debug };
        service.start_again()?;
        Ok(service)
    }

    /// Starts it anew on its ports; what it counted is in Redis.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_again(&mut self) -> Result<()> {
        let home = self.server.home().display().to_string();
        let mut command = Command::new(&self.binary);
        command.env_clear();
        for (name, value) in [
            ("USE_STATSD", "false"),
            ("LOG_LEVEL", "warn"),
            ("REDIS_SOCKET_TYPE", "tcp"),
            ("REDIS_URL", &self.redis.to_string()),
            ("RUNTIME_ROOT", &home),
            ("RUNTIME_SUBDIRECTORY", ""),
            ("RUNTIME_WATCH_ROOT", "false"),
            ("RUNTIME_IGNOREDOTFILES", "true"),
            ("HOST", "127.0.0.1"),
            ("PORT", &self.http.port().to_string()),
            ("GRPC_HOST", "127.0.0.1"),
            ("GRPC_PORT", &self.grpc.port().to_string()),
            ("DEBUG_HOST", "127.0.0.1"),
            ("DEBUG_PORT", &self.debug.port().to_string()),
        ] {
            command.env(name, value);
        }
        let http = self.http;
        let is_healthy = || {
            let answer = Client::once(http, &Request::get("/healthcheck"));
            answer.is_ok_and(|answer| answer.status == Some(200))
        };
        self.server.start(&mut command, self.grpc, Duration::from_secs(30), is_healthy)
    }

    /// Ends it at once.
    pub fn stop(&mut self) {
        self.server.stop();
    }

    /// Where `envoy.service.ratelimit.v3.RateLimitService` is served.
    #[must_use]
    pub fn grpc_addr(&self) -> SocketAddr {
        self.grpc
    }

    /// Where `POST /json` and `GET /healthcheck` are served.
    #[must_use]
    pub fn http_addr(&self) -> SocketAddr {
        self.http
    }
}

fn binary() -> Result<PathBuf> {
    cached(&format!("ratelimit-{VERSION}"), "service_cmd", |folder| {
        let go = program("go", "the rate-limit service is built by Go 1.24 or later")?;
        let package = format!("{PACKAGE}@{VERSION}");
        run(Command::new(go).args(["install", &package]).env("GOBIN", folder))
    })
}

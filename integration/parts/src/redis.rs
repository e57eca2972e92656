//! Redis, in memory only.

use crate::server::{Server, free_addr};
use crate::tools::program;
use anyhow::Result;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// A Redis that keeps nothing on disk.
#[derive(Debug)]
pub struct Redis {
    server: Server,
    binary: PathBuf,
    addr: SocketAddr,
}

impl Redis {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// [`Missing`](crate::Missing) where there is no `redis-server`; it does not start.
    pub fn start() -> Result<Self> {
        let binary = program("redis-server", "Debian and Ubuntu: apt-get install redis-server")?;
        let mut redis = Self { server: Server::new("redis")?, binary, addr: free_addr()? };
        redis.start_again()?;
        Ok(redis)
    }

    /// Starts it anew on its port, empty.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_again(&mut self) -> Result<()> {
        let port = self.addr.port().to_string();
        let mut command = Command::new(&self.binary);
        command.args(["--port", &port, "--bind", "127.0.0.1"]);
        command.args(["--save", "", "--appendonly", "no"]);
        self.server.start(&mut command, self.addr, Duration::from_secs(20), || true)
    }

    /// Ends it at once.
    pub fn stop(&mut self) {
        self.server.stop();
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

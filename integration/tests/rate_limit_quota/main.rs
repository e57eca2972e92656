//! What `rate_limit_quota` promises, observed from outside of a stock Envoy. Every figure is printed.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

mod across_envoys;
mod exact;
mod instructions;
mod live_keys;
mod mixer;
mod retry_after;
mod streams;

use anyhow::Result;
use envoy_runner::{EnvoyProcess, Listener, Reply, Upstream};
use integration::fixtures::{self, INGRESS};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

const FILTER: &str = "rate_limit_quota";

/// An Envoy with the filter, and what stands behind it.
struct Served {
    envoy: EnvoyProcess,
    upstream: Upstream,
}

impl Served {
    fn new(config: &Value, workers: u32) -> Result<Self> {
        let listener = listener(config)?;
        let upstream = Upstream::start(|_| Reply::ok("upstream"))?;
        let envoy = fixtures::start(&fixtures::in_front_of(&upstream, [listener]), workers)?;
        Ok(Self { envoy, upstream })
    }

    fn addr(&self) -> Result<SocketAddr> {
        self.envoy.addr(INGRESS)
    }

    fn stat(&self, name: &str) -> Result<u64> {
        stat(&self.envoy, name)
    }

    /// Nothing failed.
    fn finish(mut self) -> Result<()> {
        fixtures::unharmed(&mut self.envoy)?;
        assert_eq!(self.stat("host_errors")?, 0);
        Ok(())
    }
}

/// The filter on the listener `ingress`.
fn listener(config: &Value) -> Result<Listener> {
    let filter = fixtures::plugin(FILTER, config)?;
    // As at an edge: a client's address is that of its connection.
    let edge = json!({"use_remote_address": true});
    Ok(fixtures::ingress().filter(filter).manager(edge).log_filter_state(FILTER))
}

fn stat(envoy: &EnvoyProcess, name: &str) -> Result<u64> {
    envoy.stat(&format!("wasmcustom.{FILTER}.{name}"))
}

/// Held by a test that needs the machine for itself: one that loads it, or that times it.
fn quiet() -> MutexGuard<'static, ()> {
    static QUIET: Mutex<()> = Mutex::new(());
    QUIET.lock().unwrap_or_else(PoisonError::into_inner)
}

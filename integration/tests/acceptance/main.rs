//! What `fault_injection` promises, observed from outside of a stock Envoy. Every figure is printed.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

mod delays;
mod disconnects;
mod limits;
mod observability;
mod precision;
mod resets;
mod shares;
mod throttle;
mod trailers;

use anyhow::Result;
use envoy_runner::{EnvoyProcess, Listener, Reply, Upstream, WasmFilter};
use integration::fixtures::{self, INGRESS};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

const FILTER: &str = "fault_injection";

/// An Envoy with the filter, and what stands behind it.
struct Served {
    envoy: EnvoyProcess,
    upstream: Upstream,
}

impl Served {
    /// `rules` on the listener `ingress`, in front of an upstream that answers `upstream`.
    fn rules(rules: &Value, workers: u32) -> Result<Self> {
        Self::new(fixtures::ingress().filter(filter(&json!({"rules": rules}))?), workers)
    }

    fn new(listener: Listener, workers: u32) -> Result<Self> {
        Self::before(Upstream::start(|_| Reply::ok("upstream"))?, listener, workers)
    }

    fn before(upstream: Upstream, listener: Listener, workers: u32) -> Result<Self> {
        let listener = listener.log_filter_state(FILTER);
        let envoy = fixtures::start(&fixtures::in_front_of(&upstream, [listener]), workers)?;
        Ok(Self { envoy, upstream })
    }

    fn addr(&self) -> Result<SocketAddr> {
        self.envoy.addr(INGRESS)
    }

    /// A counter or gauge of the filter.
    fn stat(&self, name: &str) -> Result<u64> {
        self.envoy.stat(&format!("wasmcustom.{FILTER}.{name}"))
    }

    /// Nothing failed, nothing is still active.
    fn finish(mut self) -> Result<()> {
        fixtures::unharmed(&mut self.envoy)?;
        assert_eq!(self.stat("host_errors")?, 0);
        assert_eq!(self.stat("active_faults")?, 0);
        Ok(())
    }
}

fn filter(config: &Value) -> Result<WasmFilter> {
    fixtures::plugin(FILTER, config)
}

/// Held by a test that needs the machine for itself: one that loads it, or that times it.
fn quiet() -> MutexGuard<'static, ()> {
    static QUIET: Mutex<()> = Mutex::new(());
    QUIET.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What `acl` promises, observed from outside of a stock Envoy. Every figure is printed.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

mod bans;
mod large;
mod linear;
mod native_rbac;
mod provider;
mod random_rbac;
mod scenarios;

use anyhow::Result;
use envoy_runner::{Bootstrap, EnvoyProcess, Reply, Upstream, WasmFilter};
use integration::fixtures::{self, INGRESS};
use serde_json::Value;
use std::net::SocketAddr;

const FILTER: &str = "acl";

/// An Envoy with the filter, and the service behind it.
struct Served {
    envoy: EnvoyProcess,
    upstream: Upstream,
}

impl Served {
    /// The filter with this configuration; `more` adds to the bootstrap what it needs.
    fn new(
        config: &Value,
        workers: u32,
        more: impl FnOnce(Bootstrap) -> Bootstrap,
    ) -> Result<Self> {
        let upstream = Upstream::start(|_| Reply::ok("upstream"))?;
        let listener = fixtures::ingress().filter(filter(config)?).log_filter_state(FILTER);
        let bootstrap = more(fixtures::in_front_of(&upstream, [listener]));
        Ok(Self { envoy: fixtures::start(&bootstrap, workers)?, upstream })
    }

    fn addr(&self) -> Result<SocketAddr> {
        self.envoy.addr(INGRESS)
    }

    /// A counter or gauge of the filter.
    fn stat(&self, name: &str) -> Result<u64> {
        self.envoy.stat(&format!("wasmcustom.{FILTER}.{name}"))
    }

    /// Nothing trapped.
    fn finish(mut self) -> Result<()> {
        fixtures::unharmed(&mut self.envoy)
    }
}

fn filter(config: &Value) -> Result<WasmFilter> {
    fixtures::plugin(FILTER, config)
}

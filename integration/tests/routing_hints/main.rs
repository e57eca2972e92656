//! What `routing_hints` promises, observed from outside of a stock Envoy with stock routes. Every
//! figure is printed.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

mod anew;
mod cost;
mod filter_state;
mod hints;
mod hops;
mod mirror;
mod native;
mod patience;
mod shares;
mod switch;
mod untold;
mod weighted;

use anyhow::Result;
use envoy_runner::{Bootstrap, Cluster, EnvoyProcess, Listener, Reply, Request, Route, Upstream};
use integration::fixtures::{self, INGRESS};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const FILTER: &str = "routing_hints";

/// The statuses by which a client tells the versions apart; both are successes.
const V1: u16 = 200;
const V2: u16 = 202;

/// One version of a service, and who was served by it, by the header `end-user`.
struct Version {
    upstream: Upstream,
    users: Arc<Mutex<BTreeSet<Vec<u8>>>>,
}

/// Two versions of a service.
struct Versions {
    v1: Version,
    v2: Version,
}

/// An Envoy with the filter in front of both.
struct Served {
    envoy: EnvoyProcess,
    versions: Versions,
}

impl Version {
    /// A version that answers with this status.
    fn start(status: u16) -> Result<Self> {
        let users = Arc::new(Mutex::new(BTreeSet::new()));
        let seen = Arc::clone(&users);
        let upstream = Upstream::start(move |request| {
            if let Some(user) = request.header("end-user") {
                seen.lock().unwrap_or_else(PoisonError::into_inner).insert(user.to_vec());
            }
            Reply::status(status)
        })?;
        Ok(Self { upstream, users })
    }

    fn users(&self) -> BTreeSet<Vec<u8>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Versions {
    fn start() -> Result<Self> {
        Ok(Self { v1: Version::start(V1)?, v2: Version::start(V2)? })
    }

    /// Clusters `v1` and `v2`.
    fn bootstrap(&self) -> Bootstrap {
        Bootstrap::new()
            .cluster(Cluster::new("v1", self.v1.upstream.addr()))
            .cluster(Cluster::new("v2", self.v2.upstream.addr()))
    }
}

impl Served {
    fn new(listeners: impl IntoIterator<Item = Listener>, workers: u32) -> Result<Self> {
        let versions = Versions::start()?;
        let bootstrap = listeners.into_iter().fold(versions.bootstrap(), Bootstrap::listener);
        Ok(Self { envoy: fixtures::start(&bootstrap, workers)?, versions })
    }

    /// The filter with `config` in front of routes by the header `x-route`.
    fn by_header(config: &Value, workers: u32) -> Result<Self> {
        Self::new([by_header(INGRESS, config)?], workers)
    }

    fn addr(&self) -> Result<SocketAddr> {
        self.envoy.addr(INGRESS)
    }

    /// A counter of the filter.
    fn stat(&self, name: &str) -> Result<u64> {
        self.envoy.stat(&format!("wasmcustom.{FILTER}.{name}"))
    }

    /// Nothing failed.
    fn finish(mut self) -> Result<()> {
        fixtures::unharmed(&mut self.envoy)?;
        assert_eq!(self.stat("host_errors")?, 0);
        Ok(())
    }
}

/// A listener with the filter, and routes to v2 by the hint and to v1 without.
fn by_header(name: &str, config: &Value) -> Result<Listener> {
    let hinted = Route::from_yaml(
        "{match: {prefix: /, headers: [{name: x-route, string_match: {exact: v2}}]}, route: {cluster: v2}}",
    )?;
    let listener = Listener::new(name).filter(fixtures::plugin(FILTER, config)?);
    Ok(listener.route(hinted).route(Route::cluster("/", "v1")))
}

/// A sticky split of users by a header, so many percent of them to v2.
fn canary(percent: f64) -> Value {
    json!({"hintHeaders": ["x-route"], "rules": [{"name": "canary", "split": {
        "key": "request.headers[\"end-user\"]",
        "salt": "reviews-v2",
        "variants": [
            {"name": "v1", "weight": 100.0 - percent, "set": {"headers": {"x-route": "v1"}}},
            {"name": "v2", "weight": percent, "set": {"headers": {"x-route": "v2"}}},
        ],
    }}]})
}

/// A request of the user of this number.
fn of_user(number: usize) -> Request {
    Request::get("/reviews").header("end-user", format!("user-{number}"))
}

/// Held by a test that loads the machine.
fn quiet() -> MutexGuard<'static, ()> {
    static QUIET: Mutex<()> = Mutex::new(());
    QUIET.lock().unwrap_or_else(PoisonError::into_inner)
}

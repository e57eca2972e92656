//! Test kit for pure filters. No sockets, no sleeping: time, randomness and the state that workers
//! share are simulated, so every run is the same.
//!
//! - [`SimEnvironment`] and [`Metrics`]: what a filter may ask of the world.
//! - [`SimProxy`]: carries out a filter's decisions as Envoy would, on virtual time.
//! - [`Case`]: a scenario as data (configuration, traffic, expectation). [`run_pure`] runs it on a
//!   filter; other executors fill [`Observed`] and [`check`] it against the same [`Expect`].
//! - `Contract`: what every filter promises beyond its code. Not on wasm32, where no manual is written.
//!
//! ```
//! use filter_api::{Environment, Gauge};
//! use filter_testing::SimEnvironment;
//!
//! let mut env = SimEnvironment::seeded(1);
//! let permit = env.try_acquire(Gauge(0), 1);
//! assert!(permit.is_some() && env.try_acquire(Gauge(0), 1).is_none());
//! ```

mod case;
mod check;
#[cfg(not(target_arch = "wasm32"))]
mod contract;
mod environment;
mod exchange;
mod metrics;
mod mutants;
mod proxy;
mod run;

pub use case::{
    Bounds, Case, Expect, HeaderBytes, HexBytes, Request, Share, Step, Upstream, load_cases,
};
pub use check::{Tolerance, check, check_counters, check_share};
#[cfg(not(target_arch = "wasm32"))]
pub use contract::Contract;
pub use environment::{Asked, SimEnvironment};
pub use exchange::{Exchange, Observed};
pub use metrics::Metrics;
pub use mutants::mutants;
pub use proxy::SimProxy;
pub use run::run_pure;

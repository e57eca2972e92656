//! Fault injection for Envoy: delays, aborts, resets, and faults on real answers.
//!
//! The promise: a request that no rule selects passes byte for byte; a fault happens exactly as
//! often as its percentage says; and whatever happens can be seen, by rule and kind, in statistics,
//! response details and filter state.
//!
//! [`FaultFilter`] is pure: it looks at a request and answers with a decision. The order of faults
//! is always delay, then abort, then (on a real answer) response.
//!
//! ```
//! use fault_injection::FaultFilter;
//! use filter_api::HttpFilter;
//! use filter_testing::Metrics;
//!
//! let config = br#"{"rules": [{
//!     "name": "jason",
//!     "match": [{"headers": {"end-user": {"exact": "jason"}}}],
//!     "fault": {"delay": {"fixedDelay": "7s", "percentage": {"value": 50}}}
//! }]}"#;
//! let filter = FaultFilter::configure(config, &mut Metrics::default())?;
//! assert_eq!(filter.summary(), "rules: jason (delay); request headers are read");
//! # Ok::<(), filter_api::ConfigError>(())
//! ```

mod abort;
pub mod config;
mod delay;
mod fault;
mod filter;
mod halt;
mod header_control;
mod limits;
mod outcome;
mod response;
mod schedule;
mod settings;
mod stats;
mod stream;

pub use filter::FaultFilter;
pub use stream::FaultStream;

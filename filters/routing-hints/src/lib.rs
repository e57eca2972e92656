//! Routing hints for Envoy: the filter decides where a request goes, and stock routes carry it out.
//!
//! The promise: a hint comes from a rule or from a trusted source, and from nobody else; the same user
//! gets the same variant on every worker and at every hop; and raising a weight only moves users
//! towards it.
//!
//! [`RoutingHintsFilter`] is pure: it looks at a request and answers with a decision.
//!
//! ```
//! use filter_api::HttpFilter;
//! use filter_testing::Metrics;
//! use routing_hints::RoutingHintsFilter;
//!
//! let config = br#"{"hintHeaders": ["x-route"], "rules": [{
//!     "name": "firefox",
//!     "match": [{"headers": {"user-agent": {"regex": ".*Firefox.*"}}}],
//!     "set": {"headers": {"x-route": "v2"}}
//! }]}"#;
//! let filter = RoutingHintsFilter::configure(config, &mut Metrics::default())?;
//! assert_eq!(
//!     filter.summary(),
//!     "rules: firefox (set); hint headers: x-route; request headers are read"
//! );
//! # Ok::<(), filter_api::ConfigError>(())
//! ```

pub mod config;
mod cookie;
mod explain;
mod filter;
mod hex;
mod hints;
mod overrides;
mod pass;
mod plan;
mod protection;
mod schedule;
mod settings;
mod split;
mod stats;
mod stream;
mod variants;

pub use filter::RoutingHintsFilter;
pub use stream::RoutingStream;

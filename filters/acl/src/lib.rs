//! Access control for Envoy: who may call what.
//!
//! The promise: what the configuration refuses does not pass, however the request is written and
//! whatever the proxy fails to know of it; and every refusal can be seen, by rule, in statistics,
//! response details and filter state.
//!
//! [`AclFilter`] is pure: it looks at a request and answers with a decision.
//!
//! ```
//! use acl::AclFilter;
//! use filter_api::HttpFilter;
//! use filter_testing::Metrics;
//!
//! let config = br#"{"rules": [{
//!     "name": "no-admin",
//!     "action": "DENY",
//!     "to": [{"operation": {"paths": ["/admin", "/admin/*"]}}]
//! }]}"#;
//! let filter = AclFilter::configure(config, &mut Metrics::default())?;
//! assert_eq!(filter.summary(), "DENY no-admin");
//! # Ok::<(), filter_api::ConfigError>(())
//! ```

mod analysis;
mod ban;
pub mod config;
mod entries;
mod facts;
mod filter;
mod gate;
mod host_name;
mod list;
mod path_pattern;
mod path_views;
mod pattern;
mod provider;
mod refusal;
mod rule;
mod settings;
mod stats;
mod stream;
mod verdict;

pub use filter::AclFilter;
pub use stream::AclStream;

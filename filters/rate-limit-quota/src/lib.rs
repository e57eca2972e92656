//! Rate-limit quotas for Envoy, in the words of Mixer's `memquota`.
//!
//! The promise: however many workers there are and whatever they do at one time, a quota never admits
//! more than its algorithm says; a request takes of all quotas that concern it or of none; and a client
//! that waits as long as `Retry-After` says finds room, if nobody else took it.
//!
//! [`QuotaFilter`] is pure: it looks at a request and answers with a decision. Its counts are in the
//! host's shared data, in a store of bounded size.
//!
//! ```
//! use filter_api::HttpFilter;
//! use filter_testing::Metrics;
//! use rate_limit_quota::QuotaFilter;
//!
//! let config = br#"{"quotas": [{
//!     "name": "ratings", "maxAmount": 500, "validDuration": "1s",
//!     "dimensions": {"source": "request.headers[\"x-app\"] | \"unknown\""},
//!     "overrides": [{"dimensions": {"source": "reviews"}, "maxAmount": 1}]
//! }]}"#;
//! let filter = QuotaFilter::configure(config, &mut Metrics::default())?;
//! assert_eq!(filter.summary(), "quotas: ratings (GCRA, \"ratings\";q=500;w=1)");
//! # Ok::<(), filter_api::ConfigError>(())
//! ```

mod algorithm;
pub mod config;
mod cost;
mod filter;
mod global;
mod hash;
mod key;
mod leases;
mod ledger;
mod overrides;
mod prepare;
mod reply;
mod returns;
mod secret;
mod settings;
mod stats;
mod store;
mod stream;
mod top;

pub use filter::QuotaFilter;
pub use stream::QuotaStream;

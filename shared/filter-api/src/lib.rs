//! The contract between a filter and whatever runs it.
//!
//! A filter is a pure value: [`HttpFilter::configure`] makes it from configuration text, and every
//! later call takes what it may look at (a borrowed view of the headers, an [`Environment`] for
//! time, randomness and process-wide state) and returns a [`Decision`]. Nothing in this crate, and
//! nothing in a filter built on it, knows a proxy: the one adapter that does is `filter-wasm`.
//!
//! Effects are values for three reasons: a test reads them without a mock, several filters can run
//! over one snapshot of the headers, and the adapter alone keeps the rules that keep Envoy alive.
//!
//! ```
//! use filter_api::{Decision, HeaderPairs, RequestHead, Verdict, encode_pairs};
//!
//! let bytes = encode_pairs([(":method", "GET"), ("x-user", "jason")]);
//! let request = RequestHead::new(HeaderPairs::parse(&bytes));
//! assert_eq!(request.headers().first(b"x-user"), Some(&b"jason"[..]));
//! assert!(matches!(Decision::pass().verdict, Verdict::Continue));
//! ```

mod body;
mod callbacks;
mod callout;
mod config_error;
mod decision;
mod environment;
mod filter;
mod filter_state_key;
mod head;
mod header_field;
mod local_reply;
mod pairs;
mod stats;

pub use body::{BodyChunk, BodyDecision, BodyVerdict};
pub use callbacks::Callbacks;
pub use callout::{Callout, CalloutResult, Cluster, InvalidCluster, RootDecision};
pub use config_error::ConfigError;
pub use decision::{
    Decision, Effect, Effects, FilterState, HeaderMutation, ResponseInterest, Side, Verdict,
};
pub use environment::{Cas, Environment, Permit, SharedDataError, UnixTime};
pub use filter::{FailureMode, HttpFilter};
pub use filter_state_key::{FilterStateKey, InvalidFilterStateKey};
pub use head::{RequestHead, ResponseHead};
pub use header_field::{HeaderName, HeaderValue, InvalidHeader};
pub use local_reply::{DEFAULT_CONTENT_TYPE, InvalidReply, LocalReply};
pub use pairs::{HeaderPairs, Pairs, Values, encode_pairs};
pub use stats::{Counter, Gauge, HOST_ERRORS, MetricRegistry, Stat, StatKind};

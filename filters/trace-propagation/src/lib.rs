//! Trace-header propagation for Envoy: one trace at every hop, whatever the application forwards.
//!
//! The promise: the first format in which a request says something valid is its context, and never
//! a mix of several; every other format is made to say the same; headers are written only where they
//! change. And a sidecar that sees both sides of an application gives back what that left out,
//! unless it is in doubt whose it is.
//!
//! [`TraceFilter`] is pure: it looks at a request and answers with a decision.
//!
//! ```
//! use filter_api::HttpFilter;
//! use filter_testing::Metrics;
//! use trace_propagation::TraceFilter;
//!
//! let config = br#"{"extract": ["tracecontext", "b3"], "inject": ["tracecontext", "b3multi"]}"#;
//! let filter = TraceFilter::configure(config, &mut Metrics::default())?;
//! assert_eq!(filter.summary(), "extract: tracecontext, b3; inject: tracecontext, b3multi");
//! # Ok::<(), filter_api::ConfigError>(())
//! ```

mod baggage;
mod base64;
pub mod config;
mod context;
mod correlate;
mod digits;
mod filter;
mod format;
mod generate;
mod headers;
mod settings;
mod stats;
mod stream;
mod tracer;
mod tracestate;

pub use filter::TraceFilter;
pub use stream::TraceStream;

//! Which requests a rule concerns.
//!
//! - [`RequestMatcher`]: Istio's `HTTPMatchRequest` list, compiled once, evaluated on bytes.
//! - [`StringMatcher`]: exact, prefix, suffix, contains, regex (full match).
//! - [`header_index`]: one pass over the headers for all rules of a filter.
//! - [`Enforcement`]: whether what a rule decides is carried out, or only counted.
//! - [`MatchResult`]: the answer of a match against attributes that may be missing.
//! - [`Selection`]: a percentage of the requests, at random or sticky by a key.
//! - [`weight`]: a share among others.
//!
//! Types whose names are Istio's ([`HttpMatchRequest`], [`StringMatch`], [`Percentage`]) are what
//! the user writes; the others are what is made of them when the configuration is loaded.
//!
//! ```
//! use filter_api::{HeaderPairs, RequestHead, encode_pairs};
//! use matchers::{HttpMatchRequest, RequestMatcher};
//!
//! let list: Vec<HttpMatchRequest> =
//!     serde_json::from_str(r#"[{"headers": {"end-user": {"exact": "jason"}}}]"#)?;
//! let matcher = RequestMatcher::from_wire(&list, "rules[0].match")?;
//!
//! let bytes = encode_pairs([(":path", "/"), ("end-user", "jason")]);
//! assert!(matcher.matches(&RequestHead::new(HeaderPairs::parse(&bytes))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod enforcement;
pub mod header_index;
mod percent;
mod request;
mod result;
mod selection;
pub mod sticky;
mod string;
mod weight;

pub use enforcement::{Enforcement, Mode};
pub use percent::FractionalPercent;
pub use request::{HttpMatchRequest, MatchTable, Matching, RequestMatcher};
pub use result::MatchResult;
pub use selection::{Percentage, Selection};
pub use string::{StringMatch, StringMatcher};
pub use weight::weight;

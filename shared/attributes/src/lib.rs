//! Attribute expressions: where a rule's value comes from.
//!
//! An expression is a list of terms separated by `|`; the first one that exists gives the value. It
//! reads the request's headers, cookies, query and pseudo-headers, and attributes of the host such
//! as `source.ip`; `"text"` is a default that always exists. An empty value that is present exists.
//!
//! ```
//! use attributes::Expression;
//!
//! let user = Expression::parse(r#"request.headers["end-user"] | request.cookies["session"] | source.ip"#)?;
//! assert!(user.needs_request_headers());
//!
//! let error = Expression::parse("request.heders[x]").unwrap_err();
//! assert!(error.starts_with("found `request.heders`, allowed is request.headers[..], "));
//! # Ok::<(), String>(())
//! ```

mod expression;
mod header_key;
mod host;
mod query;

pub use expression::Expression;
pub use header_key::{HeaderKey, InvalidHeaderKey};
pub use query::{percent_decode, query_values};

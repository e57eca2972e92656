//! Attribute expressions: where a rule's value comes from.
//!
//! An expression is a list of terms separated by `|`; the first one that exists gives the value. It
//! reads the request's headers, cookies, query and pseudo-headers, and attributes of the host such
//! as `source.ip`; `"text"` is a default that always exists. An empty value that is present exists.
//!
//! `README.md` lists them. Names are Istio's, and where it has none, Envoy's. What Envoy cannot tell a
//! module is no attribute: the address of the direct peer, and any SAN but the first URI SAN.
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

/// Where Envoy has the claims of a verified token.
macro_rules! payload {
    ($claim:literal) => {
        concat!("metadata filter_metadata envoy.filters.http.jwt_authn payload ", $claim)
    };
}

mod expression;
mod header_key;
mod host;
mod jwt;
mod query;
mod spiffe;

pub use expression::Expression;
pub use header_key::{HeaderKey, InvalidHeaderKey};
pub use jwt::request_principal;
pub use query::{percent_decode, query_values};
pub use spiffe::SpiffeId;

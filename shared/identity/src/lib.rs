//! Who calls.
//!
//! [`Source`] is Istio's `source`, which the user writes, [`SourceMatcher`] what is made of a list of
//! them, and [`Peer`] what Envoy tells about the caller of one request, asked for only when needed
//! and only once.
//!
//! What is not known is not guessed. An identity counts only if the certificate behind it was
//! validated; the address of the direct peer counts only if somebody who knows it tells. Otherwise
//! the answer is [`Missing`](matchers::MatchResult::Missing).
//!
//! - **Identity.** The first URI SAN of the peer's certificate, if `connection.peer_certificate_valid`
//!   says that it was validated. Envoy has that attribute from 1.39 on. On an older one every
//!   identity is missing, unless the operator asserts in [`Evidence`] that the listener refuses
//!   certificates that it cannot validate. The same goes for a TLS session that was resumed, of which
//!   Envoy says that the certificate was not validated (measured with 1.40.0; its own clients resume).
//!   Of several URI SANs Envoy tells a module the first; a
//!   SPIFFE certificate has just one (X509-SVID §2).
//! - **Direct peer.** Envoy gives a module only the client's address (`source.address`): what the
//!   connection manager made of `x-forwarded-for` and PROXY protocol, which anybody may have written
//!   unless the manager is told whom to trust. That is `remoteIpBlocks`. For `ipBlocks` put Envoy's
//!   own filter in front, which tells what the module cannot learn:
//!
//!   ```yaml
//!   - name: envoy.filters.http.set_filter_state
//!     typed_config:
//!       "@type": type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config
//!       on_request_headers:
//!       - object_key: ballast.direct_remote_address
//!         factory_key: envoy.string
//!         format_string: {text_format_source: {inline_string: "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"}}
//!   ```
//!
//!   or, where the connection manager takes no address from the request, say so in [`Evidence`].
//! - **Request principal.** Issuer and subject of a token that `jwt_authn` has verified.
//!
//! ```
//! use filter_testing::SimEnvironment;
//! use identity::{Evidence, Peer, SourceEntry, SourceMatcher};
//! use matchers::MatchResult;
//!
//! #[derive(serde::Deserialize)]
//! struct Rule {
//!     from: Vec<SourceEntry>,
//! }
//!
//! let rule: Rule = filter_config::load(br#"{"from": [{"source": {"namespaces": ["tutorial"]}}]}"#)?;
//! let matcher = SourceMatcher::from_wire(&rule.from, "rules[0].from")?;
//!
//! let mut env = SimEnvironment::seeded(0);
//! let mut set = |path: &str, value: &[u8]| env.properties.insert(path.to_owned(), value.to_vec());
//! set("connection.peer_certificate_valid", &[1]);
//! set("connection.uri_san_peer_certificate", b"spiffe://cluster.local/ns/tutorial/sa/customer");
//! assert_eq!(matcher.matches(&mut Peer::new(Evidence::default()), &mut env), MatchResult::Match);
//! # Ok::<(), filter_api::ConfigError>(())
//! ```

mod config;
mod peer;
mod source;
mod text;

pub use config::{Evidence, Source, SourceEntry};
pub use peer::Peer;
pub use source::SourceMatcher;

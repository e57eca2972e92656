//! Local replies that a user writes.
//!
//! [`Reply`] is what the user writes, [`ReplyChoice`] what is made of it when the configuration is
//! loaded: complete replies, among which a request's kind chooses. [`ReplyTemplate`] is for replies
//! of which something is known only when they are sent.
//!
//! ```
//! use filter_api::{HeaderPairs, RequestHead, encode_pairs};
//! use replies::{Reply, ReplyChoice, ReplyDefaults, ReplyTemplate};
//!
//! let template = ReplyTemplate {
//!     details: "acl.rule-1.denied".to_owned(),
//!     body: b"RBAC: access denied".to_vec(),
//!     headers: Vec::new(),
//! };
//! let defaults = ReplyDefaults { status: 403, grpc_status: Some(7), template };
//!
//! let wire: Reply = filter_config::load(br#"{"status": 404, "problem": {"title": "Not here"}}"#)?;
//! let choice = ReplyChoice::from_wire(&wire, &defaults, "rules[0].reply")?;
//!
//! let reply = choice.choose(&RequestHead::default());
//! assert_eq!(reply.body(), br#"{"title":"Not here","status":404,"detail":"RBAC: access denied"}"#);
//! # Ok::<(), filter_api::ConfigError>(())
//! ```

mod choice;
mod grpc_status;
mod problem;
mod reply;
mod template;

pub use choice::{ReplyChoice, ReplyDefaults};
pub use grpc_status::GrpcStatus;
pub use reply::{Problem, Reply};
pub use template::{ReplyError, ReplyTemplate};

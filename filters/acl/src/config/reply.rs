//! The wire form of a refusal's answer.

use filter_config::wire::{Duration, Map, UInt};
use replies::{GrpcStatus, Problem};
use serde::Deserialize;

/// How a request is refused.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// The HTTP status, 200 to 599. Default 403.
    pub status: Option<UInt>,
    /// The body; on gRPC its `grpc-message`.
    pub body: Option<String>,
    /// Headers of the answer; `content-type` of the body is `text/plain` unless it is one of them.
    pub headers: Option<Map<String>>,
    /// The status that a gRPC client is given. Default `PERMISSION_DENIED`.
    pub grpc_status: Option<GrpcStatus>,
    /// The answer as `application/problem+json` (RFC 9457): to every HTTP client, or, beside a `body`,
    /// to those that accept JSON.
    pub problem: Option<Problem>,
    /// `true` resets the stream: RST_STREAM on HTTP/2, on HTTP/1 a connection closed without an
    /// answer, after the connection manager's `delayed_close_timeout`. Only beside `tarpit`.
    pub reset: Option<bool>,
    /// Holds the request this long before it is answered or reset, 1 ms to 60 s.
    pub tarpit: Option<Duration>,
}

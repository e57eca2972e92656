//! What the user writes.

use crate::GrpcStatus;
use filter_config::wire::{Map, UInt};
use serde::Deserialize;

/// An answer in the upstream's stead. What is left out is the filter's own.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Reply {
    /// The HTTP status, 200 to 599. A gRPC client is given HTTP 200 and a gRPC status.
    pub status: Option<UInt>,
    /// The body, `text/plain` unless `headers` say otherwise; on gRPC its `grpc-message`.
    pub body: Option<String>,
    /// Headers of the answer.
    pub headers: Option<Map<String>>,
    /// The gRPC status for a gRPC client, 0 to 16 or its name.
    pub grpc_status: Option<GrpcStatus>,
    /// The answer as `application/problem+json`. Beside `body`, a client is given it whose `accept`
    /// names `application/problem+json` or `application/json`, and any other client the body.
    /// Without `body` every client is given it. A gRPC client never is.
    pub problem: Option<Problem>,
}

/// Problem details (RFC 9457). Its `status` is that of the answer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Problem {
    /// A URI reference that identifies the type of the problem. Default: none, which means
    /// `about:blank`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The type of the problem, for people.
    pub title: Option<String>,
    /// This occurrence of the problem, for people. Default: the filter's own text.
    pub detail: Option<String>,
}

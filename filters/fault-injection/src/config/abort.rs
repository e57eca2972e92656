//! The wire form of an abort.

use filter_config::wire::{EmptyObject, Map, UInt};
use matchers::Percentage;
use replies::GrpcStatus;
use serde::Deserialize;

/// An answer in the upstream's stead. Exactly one of `httpStatus`, `grpcStatus`, `reset` and
/// `headerAbort`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Abort {
    /// Which share of the requests. Required, but in `outcomes`, where it is refused.
    pub percentage: Option<Percentage>,
    /// Istio's older spelling of `percentage`: a whole number, 0 to 100.
    pub percent: Option<UInt>,
    /// The HTTP status, 200 to 599. A gRPC client is given the gRPC status that Envoy derives of it.
    pub http_status: Option<UInt>,
    /// The gRPC status. A client that does not speak gRPC is given HTTP 200 and the body, as by
    /// Envoy's own filter.
    pub grpc_status: Option<GrpcStatus>,
    /// `true` resets the stream: RST_STREAM on HTTP/2, on HTTP/1 a connection closed without an
    /// answer, after the connection manager's `delayed_close_timeout`.
    pub reset: Option<bool>,
    /// The status that the request's header `x-envoy-fault-abort-request`, or else
    /// `x-envoy-fault-abort-grpc-request`, asks for. Without this field the headers have no effect.
    pub header_abort: Option<EmptyObject>,
    /// The answer's body; on gRPC its `grpc-message`. Default `fault filter abort`. Not with `reset`.
    pub body: Option<String>,
    /// Headers of the answer. Not with `reset`.
    pub headers: Option<Map<String>>,
}

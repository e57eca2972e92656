//! Calls that the module makes to other services; the test answers them.

use crate::{bytes::proto_fields, header_map::Pairs};

/// An HTTP call under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpCall {
    /// The module's name for the call.
    pub token: u32,
    /// The root context that gets the answer.
    pub root: u32,
    /// The cluster called.
    pub cluster: String,
    /// Request headers.
    pub headers: Pairs,
    /// Request body.
    pub body: Vec<u8>,
    /// Request trailers.
    pub trailers: Pairs,
    /// When it times out, nanoseconds since the epoch; `None` for a timeout of 0.
    pub deadline: Option<u64>,
}

/// Unary or streaming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrpcKind {
    /// `proxy_grpc_call`.
    Call,
    /// `proxy_grpc_stream`.
    Stream,
}

/// A gRPC call or stream under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrpcCall {
    /// The module's name for the call: from one sequence for calls and one for streams.
    pub token: u32,
    /// Unary or streaming.
    pub kind: GrpcKind,
    /// The root context that gets the answers.
    pub root: u32,
    /// The cluster called.
    pub cluster: String,
    /// The gRPC service's full name.
    pub service: String,
    /// The method.
    pub method: String,
    /// Initial metadata sent.
    pub metadata: Pairs,
    /// Messages sent so far: one for a call.
    pub messages: Vec<Vec<u8>>,
    /// The module has closed its side.
    pub local_closed: bool,
    /// When it times out, nanoseconds since the epoch; `None` for streams and for a timeout of 0, which only a server
    /// that honours `grpc-timeout` ends (with status 4).
    pub deadline: Option<u64>,
}

/// What the bytes that name a gRPC service mean to Envoy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum GrpcTarget {
    /// A cluster, known or not.
    Cluster(String),
    /// Neither a known cluster's name nor a message.
    Garbage,
    /// A `GrpcService` message without a target.
    Missing,
}

impl GrpcTarget {
    /// Reads a service: the name of a known cluster, or an `envoy.config.core.v3.GrpcService` message.
    pub(crate) fn parse(service: &[u8], is_cluster: impl Fn(&str) -> bool) -> Self {
        if let Ok(name) = std::str::from_utf8(service)
            && is_cluster(name)
        {
            return Self::Cluster(name.to_owned());
        }
        let Some(fields) = proto_fields(service) else { return Self::Garbage };
        let target = fields.into_iter().find(|(field, _)| matches!(field, 1 | 2));
        let Some((_, crate::bytes::ProtoValue::Bytes(target))) = target else {
            return Self::Missing;
        };
        // EnvoyGrpc.cluster_name and GoogleGrpc.target_uri are both field 1.
        let name =
            proto_fields(target).unwrap_or_default().into_iter().find_map(|field| match field {
                (1, crate::bytes::ProtoValue::Bytes(name)) => {
                    Some(String::from_utf8_lossy(name).into_owned())
                }
                _ => None,
            });
        Self::Cluster(name.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_a_cluster_a_message_or_garbage() {
        let known = |name: &str| name == "up";
        assert_eq!(GrpcTarget::parse(b"up", known), GrpcTarget::Cluster("up".to_owned()));
        assert_eq!(
            GrpcTarget::parse(b"\x0a\x04\x0a\x02up", known),
            GrpcTarget::Cluster("up".to_owned())
        );
        assert_eq!(GrpcTarget::parse(b"nope", known), GrpcTarget::Garbage);
        assert_eq!(GrpcTarget::parse(b"", known), GrpcTarget::Missing);
        assert_eq!(GrpcTarget::parse(b"\x1a\x02\x08\x01", known), GrpcTarget::Missing);
    }
}

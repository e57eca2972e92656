//! What a request is answered with in the upstream's stead.

use crate::header_control::{self, RequestedAbort};
use filter_api::{LocalReply, RequestHead};
use replies::{ReplyError, ReplyTemplate};
use std::rc::Rc;

#[cfg(test)]
mod tests;

/// What is done to a request that is aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AbortAction {
    /// Answer it.
    Reply(Rc<LocalReply>),
    /// Reset its stream.
    Reset,
}

/// Where the answer comes from.
#[derive(Clone, Debug)]
pub(crate) enum AbortSource {
    /// From the request's headers.
    Header(ReplyTemplate),
    /// Always the same.
    Reply(Rc<LocalReply>),
    /// None: the stream is reset.
    Reset,
    /// A gRPC status the host would drop; only a gRPC client is told it, as by Envoy's own filter.
    UnknownGrpc { grpc: Rc<LocalReply>, other: Rc<LocalReply> },
}

// === impl AbortSource ===

impl AbortSource {
    /// The source of a fixed gRPC status.
    ///
    /// # Errors
    /// [`ReplyError`] for what could not be sent.
    pub(crate) fn grpc(template: &ReplyTemplate, code: u32) -> Result<Self, ReplyError> {
        let grpc = Rc::new(template.grpc(code, true)?);
        if grpc.grpc_status().is_some() {
            return Ok(Self::Reply(grpc));
        }
        Ok(Self::UnknownGrpc { grpc, other: Rc::new(template.grpc(code, false)?) })
    }

    /// What to do to this request; `None` where its headers ask for nothing.
    pub(crate) fn choose(&self, request: &RequestHead<'_>) -> Option<AbortAction> {
        match self {
            Self::Header(template) => {
                let reply = match header_control::abort(request)? {
                    RequestedAbort::Grpc(code) => template.grpc(code, request.is_grpc()),
                    RequestedAbort::Http(status) => template.http(status),
                };
                // The status was checked when it was read.
                reply.ok().map(|reply| AbortAction::Reply(Rc::new(reply)))
            }
            Self::Reply(reply) => Some(AbortAction::Reply(Rc::clone(reply))),
            Self::Reset => Some(AbortAction::Reset),
            Self::UnknownGrpc { grpc, other } => {
                let reply = if request.is_grpc() { grpc } else { other };
                Some(AbortAction::Reply(Rc::clone(reply)))
            }
        }
    }

    /// Whether the choice looks at the request.
    pub(crate) fn needs_request_headers(&self) -> bool {
        matches!(self, Self::Header(_) | Self::UnknownGrpc { .. })
    }
}

//! What a request is answered with in the upstream's stead.

use crate::header_control::{self, RequestedAbort};
use filter_api::{HeaderName, HeaderValue, InvalidHeader, InvalidReply, LocalReply, RequestHead};
use std::fmt;
use std::rc::Rc;

#[cfg(test)]
mod tests;

/// The greatest gRPC status the host sends by itself.
const KNOWN_GRPC_STATUS: u32 = 16;

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

/// Everything of an answer but its status.
#[derive(Clone, Debug)]
pub(crate) struct ReplyTemplate {
    /// The details for the access log.
    pub(crate) details: String,
    /// The body, and gRPC's message.
    pub(crate) body: Vec<u8>,
    /// Further headers.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// Why a reply cannot be made. None of it happens with statuses and names that were checked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ReplyError {
    Header(InvalidHeader),
    Status(InvalidReply),
}

// === impl AbortSource ===

impl AbortSource {
    /// The source of a fixed gRPC status.
    ///
    /// # Errors
    /// [`ReplyError`] for what could not be sent.
    pub(crate) fn grpc(template: &ReplyTemplate, code: u32) -> Result<Self, ReplyError> {
        let grpc = Rc::new(template.grpc(code, true)?);
        if code <= KNOWN_GRPC_STATUS {
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

// === impl ReplyTemplate ===

impl ReplyTemplate {
    /// An answer with an HTTP status.
    ///
    /// # Errors
    /// [`ReplyError`] for a status outside 200–599.
    pub(crate) fn http(&self, status: u16) -> Result<LocalReply, ReplyError> {
        let reply = LocalReply::new(status, &self.details).map_err(ReplyError::Status)?;
        let headers = self.headers.iter().cloned();
        Ok(headers.fold(reply.with_body(self.body.clone()), |reply, (name, value)| {
            reply.with_header(name, value)
        }))
    }

    /// An answer with a gRPC status. The host drops one above 16; a gRPC client is told it by an
    /// explicit header.
    fn grpc(&self, code: u32, to_grpc: bool) -> Result<LocalReply, ReplyError> {
        let reply = self.http(200)?;
        match u8::try_from(code) {
            Ok(known) if code <= KNOWN_GRPC_STATUS => Ok(reply.with_grpc_status(known)),
            _ if to_grpc => {
                let name = |name| HeaderName::new(name).map_err(ReplyError::Header);
                let value = |value: &str| HeaderValue::new(value).map_err(ReplyError::Header);
                Ok(reply
                    .with_header(name("grpc-status")?, value(&code.to_string())?)
                    .with_header(name("content-type")?, value("application/grpc")?))
            }
            _ => Ok(reply),
        }
    }
}

// === impl ReplyError ===

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => error.fmt(f),
            Self::Status(error) => error.fmt(f),
        }
    }
}

//! Everything of a reply but its status.

use filter_api::{HeaderName, HeaderValue, InvalidHeader, InvalidReply, LocalReply};
use std::fmt;

/// The greatest gRPC status the host sends by itself.
const KNOWN_GRPC_STATUS: u32 = 16;

/// Everything of an answer but its status.
#[derive(Clone, Debug)]
pub struct ReplyTemplate {
    /// The details for the access log.
    pub details: String,
    /// The body, and gRPC's message.
    pub body: Vec<u8>,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// Why a reply cannot be made. None of it happens with statuses and names that were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// A header that could not be sent.
    Header(InvalidHeader),
    /// A status that could not be sent.
    Status(InvalidReply),
}

// === impl ReplyTemplate ===

impl ReplyTemplate {
    /// An answer with an HTTP status.
    ///
    /// # Errors
    /// [`ReplyError`] for a status outside 200–599.
    pub fn http(&self, status: u16) -> Result<LocalReply, ReplyError> {
        let reply = LocalReply::new(status, &self.details).map_err(ReplyError::Status)?;
        let headers = self.headers.iter().cloned();
        Ok(headers.fold(reply.with_body(self.body.clone()), |reply, (name, value)| {
            reply.with_header(name, value)
        }))
    }

    /// An answer with HTTP 200 and a gRPC status. The host drops one above 16: such a reply has no
    /// [`grpc_status`](LocalReply::grpc_status), and a gRPC client (`to_grpc`) is told it by an
    /// explicit header.
    ///
    /// # Errors
    /// [`ReplyError`], which no status can cause.
    pub fn grpc(&self, code: u32, to_grpc: bool) -> Result<LocalReply, ReplyError> {
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

impl std::error::Error for ReplyError {}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn template() -> ReplyTemplate {
        ReplyTemplate {
            details: "fault_injection.r.abort".to_owned(),
            body: b"fault filter abort".to_vec(),
            headers: vec![(HeaderName::new("x-a").unwrap(), HeaderValue::new("1").unwrap())],
        }
    }

    fn header<'a>(reply: &'a LocalReply, name: &str) -> Option<&'a [u8]> {
        let found = reply.headers().iter().find(|(other, _)| other.as_bytes() == name.as_bytes());
        found.map(|(_, value)| value.as_bytes())
    }

    #[test]
    fn a_reply_has_status_body_headers_and_details() {
        let reply = template().http(503).unwrap();
        assert_eq!((reply.status(), reply.grpc_status()), (503, None));
        assert_eq!(reply.body(), b"fault filter abort");
        assert_eq!(reply.details(), "fault_injection.r.abort");
        assert_eq!(header(&reply, "x-a"), Some(&b"1"[..]));
        let error = template().http(600).unwrap_err();
        assert_eq!(error.to_string(), "HTTP status 600 is outside 200 to 599");
    }

    #[test]
    fn a_known_grpc_status_is_the_hosts_to_send() {
        for (code, to_grpc) in [(0, false), (14, true), (16, false)] {
            let reply = template().grpc(code, to_grpc).unwrap();
            assert_eq!((reply.status(), reply.grpc_status().map(u32::from)), (200, Some(code)));
            assert_eq!(header(&reply, "grpc-status"), None);
        }
    }

    #[test]
    fn an_unknown_grpc_status_is_told_to_grpc_clients_alone() {
        let to_grpc = template().grpc(u32::MAX, true).unwrap();
        assert_eq!((to_grpc.status(), to_grpc.grpc_status()), (200, None));
        assert_eq!(header(&to_grpc, "grpc-status"), Some(&b"4294967295"[..]));
        assert_eq!(header(&to_grpc, "content-type"), Some(&b"application/grpc"[..]));
        let other = template().grpc(17, false).unwrap();
        assert_eq!((header(&other, "grpc-status"), header(&other, "content-type")), (None, None));
    }
}

//! The answer a filter gives instead of the upstream.

use crate::{HeaderName, HeaderValue, encode_pairs};
use std::fmt;

/// The content type of a local reply's body where the user names none, as Envoy's.
pub const DEFAULT_CONTENT_TYPE: &str = "text/plain";

/// A local reply, complete and checked when the configuration is loaded, sent as it is later.
///
/// Its status is within 200–599, its headers can neither split the response nor contradict its
/// framing, and its details string is one token that names filter and rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalReply {
    status: u16,
    grpc_status: Option<u8>,
    details: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    encoded_headers: Vec<u8>,
    body: Vec<u8>,
}

/// A status no local reply may have; Envoy itself would send it unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidReply {
    /// The refused HTTP status.
    pub status: u16,
}

impl LocalReply {
    /// A reply without body and headers. `details` appears as `%RESPONSE_CODE_DETAILS%`; anything
    /// but visible ASCII in it becomes `_`.
    ///
    /// # Errors
    /// [`InvalidReply`] for a status outside 200–599.
    pub fn new(status: u16, details: &str) -> Result<Self, InvalidReply> {
        if !(200..=599).contains(&status) {
            return Err(InvalidReply { status });
        }
        let details = if details.bytes().all(|byte| byte.is_ascii_graphic()) {
            details.to_owned()
        } else {
            details.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).collect()
        };
        let encoded_headers = encode_pairs::<&str, &str>([]);
        Ok(Self {
            status,
            grpc_status: None,
            details,
            headers: Vec::new(),
            encoded_headers,
            body: Vec::new(),
        })
    }

    /// Gives the reply a body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Adds a header; a name may repeat.
    #[must_use]
    pub fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        self.with_headers([(name, value)])
    }

    /// Adds headers, of which all are serialised once.
    #[must_use]
    pub fn with_headers(
        mut self,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Self {
        self.headers.extend(headers);
        let pairs = self.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        self.encoded_headers = encode_pairs(pairs);
        self
    }

    /// The `grpc-status` a gRPC client is given (0–16, RFC of gRPC; greater ones the host drops).
    /// Without it Envoy derives one from the HTTP status.
    #[must_use]
    pub fn with_grpc_status(mut self, grpc_status: u8) -> Self {
        self.grpc_status = (grpc_status <= 16).then_some(grpc_status);
        self
    }

    /// HTTP status, 200–599.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The explicit gRPC status, 0–16.
    #[must_use]
    pub fn grpc_status(&self) -> Option<u8> {
        self.grpc_status
    }

    /// The details string.
    #[must_use]
    pub fn details(&self) -> &str {
        &self.details
    }

    /// The headers, in the order in which they were added.
    #[must_use]
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The headers in the host's serialisation.
    #[must_use]
    pub fn encoded_headers(&self) -> &[u8] {
        &self.encoded_headers
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Display for InvalidReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP status {} is outside 200 to 599", self.status)
    }
}

impl std::error::Error for InvalidReply {}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn only_final_statuses_are_admitted() {
        for (status, admitted) in [(199, false), (200, true), (599, true), (600, false), (0, false)]
        {
            assert_eq!(LocalReply::new(status, "d").is_ok(), admitted, "{status}");
        }
    }

    #[test]
    fn details_are_one_token() {
        assert_eq!(LocalReply::new(503, "a b\r\né").unwrap().details(), "a_b___");
    }

    #[test]
    fn a_grpc_status_the_host_would_drop_is_dropped_here() {
        let reply = LocalReply::new(200, "d").unwrap();
        assert_eq!(reply.clone().with_grpc_status(16).grpc_status(), Some(16));
        assert_eq!(reply.with_grpc_status(17).grpc_status(), None);
    }
}

//! One request and what became of it, for any executor.

use crate::{Request, Upstream};
use filter_api::{LocalReply, encode_pairs};
use std::collections::BTreeMap;
use std::time::Duration;

/// A request with the answer its upstream would give.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The request's headers, pseudo-headers first, as Envoy shows them to a filter.
    pub request: Vec<(Vec<u8>, Vec<u8>)>,
    /// What the upstream answers.
    pub upstream: Upstream,
    /// Attributes of the host, by their path joined with dots.
    pub properties: Vec<(String, Vec<u8>)>,
    /// When the client goes away.
    pub leaves_after: Option<Duration>,
}

/// What was seen of an exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The downstream's status; `None` where it was given no answer.
    pub status: Option<u16>,
    /// The downstream's headers, without `:status`.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The downstream's body.
    pub body: Vec<u8>,
    /// `%RESPONSE_CODE_DETAILS%`.
    pub details: String,
    /// Whether the stream was reset.
    pub reset: bool,
    /// Whether the upstream was given the request.
    pub upstream_called: bool,
    /// The headers the upstream was given.
    pub upstream_headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The filter state of the filter's name, empty where there is none.
    pub filter_state: String,
    /// Filter state of other keys, as far as the executor sees it.
    pub filter_states: BTreeMap<String, String>,
    /// From the request to the end.
    pub elapsed: Duration,
}

impl Exchange {
    /// Repetition `n` of a case's request.
    #[must_use]
    pub fn new(request: &Request, n: u32, upstream: &Upstream) -> Self {
        let pseudo = [
            (":authority", &request.authority),
            (":path", &request.path),
            (":method", &request.method),
            (":scheme", &"http".to_owned()),
        ]
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        let mut headers = pseudo.to_vec();
        for (name, value) in &request.headers {
            headers.push((name.to_ascii_lowercase().into_bytes(), value.bytes(n)));
        }
        if request.grpc {
            headers.push((b"content-type".to_vec(), b"application/grpc".to_vec()));
        }
        Self {
            request: headers,
            upstream: upstream.clone(),
            properties: request
                .properties
                .iter()
                .map(|(path, value)| (path.clone(), value.bytes(n)))
                .collect(),
            leaves_after: request.leaves_after_ms.map(Duration::from_millis),
        }
    }

    /// The request's headers in the host's serialisation.
    #[must_use]
    pub fn encoded_request(&self) -> Vec<u8> {
        encode_pairs(self.request.iter().map(|(name, value)| (name, value)))
    }
}

impl Observed {
    /// Takes over a local reply as Envoy sends it: to a gRPC client as headers alone.
    pub(crate) fn replied(&mut self, reply: &LocalReply, to_grpc: bool) {
        let own = reply.headers().iter();
        self.headers = own
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect();
        reply.details().clone_into(&mut self.details);
        if to_grpc {
            self.status = Some(200);
            self.body.clear();
            self.set_if_absent("grpc-status", &grpc_status(reply).to_string());
            if !reply.body().is_empty() {
                self.set_if_absent("grpc-message", &String::from_utf8_lossy(reply.body()));
            }
            self.headers.retain(|(name, _)| name != b"content-type");
            self.set_if_absent("content-type", "application/grpc");
        } else {
            self.status = Some(reply.status());
            self.body = reply.body().to_vec();
            if !reply.body().is_empty() {
                self.set_if_absent("content-type", "text/plain");
            }
            self.set_if_absent("content-length", &reply.body().len().to_string());
        }
    }

    fn set_if_absent(&mut self, name: &str, value: &str) {
        if joined(&self.headers, name).is_none() {
            self.headers.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        }
    }
}

/// All values of a header, joined with `,`; `None` where it is absent.
pub(crate) fn joined(headers: &[(Vec<u8>, Vec<u8>)], name: &str) -> Option<Vec<u8>> {
    let values: Vec<&[u8]> = headers
        .iter()
        .filter(|(other, _)| other == name.as_bytes())
        .map(|(_, value)| value.as_slice())
        .collect();
    (!values.is_empty()).then(|| values.join(&b','))
}

/// Envoy's `Grpc::Utility::httpToGrpcStatus`, where the reply has no status of its own.
fn grpc_status(reply: &LocalReply) -> u8 {
    reply.grpc_status().unwrap_or(match reply.status() {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    })
}

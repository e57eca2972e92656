//! Work outside any stream: timers of the plugin, HTTP and gRPC calls to clusters.

use crate::{Effects, HeaderName, HeaderValue};
use std::fmt;
use std::time::Duration;

/// The name of an Envoy cluster. Never empty: a gRPC call to an empty name ends the whole Envoy
/// process, so the name is checked when the configuration is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster(String);

/// A cluster name that was empty or held control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCluster;

impl Cluster {
    /// Checks `name`.
    ///
    /// # Errors
    /// [`InvalidCluster`] where it is empty, or holds anything but visible ASCII.
    pub fn new(name: &str) -> Result<Self, InvalidCluster> {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidCluster);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The cluster as a serialised `envoy.config.core.v3.GrpcService { envoy_grpc { cluster_name } }`,
    /// the only form in which a gRPC call may name it.
    ///
    /// The host takes the bare name as well, but only while such a cluster exists. Otherwise it reads
    /// the name's bytes as a `GrpcService`, and where they happen to be one (`users` and `80` are),
    /// it has no target, which ends the whole Envoy process.
    #[must_use]
    pub fn grpc_service(&self) -> Vec<u8> {
        let envoy_grpc = field_1(self.0.as_bytes());
        field_1(&envoy_grpc)
    }
}

/// Protobuf's field 1 with these bytes.
fn field_1(bytes: &[u8]) -> Vec<u8> {
    const FIELD_1_BYTES: u8 = 1 << 3 | 2;
    let mut encoded = vec![FIELD_1_BYTES];
    let mut length = bytes.len();
    // A varint: seven bits a byte, the lowest first, the high bit for all but the last.
    while let (rest @ 1.., low) = (length >> 7, (length & 0x7f) as u8) {
        encoded.push(low | 0x80);
        length = rest;
    }
    encoded.push((length & 0x7f) as u8);
    encoded.extend_from_slice(bytes);
    encoded
}

impl fmt::Display for InvalidCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a cluster name (one or more visible ASCII characters)")
    }
}

impl std::error::Error for InvalidCluster {}

/// A call to a cluster, answered through [`HttpFilter::on_callout`](crate::HttpFilter::on_callout).
#[derive(Clone, Debug)]
pub enum Callout {
    /// A unary gRPC call.
    Grpc {
        /// The filter's own mark, given back with the result.
        tag: u32,
        /// Where to.
        cluster: Cluster,
        /// Fully qualified service name, e.g. `envoy.service.ratelimit.v3.RateLimitService`.
        service: String,
        /// Method name.
        method: String,
        /// The serialised request message.
        message: Vec<u8>,
        /// At least 1 ms: the host fails a call with 0 at once.
        timeout: Duration,
    },
    /// An HTTP GET.
    HttpGet {
        /// The filter's own mark, given back with the result.
        tag: u32,
        /// Where to.
        cluster: Cluster,
        /// `:authority`.
        authority: String,
        /// `:path`.
        path: String,
        /// Further headers.
        headers: Vec<(HeaderName, HeaderValue)>,
        /// At least 1 ms.
        timeout: Duration,
        /// The greatest body that is read, in bytes. A cluster may send any amount, a module has room
        /// for some.
        max_body_size: usize,
    },
}

/// The end of a [`Callout`].
#[derive(Clone, Copy, Debug)]
pub struct CalloutResult<'a> {
    /// The mark given with the call.
    pub tag: u32,
    /// The HTTP status, the gRPC status + 0, or `None` where no answer came (refused, timed out).
    pub status: Option<u32>,
    /// The answer's headers (HTTP only).
    pub headers: crate::HeaderPairs<'a>,
    /// The body or the gRPC message.
    pub body: &'a [u8],
    /// There was a body, greater than `max_body_size`: it was not read.
    pub is_body_too_large: bool,
}

impl CalloutResult<'_> {
    /// The end of a call to which no answer came.
    #[must_use]
    pub fn unanswered(tag: u32) -> Self {
        let headers = crate::HeaderPairs::default();
        Self { tag, status: None, headers, body: &[], is_body_too_large: false }
    }
}

/// What a filter wants done outside any stream.
#[derive(Debug, Default)]
#[must_use]
pub struct RootDecision {
    /// Ask again ([`HttpFilter::on_root_deadline`](crate::HttpFilter::on_root_deadline)) after this.
    pub wake_after: Option<Duration>,
    /// Calls to make.
    pub callouts: Vec<Callout>,
    /// Counters and permits; header changes and filter state have no stream here and are ignored.
    pub effects: Effects,
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_empty_or_unprintable_name_is_no_cluster() {
        for name in ["", " ", "a b", "a\nb", "\0", "\u{e9}"] {
            assert_eq!(Cluster::new(name), Err(InvalidCluster), "{name:?}");
        }
        assert_eq!(Cluster::new("outbound|80||a.b").unwrap().as_str(), "outbound|80||a.b");
    }

    #[test]
    fn a_grpc_call_names_its_cluster_in_a_message() {
        assert_eq!(Cluster::new("users").unwrap().grpc_service(), b"\x0a\x07\x0a\x05users");
        for length in [125, 126, 127, 128, 300, 20_000] {
            let name = "c".repeat(length);
            let service = Cluster::new(&name).unwrap().grpc_service();
            let (outer, head) = length_after_tag(&service);
            assert_eq!(outer, service.len() - head);
            let (inner, inner_head) = length_after_tag(&service[head..]);
            assert_eq!((inner, &service[head + inner_head..]), (length, name.as_bytes()));
        }
    }

    /// The length that follows a tag, and how many bytes both take.
    fn length_after_tag(bytes: &[u8]) -> (usize, usize) {
        let varint = bytes[1..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
        let digits = bytes[1..=varint].iter().rev();
        let length = digits.fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
        (length, 1 + varint)
    }
}

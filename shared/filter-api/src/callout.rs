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
    /// [`InvalidCluster`] where it is empty, blank, or holds anything but visible ASCII. (The host
    /// reads bytes that happen to parse as a `GrpcService` message as one; visible ASCII that does
    /// so is refused too.)
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

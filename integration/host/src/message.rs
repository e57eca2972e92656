//! What goes in and out of the host: requests, responses and what became of them.

use crate::header_map::{HeaderMap, MapKind, Pairs};

/// A request as the client sends it: headers in arrival order, body in chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Headers including pseudo headers, `:authority`, `:path`, `:method`, `:scheme`.
    pub headers: Pairs,
    /// Body chunks; none: the headers end the stream.
    pub body: Vec<Vec<u8>>,
    /// Trailers.
    pub trailers: Option<Pairs>,
    /// Attributes of this stream by dotted path, for example `source.address`; they replace the host's own.
    pub attributes: Vec<(String, Vec<u8>)>,
}

impl Request {
    /// A request to `test.example` with the four pseudo headers.
    pub fn new(method: &str, path: &str) -> Self {
        Self::default()
            .header(":authority", "test.example")
            .header(":path", path)
            .header(":method", method)
            .header(":scheme", "http")
    }

    /// A GET without body.
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// A POST with a body in one chunk.
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", path).body(body)
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// Sets an attribute of this stream: what `proxy_get_property` answers for the path, serialised as Envoy does.
    #[must_use]
    pub fn attribute(mut self, path: &str, value: impl Into<Vec<u8>>) -> Self {
        self.attributes.push((path.to_owned(), value.into()));
        self
    }

    /// Adds a body chunk.
    #[must_use]
    pub fn body(mut self, chunk: impl Into<Vec<u8>>) -> Self {
        self.body.push(chunk.into());
        self
    }

    /// Adds a trailer.
    #[must_use]
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.trailers
            .get_or_insert_default()
            .push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }
}

/// A response as the upstream sends it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Headers including `:status`.
    pub headers: Pairs,
    /// Body chunks; none: the headers end the stream.
    pub body: Vec<Vec<u8>>,
    /// Trailers.
    pub trailers: Option<Pairs>,
}

impl Response {
    /// A response with this status and nothing else.
    pub fn new(status: u16) -> Self {
        Self::default().header(":status", status.to_string())
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// Adds a body chunk.
    #[must_use]
    pub fn body(mut self, chunk: impl Into<Vec<u8>>) -> Self {
        self.body.push(chunk.into());
        self
    }

    /// Adds a trailer.
    #[must_use]
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.trailers
            .get_or_insert_default()
            .push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }
}

/// What passed the filter in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Headers as they left the filter.
    pub headers: HeaderMap,
    /// Body bytes that passed so far.
    pub body: Vec<u8>,
    /// When each piece of the body passed, nanoseconds since the epoch, and its length in bytes.
    pub chunks: Vec<(u64, usize)>,
    /// Trailers, if any.
    pub trailers: Option<HeaderMap>,
    /// The end of the stream passed.
    pub complete: bool,
    /// When the headers passed, nanoseconds since the epoch.
    pub headers_at: u64,
}

impl Message {
    pub(crate) fn new(headers: HeaderMap, complete: bool, headers_at: u64) -> Self {
        Self { headers, body: Vec::new(), chunks: Vec::new(), trailers: None, complete, headers_at }
    }

    /// The first value of a header.
    pub fn header(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        self.headers.get(name.as_ref())
    }

    /// `:status` as a number, `None` where there is none.
    pub fn status(&self) -> Option<u16> {
        std::str::from_utf8(self.headers.get(b":status")?).ok()?.parse().ok()
    }

    pub(crate) fn map(kind: MapKind, pairs: &Pairs) -> HeaderMap {
        HeaderMap::from_pairs(kind, pairs.iter().map(|(name, value)| (name, value)))
    }
}

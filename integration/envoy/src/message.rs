//! What a client sends and sees, the same for HTTP/1.1 and HTTP/2.

use std::time::Duration;

/// Header or trailer lines in the order of the wire; names and values are bytes, as Envoy has them.
pub type Headers = Vec<(Vec<u8>, Vec<u8>)>;

/// The first value of the header `name`, compared without regard to case.
#[must_use]
pub fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a [u8]> {
    headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, value)| value.as_slice())
}

/// A body and how it is framed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// No body and no framing header.
    #[default]
    None,
    /// `content-length` on HTTP/1.1, one DATA frame on HTTP/2.
    Length(Vec<u8>),
    /// One chunk (HTTP/1.1) or DATA frame (HTTP/2) for each element, then the trailers.
    Chunked(Vec<Vec<u8>>, Headers),
}

/// A request to send.
///
/// Nothing is checked or added but `host` (or `:authority`) and the framing of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, by default `GET`.
    pub method: Vec<u8>,
    /// The path with its query.
    pub path: Vec<u8>,
    /// `host` on HTTP/1.1, `:authority` on HTTP/2.
    pub authority: Vec<u8>,
    /// Further header lines.
    pub headers: Headers,
    /// The body.
    pub body: Body,
}

impl Request {
    /// `GET path` for the host `test.example`.
    #[must_use]
    pub fn get(path: impl AsRef<[u8]>) -> Self {
        Self {
            method: b"GET".to_vec(),
            path: path.as_ref().to_vec(),
            authority: b"test.example".to_vec(),
            headers: Headers::new(),
            body: Body::None,
        }
    }

    /// `POST path` with a body of known length.
    #[must_use]
    pub fn post(path: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> Self {
        Self { body: Body::Length(body.as_ref().to_vec()), ..Self::get(path).method("POST") }
    }

    /// Another method.
    #[must_use]
    pub fn method(mut self, method: impl AsRef<[u8]>) -> Self {
        self.method = method.as_ref().to_vec();
        self
    }

    /// Another host.
    #[must_use]
    pub fn authority(mut self, authority: impl AsRef<[u8]>) -> Self {
        self.authority = authority.as_ref().to_vec();
        self
    }

    /// One more header line; repeated names stay repeated.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// Another body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }
}

/// How an exchange ended, as the client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The response was read to its end.
    Complete,
    /// The peer closed the connection in an orderly way before the response was complete.
    Eof,
    /// HTTP/2 only: the peer took the whole connection down with this error code.
    GoAway(u32),
    /// What arrived is not HTTP; the text says why.
    Malformed(String),
    /// The peer reset the TCP connection before the response was complete.
    Reset,
    /// HTTP/2 only: the peer reset this stream with this error code; the connection lives.
    StreamReset(u32),
    /// The response was not complete when the client's patience was.
    TimedOut,
}

/// What came back, complete or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status; `None` when no response head arrived.
    pub status: Option<u16>,
    /// The response headers.
    pub headers: Headers,
    /// The body bytes that arrived.
    pub body: Vec<u8>,
    /// The trailers that arrived.
    pub trailers: Headers,
    /// How it ended.
    pub end: End,
    /// From the first byte sent to the response head, if one arrived.
    pub to_head: Option<Duration>,
    /// From the first byte sent to the end.
    pub elapsed: Duration,
}

impl Answer {
    /// The first value of the response header `name`.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        header(&self.headers, name)
    }

    /// The first value of the trailer `name`.
    #[must_use]
    pub fn trailer(&self, name: &str) -> Option<&[u8]> {
        header(&self.trailers, name)
    }

    /// The body as text, for messages and comparisons; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn nothing_yet() -> Self {
        Self {
            status: None,
            headers: Headers::new(),
            body: Vec::new(),
            trailers: Headers::new(),
            end: End::Complete,
            to_head: None,
            elapsed: Duration::ZERO,
        }
    }
}

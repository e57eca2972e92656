//! Upstreams that answer as a closure says and remember what arrived.

mod h1;
mod h2c;
mod journal;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use journal::Journal;

use crate::message::{Body, Headers, header};

/// A request as the upstream received it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The method.
    pub method: Vec<u8>,
    /// The path with its query.
    pub path: Vec<u8>,
    /// The header lines in the order of the wire; on HTTP/2 without pseudo headers.
    pub headers: Headers,
    /// The body bytes that arrived.
    pub body: Vec<u8>,
    /// The trailers that arrived.
    pub trailers: Headers,
    /// When the head had arrived.
    pub arrived: Instant,
    /// When the last byte had arrived, or the connection ended.
    pub finished: Instant,
    /// Whether the request arrived to its end. An incomplete one is recorded but not answered.
    pub complete: bool,
}

impl Received {
    /// The first value of the request header `name`.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        header(&self.headers, name)
    }
}

/// What the upstream does after the answer's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyEnd {
    /// Keeps the connection for the next request.
    #[default]
    KeepAlive,
    /// Sends only so many bytes of the body (as framed), then closes the connection or, on HTTP/2,
    /// resets the stream.
    CutAfter(usize),
    /// Sends nothing at all and closes the connection or, on HTTP/2, resets the stream.
    Nothing,
}

/// What the upstream answers.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Headers,
    body: Body,
    delay: Duration,
    end: ReplyEnd,
}

impl Reply {
    /// This status with an empty body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Headers::new(),
            body: Body::Length(Vec::new()),
            delay: Duration::ZERO,
            end: ReplyEnd::KeepAlive,
        }
    }

    /// Status 200 with this body, its length known.
    #[must_use]
    pub fn ok(body: impl AsRef<[u8]>) -> Self {
        Self::status(200).body(Body::Length(body.as_ref().to_vec()))
    }

    /// Another body. 204 and 304, and every answer to HEAD, go without one whatever is said here.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// One more header line.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// Waits before the first byte.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Misbehaves at the end.
    #[must_use]
    pub fn ending(mut self, end: ReplyEnd) -> Self {
        self.end = end;
        self
    }
}

/// A scripted server on a free loopback port, until it is dropped.
pub struct Upstream {
    addr: SocketAddr,
    shared: Arc<Shared>,
    /// Dropped with the upstream, it ends the server's threads.
    _server: Box<dyn Send + Sync>,
}

/// What the threads of a server need.
struct Shared {
    script: Box<dyn Fn(&Received) -> Reply + Send + Sync>,
    journal: Journal,
}

impl Upstream {
    /// Starts an HTTP/1.1 server that answers each complete request as `script` says.
    ///
    /// # Errors
    /// No loopback port is free.
    pub fn start(
        script: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let shared = Shared::new(script);
        let (server, addr) = h1::Server::start(Arc::clone(&shared))?;
        Ok(Self { addr, shared, _server: Box::new(server) })
    }

    /// The same over HTTP/2 (cleartext, prior knowledge): for trailers, gRPC and DATA frames.
    ///
    /// # Errors
    /// No loopback port is free.
    pub fn start_h2(
        script: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let shared = Shared::new(script);
        let (server, addr) = h2c::Server::start(Arc::clone(&shared))?;
        Ok(Self { addr, shared, _server: Box::new(server) })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How many requests arrived, complete or not.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.journal.count()
    }

    /// The first thousand requests that arrived.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.shared.journal.kept()
    }

    /// Waits until `count` requests have arrived.
    ///
    /// # Errors
    /// They have not within `patience`.
    pub fn wait_for(&self, count: usize, patience: Duration) -> anyhow::Result<()> {
        self.shared.journal.wait_for(count, patience)
    }
}

impl Shared {
    fn new(script: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { script: Box::new(script), journal: Journal::default() })
    }
}

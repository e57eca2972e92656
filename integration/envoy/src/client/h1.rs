//! HTTP/1.1 over one connection.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::message::{Answer, End, Headers, Request, header};
use crate::wire::{Framing, Head, Wire, encode_body, encode_head, framing, framing_line};

/// One HTTP/1.1 connection, kept alive between exchanges.
pub struct Client {
    wire: Wire,
    timeout: Duration,
    /// When the exchange under way began, and whether it is answered without a body.
    pending: Option<(Instant, bool)>,
    ended: bool,
}

impl Client {
    /// Connects; each exchange may then take ten seconds.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn connect(addr: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect_timeout(&addr, Duration::from_secs(5))
            .with_context(|| format!("cannot connect to {addr}"))?;
        Ok(Self {
            wire: Wire::new(stream)?,
            timeout: Duration::from_secs(10),
            pending: None,
            ended: false,
        })
    }

    /// Another patience for each exchange; what takes longer ends as [`End::TimedOut`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends a request and reads its answer.
    pub fn send(&mut self, request: &Request) -> Answer {
        match self.write(request) {
            Ok(()) => self.read(),
            // The peer may have answered before it stopped listening: read what there is. The
            // system tells of a reset only once, so that what follows looks like an orderly close.
            Err(End::Reset) => {
                let answer = self.read();
                let end = if answer.end == End::Eof { End::Reset } else { answer.end };
                Answer { end, ..answer }
            }
            Err(end) => self.finish(Answer::nothing_yet(), Instant::now(), end),
        }
    }

    /// One request over a connection of its own.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn once(addr: SocketAddr, request: &Request) -> anyhow::Result<Answer> {
        Ok(Self::connect(addr)?.send(request))
    }

    /// Whether another exchange may follow on this connection.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.ended
    }

    /// Sends a request without waiting for its answer: to leave before it comes, or to pipeline.
    ///
    /// # Errors
    /// How the connection ended, if it did while writing.
    pub fn write(&mut self, request: &Request) -> Result<(), End> {
        let mut headers: Headers = vec![(b"host".to_vec(), request.authority.clone())];
        headers.extend(request.headers.iter().cloned());
        headers.extend(framing_line(&request.body));
        let start_line = [&request.method, &b" "[..], &request.path, b" HTTP/1.1"].concat();
        self.write_raw(&encode_head(&start_line, &headers))?;
        self.pending = self.pending.map(|(since, _)| (since, request.method == b"HEAD"));
        encode_body(&request.body).iter().try_for_each(|block| self.write_raw(block))
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// How the connection ended, if it did while writing.
    pub fn write_raw(&mut self, bytes: &[u8]) -> Result<(), End> {
        let (since, _) = *self.pending.get_or_insert((Instant::now(), false));
        self.wire.write(bytes, Some(since + self.timeout))
    }

    /// Reads the answer to the oldest request that has none yet.
    ///
    /// Of pipelined requests, each answer's times count from the end of the one before it.
    pub fn read(&mut self) -> Answer {
        let (since, bodiless) = self.pending.take().unwrap_or((Instant::now(), false));
        let mut answer = Answer::nothing_yet();
        let end = match self.read_into(&mut answer, since, bodiless) {
            Ok(()) => End::Complete,
            Err(end) => end,
        };
        self.finish(answer, since, end)
    }

    fn read_into(
        &mut self,
        answer: &mut Answer,
        since: Instant,
        bodiless: bool,
    ) -> Result<(), End> {
        let deadline = Some(since + self.timeout);
        let (status, head) = loop {
            let head = self.wire.head(deadline)?;
            match status_of(&head)? {
                // 100 Continue and 103 Early Hints come before the answer.
                100 | 102..=199 => {}
                status => break (status, head),
            }
        };
        answer.to_head = Some(since.elapsed());
        answer.status = Some(status);
        answer.headers = head.headers;
        let framing = match framing(&answer.headers)? {
            _ if bodiless || matches!(status, 101 | 204 | 304) => Framing::None,
            Some(known) => known,
            None => Framing::UntilEof,
        };
        let says_close = header(&answer.headers, "connection")
            .is_some_and(|value| value.eq_ignore_ascii_case(b"close"));
        self.ended = says_close || matches!(framing, Framing::UntilEof);
        answer.trailers = self.wire.body(&framing, &mut answer.body, deadline)?;
        Ok(())
    }

    fn finish(&mut self, mut answer: Answer, since: Instant, end: End) -> Answer {
        self.ended |= end != End::Complete;
        answer.elapsed = since.elapsed();
        answer.end = end;
        answer
    }
}

/// The status in `HTTP/1.1 200 OK`.
fn status_of(head: &Head) -> Result<u16, End> {
    let line = String::from_utf8_lossy(&head.start_line);
    let mut words = line.split(' ');
    let protocol = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    let status = words.next().and_then(|word| word.parse().ok());
    status
        .filter(|_| protocol)
        .ok_or_else(|| End::Malformed(format!("not a status line: {line:?}")))
}

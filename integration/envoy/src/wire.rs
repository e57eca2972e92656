//! HTTP/1.1 on a socket: what client and upstream share. Bytes in, bytes out, no opinion.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::message::{Body, End, Headers, header};

/// The first line of a message and its headers.
pub(crate) struct Head {
    pub(crate) start_line: Vec<u8>,
    pub(crate) headers: Headers,
}

/// How the end of a body is known.
pub(crate) enum Framing {
    Chunked,
    Length(usize),
    None,
    UntilEof,
}

/// A socket with the bytes that were read ahead.
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> std::io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Writes all of it, or tells how the connection ended.
    pub(crate) fn write(&mut self, bytes: &[u8], deadline: Option<Instant>) -> Result<(), End> {
        let patience = patience(deadline)?;
        let outcome = self.stream.set_write_timeout(patience);
        outcome.and_then(|()| self.stream.write_all(bytes)).map_err(|error| ending(&error))
    }

    /// Reads a head: lines up to an empty one.
    pub(crate) fn head(&mut self, deadline: Option<Instant>) -> Result<Head, End> {
        let start_line = self.line(deadline)?;
        Ok(Head { start_line, headers: self.header_lines(deadline)? })
    }

    /// Reads a body into `body` (what arrived stays there on failure); returns the trailers.
    pub(crate) fn body(
        &mut self,
        framing: &Framing,
        body: &mut Vec<u8>,
        deadline: Option<Instant>,
    ) -> Result<Headers, End> {
        match framing {
            Framing::None => Ok(Headers::new()),
            Framing::Length(length) => self.take(*length, body, deadline).map(|()| Headers::new()),
            Framing::Chunked => self.chunks(body, deadline),
            Framing::UntilEof => loop {
                body.append(&mut self.buffer);
                match self.fill(deadline) {
                    Ok(()) => {}
                    Err(End::Eof) => return Ok(Headers::new()),
                    Err(other) => return Err(other),
                }
            },
        }
    }

    fn chunks(&mut self, body: &mut Vec<u8>, deadline: Option<Instant>) -> Result<Headers, End> {
        loop {
            let line = self.line(deadline)?;
            let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let size = std::str::from_utf8(digits.trim_ascii())
                .ok()
                .and_then(|text| usize::from_str_radix(text, 16).ok())
                .ok_or_else(|| malformed("chunk size", &line))?;
            if size == 0 {
                return self.header_lines(deadline);
            }
            self.take(size, body, deadline)?;
            let rest = self.line(deadline)?;
            if !rest.is_empty() {
                return Err(malformed("end of chunk", &rest));
            }
        }
    }

    fn header_lines(&mut self, deadline: Option<Instant>) -> Result<Headers, End> {
        let mut headers = Headers::new();
        loop {
            let line = self.line(deadline)?;
            if line.is_empty() {
                return Ok(headers);
            }
            let colon = line.iter().position(|byte| *byte == b':');
            let (name, rest) = line.split_at(colon.ok_or_else(|| malformed("header", &line))?);
            let value = rest.get(1..).unwrap_or_default();
            headers.push((name.to_vec(), value.trim_ascii().to_vec()));
        }
    }

    /// One line without its line end.
    fn line(&mut self, deadline: Option<Instant>) -> Result<Vec<u8>, End> {
        let mut searched = 0;
        loop {
            let unseen = self.buffer.iter().skip(searched);
            if let Some(found) = unseen.clone().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=searched + found).collect();
                line.pop();
                line.pop_if(|last| *last == b'\r');
                return Ok(line);
            }
            searched = self.buffer.len();
            self.fill(deadline)?;
        }
    }

    fn take(
        &mut self,
        length: usize,
        into: &mut Vec<u8>,
        deadline: Option<Instant>,
    ) -> Result<(), End> {
        let mut missing = length;
        loop {
            let ready = missing.min(self.buffer.len());
            into.extend(self.buffer.drain(..ready));
            missing -= ready;
            if missing == 0 {
                return Ok(());
            }
            self.fill(deadline)?;
        }
    }

    /// Waits for more bytes.
    fn fill(&mut self, deadline: Option<Instant>) -> Result<(), End> {
        let mut block = [0; 16 * 1024];
        loop {
            let patience = patience(deadline)?;
            self.stream.set_read_timeout(patience).map_err(|error| ending(&error))?;
            match self.stream.read(&mut block) {
                Ok(0) => return Err(End::Eof),
                Ok(length) => {
                    self.buffer.extend(block.iter().take(length));
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(ending(&error)),
            }
        }
    }
}

/// The time left; `None` waits for ever. A deadline that has passed is the end.
fn patience(deadline: Option<Instant>) -> Result<Option<Duration>, End> {
    let Some(deadline) = deadline else { return Ok(None) };
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(End::TimedOut),
        left => Ok(Some(left)),
    }
}

fn ending(error: &std::io::Error) -> End {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => End::TimedOut,
        ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {
            End::Reset
        }
        ErrorKind::UnexpectedEof => End::Eof,
        _ => End::Malformed(error.to_string()),
    }
}

fn malformed(what: &str, line: &[u8]) -> End {
    End::Malformed(format!("bad {what}: {:?}", String::from_utf8_lossy(line)))
}

/// How a message with these headers is framed, before the rules for statuses and methods.
pub(crate) fn framing(headers: &Headers) -> Result<Option<Framing>, End> {
    let chunked = header(headers, "transfer-encoding")
        .is_some_and(|value| value.to_ascii_lowercase().ends_with(b"chunked"));
    if chunked {
        return Ok(Some(Framing::Chunked));
    }
    let Some(value) = header(headers, "content-length") else { return Ok(None) };
    let length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    length.map(|n| Some(Framing::Length(n))).ok_or_else(|| malformed("content-length", value))
}

/// The bytes of a head: `start_line`, the lines of `headers`, an empty line.
pub(crate) fn encode_head(start_line: &[u8], headers: &Headers) -> Vec<u8> {
    let mut bytes = start_line.to_vec();
    bytes.extend(b"\r\n");
    push_lines(&mut bytes, headers);
    bytes
}

/// The header line that frames this body on HTTP/1.1.
pub(crate) fn framing_line(body: &Body) -> Option<(Vec<u8>, Vec<u8>)> {
    match body {
        Body::None => None,
        Body::Length(bytes) => {
            Some((b"content-length".to_vec(), bytes.len().to_string().into_bytes()))
        }
        Body::Chunked(..) => Some((b"transfer-encoding".to_vec(), b"chunked".to_vec())),
    }
}

/// The bytes of a body: one block for each write.
pub(crate) fn encode_body(body: &Body) -> Vec<Vec<u8>> {
    match body {
        Body::None => Vec::new(),
        Body::Length(bytes) => vec![bytes.clone()],
        Body::Chunked(chunks, trailers) => {
            // An empty chunk would end the body.
            let mut blocks: Vec<Vec<u8>> =
                chunks.iter().filter(|chunk| !chunk.is_empty()).map(|c| encode_chunk(c)).collect();
            let mut end = b"0\r\n".to_vec();
            push_lines(&mut end, trailers);
            blocks.push(end);
            blocks
        }
    }
}

fn encode_chunk(chunk: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{:x}\r\n", chunk.len()).into_bytes();
    bytes.extend(chunk);
    bytes.extend(b"\r\n");
    bytes
}

fn push_lines(bytes: &mut Vec<u8>, headers: &Headers) {
    for (name, value) in headers {
        bytes.extend(name);
        bytes.extend(b": ");
        bytes.extend(value);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"\r\n");
}

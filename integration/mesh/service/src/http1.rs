//! As much of HTTP/1.1 as an application behind a sidecar needs, for both ends of a connection.

use std::io::{self, BufRead, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

/// The longest head: what Envoy itself would not let through is refused here too, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// The longest body, in bytes.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// Header lines in the order of the wire; values are bytes.
pub(crate) type Headers = Vec<(String, Vec<u8>)>;

/// A request or a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// The three words of the first line.
    pub(crate) start: [String; 3],
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// The first value of a header; names are in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_slice())
    }

    /// The method of a request.
    pub(crate) fn method(&self) -> &str {
        let [method, _, _] = &self.start;
        method
    }

    /// The path of a request.
    pub(crate) fn path(&self) -> &str {
        let [_, path, _] = &self.start;
        path
    }

    /// The status of a response; 0 where there is none.
    pub(crate) fn status(&self) -> u16 {
        let [_, status, _] = &self.start;
        status.parse().unwrap_or_default()
    }

    /// Whether the connection ends with this message.
    pub(crate) fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case(b"close"))
    }
}

/// A connection and what was read ahead from it.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// The next message; `None` where the peer has ended the connection between two.
    pub(crate) fn read(&mut self) -> io::Result<Option<Message>> {
        let mut message = Message::default();
        let Some(first) = self.line()? else { return Ok(None) };
        let mut words = first.splitn(3, ' ').map(str::to_owned);
        message.start = std::array::from_fn(|_| words.next().unwrap_or_default());
        let mut size = first.len();
        loop {
            let line = self.raw_line()?.ok_or(ErrorKind::UnexpectedEof)?;
            if line.is_empty() {
                break;
            }
            size += line.len();
            if size > MAX_HEAD {
                return Err(ErrorKind::InvalidData.into());
            }
            let colon = line.iter().position(|byte| *byte == b':').ok_or(ErrorKind::InvalidData)?;
            let (name, value) = line.split_at(colon);
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            let value = value.get(1..).unwrap_or_default().trim_ascii().to_vec();
            message.headers.push((name, value));
        }
        self.read_body(&mut message)?;
        Ok(Some(message))
    }

    /// Writes a message with the framing of its body.
    pub(crate) fn write(&mut self, message: &Message) -> io::Result<()> {
        let mut bytes = message.start.join(" ").into_bytes();
        bytes.extend(b"\r\n");
        for (name, value) in &message.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend(format!("content-length: {}\r\n\r\n", message.body.len()).into_bytes());
        bytes.extend(&message.body);
        self.0.get_mut().write_all(&bytes)
    }

    fn read_body(&mut self, message: &mut Message) -> io::Result<()> {
        let is_chunked = message
            .header("transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case(b"chunked"));
        if is_chunked {
            return self.read_chunks(&mut message.body);
        }
        let length = message
            .header("content-length")
            .map(|value| std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()));
        match length {
            Some(Some(length)) => self.read_exactly(length, &mut message.body),
            Some(None) => Err(ErrorKind::InvalidData.into()),
            None => Ok(()),
        }
    }

    fn read_chunks(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let line = self.line()?.ok_or(ErrorKind::UnexpectedEof)?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| ErrorKind::InvalidData)?;
            if size == 0 {
                break;
            }
            self.read_exactly(size, body)?;
            self.line()?;
        }
        // Trailers, which nobody asks for.
        while self.line()?.is_some_and(|line| !line.is_empty()) {}
        Ok(())
    }

    fn read_exactly(&mut self, length: usize, body: &mut Vec<u8>) -> io::Result<()> {
        if length > MAX_BODY.saturating_sub(body.len()) {
            return Err(ErrorKind::InvalidData.into());
        }
        let read = self.0.by_ref().take(length as u64).read_to_end(body)?;
        if read == length { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        Ok(self.raw_line()?.map(|line| String::from_utf8_lossy(&line).into_owned()))
    }

    /// A line without its end.
    fn raw_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let limit = MAX_HEAD as u64;
        self.0.by_ref().take(limit).read_until(b'\n', &mut line)?;
        match line.strip_suffix(b"\n") {
            Some(rest) => Ok(Some(rest.strip_suffix(b"\r").unwrap_or(rest).to_vec())),
            None if line.is_empty() => Ok(None),
            None => Err(ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Connection, Message};
    use std::io::{ErrorKind, Write as _};
    use std::net::{TcpListener, TcpStream};

    fn read(bytes: &[u8]) -> std::io::Result<Vec<Message>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut peer = TcpStream::connect(listener.local_addr()?)?;
        peer.write_all(bytes)?;
        drop(peer);
        let mut connection = Connection::new(listener.accept()?.0)?;
        let mut messages = Vec::new();
        while let Some(message) = connection.read()? {
            messages.push(message);
        }
        Ok(messages)
    }

    #[test]
    fn messages_follow_one_another() {
        let found = read(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 503 Service Unavailable\r\n\
              transfer-encoding: chunked\r\nconnection: close\r\n\r\n2;x=y\r\ncd\r\n1\r\ne\r\n0\r\n\r\n",
        )
        .unwrap();
        assert_eq!(found.iter().map(Message::status).collect::<Vec<_>>(), [200, 503]);
        assert_eq!(found[0].body, b"ab");
        assert_eq!((found[1].body.as_slice(), found[1].closes()), (b"cde".as_slice(), true));
    }

    #[test]
    fn values_are_bytes_and_the_first_of_several_counts() {
        let found = read(b"GET /a HTTP/1.1\r\nX-A:  \xff \r\nx-a: 2\r\n\r\n").unwrap();
        assert_eq!(found[0].header("x-a"), Some(b"\xff".as_slice()));
        assert_eq!((found[0].method(), found[0].path()), ("GET", "/a"));
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        for bytes in [
            b"GET / HTTP/1.1\r\n".as_slice(),
            b"GET / HTTP/1.1\r\ncontent-length: 3\r\n\r\nab",
            b"GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        ] {
            assert_eq!(read(bytes).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        }
        assert_eq!(
            read(b"GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n").unwrap_err().kind(),
            ErrorKind::InvalidData
        );
    }
}

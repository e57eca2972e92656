//! Calls to the service below, through the sidecar.

use crate::http1::{Connection, Headers, Message};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};

/// One connection to the sidecar's outbound listener, kept while it can be.
pub(crate) struct Outbound {
    sidecar: SocketAddr,
    connection: Option<Connection>,
}

impl Outbound {
    pub(crate) fn new(sidecar: SocketAddr) -> Self {
        Self { sidecar, connection: None }
    }

    /// `GET path` of `host`.
    pub(crate) fn get(&mut self, host: &str, path: &str, headers: Headers) -> io::Result<Message> {
        let start = ["GET".to_owned(), path.to_owned(), "HTTP/1.1".to_owned()];
        let host = ("host".to_owned(), host.as_bytes().to_vec());
        let headers = std::iter::once(host).chain(headers).collect();
        let request = Message { start, headers, body: Vec::new() };
        if let Some(mut connection) = self.connection.take() {
            // The sidecar may have closed it while it was idle; then nothing was answered.
            if let Ok(answer) = exchange(&mut connection, &request) {
                return Ok(self.keep(connection, answer));
            }
        }
        let mut connection = Connection::new(TcpStream::connect(self.sidecar)?)?;
        let answer = exchange(&mut connection, &request)?;
        Ok(self.keep(connection, answer))
    }

    fn keep(&mut self, connection: Connection, answer: Message) -> Message {
        self.connection = (!answer.closes()).then_some(connection);
        answer
    }
}

fn exchange(connection: &mut Connection, request: &Message) -> io::Result<Message> {
    connection.write(request)?;
    connection.read()?.ok_or_else(|| ErrorKind::UnexpectedEof.into())
}

//! HTTP/2 over cleartext, with prior knowledge.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use h2::client::SendRequest;
use http::Uri;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::h2_wire::{header_lines, header_map, read_body};
use crate::message::{Answer, Body, End, Request};

/// One HTTP/2 connection; requests may share it at the same time.
pub struct H2Client {
    runtime: Runtime,
    sender: SendRequest<Bytes>,
    timeout: Duration,
}

impl H2Client {
    /// Connects; each exchange may then take ten seconds.
    ///
    /// # Errors
    /// Nobody listens there, or it does not speak HTTP/2.
    pub fn connect(addr: SocketAddr) -> anyhow::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let connecting = async {
            let stream = TcpStream::connect(addr).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = h2::client::handshake(stream).await?;
            // How the connection ends is told by the streams on it.
            tokio::spawn(async { connection.await.ok() });
            anyhow::Ok(sender)
        };
        let sender = runtime
            .block_on(async { timeout(Duration::from_secs(5), connecting).await })
            .with_context(|| format!("no answer from {addr}"))?
            .with_context(|| format!("cannot speak HTTP/2 with {addr}"))?;
        Ok(Self { runtime, sender, timeout: Duration::from_secs(10) })
    }

    /// Another patience for each exchange; what takes longer ends as [`End::TimedOut`].
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// The request cannot be expressed in HTTP/2.
    pub fn send(&mut self, request: &Request) -> anyhow::Result<Answer> {
        let mut answers = self.send_all(std::slice::from_ref(request))?;
        answers.pop().context("no answer for the request")
    }

    /// Sends requests at the same time, each on its own stream; answers come in their order.
    ///
    /// # Errors
    /// One of the requests cannot be expressed in HTTP/2; then none is sent.
    pub fn send_all(&mut self, requests: &[Request]) -> anyhow::Result<Vec<Answer>> {
        let heads: Vec<_> = requests.iter().map(request_head).collect::<Result<_, _>>()?;
        self.runtime.block_on(async {
            let tasks: Vec<_> = heads
                .into_iter()
                .zip(requests)
                .map(|(head, request)| {
                    let (sender, body) = (self.sender.clone(), request.body.clone());
                    tokio::spawn(exchange(sender, head, body, self.timeout))
                })
                .collect();
            let mut answers = Vec::with_capacity(tasks.len());
            for task in tasks {
                answers.push(task.await.context("an exchange failed")?);
            }
            Ok(answers)
        })
    }
}

async fn exchange(
    sender: SendRequest<Bytes>,
    head: http::Request<()>,
    body: Body,
    patience: Duration,
) -> Answer {
    let since = Instant::now();
    let mut answer = Answer::nothing_yet();
    answer.end = match timeout(patience, fill(&mut answer, sender, head, body, since)).await {
        Err(_elapsed) => End::TimedOut,
        Ok(Err(error)) => ending(&error),
        Ok(Ok(())) => End::Complete,
    };
    answer.elapsed = since.elapsed();
    answer
}

async fn fill(
    answer: &mut Answer,
    sender: SendRequest<Bytes>,
    head: http::Request<()>,
    body: Body,
    since: Instant,
) -> Result<(), h2::Error> {
    let mut sender = sender.ready().await?;
    let (response, mut stream) = sender.send_request(head, body == Body::None)?;
    match body {
        Body::None => {}
        Body::Length(bytes) => stream.send_data(bytes.into(), true)?,
        Body::Chunked(chunks, trailers) => {
            for chunk in chunks {
                stream.send_data(chunk.into(), false)?;
            }
            if trailers.is_empty() {
                stream.send_data(Bytes::new(), true)?;
            } else {
                stream.send_trailers(header_map(&trailers).unwrap_or_default())?;
            }
        }
    }
    let (parts, mut body) = response.await?.into_parts();
    answer.to_head = Some(since.elapsed());
    answer.status = Some(parts.status.as_u16());
    answer.headers = header_lines(&parts.headers);
    answer.trailers = read_body(&mut body, &mut answer.body).await?;
    Ok(())
}

fn request_head(request: &Request) -> anyhow::Result<http::Request<()>> {
    let uri = Uri::builder()
        .scheme("http")
        .authority(request.authority.as_slice())
        .path_and_query(request.path.as_slice())
        .build()
        .context("the path or the authority cannot be sent")?;
    let mut head = http::Request::builder().method(request.method.as_slice()).uri(uri).body(())?;
    *head.headers_mut() = header_map(&request.headers)?;
    if let Body::Chunked(_, trailers) = &request.body {
        header_map(trailers)?;
    }
    Ok(head)
}

fn ending(error: &h2::Error) -> End {
    let code = error.reason().map(u32::from);
    match (code, error.get_io().map(std::io::Error::kind)) {
        (Some(code), _) if error.is_reset() && error.is_remote() => End::StreamReset(code),
        (Some(code), _) if error.is_go_away() && error.is_remote() => End::GoAway(code),
        (_, Some(ErrorKind::ConnectionReset)) => End::Reset,
        (_, Some(ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof)) => End::Eof,
        _ => End::Malformed(error.to_string()),
    }
}

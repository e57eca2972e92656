//! The HTTP/2 server: one thread with a runtime of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::{Received, Reply, ReplyEnd, Shared};
use crate::h2_wire::{header_lines, header_map, read_body};
use crate::message::Body;

/// The serving thread; dropping it closes every connection and waits for its end.
pub(super) struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn start(shared: Arc<Shared>) -> anyhow::Result<(Self, SocketAddr)> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let listener = runtime
            .block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .context("no free port")?;
        let addr = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("h2-upstream".to_owned()).spawn(move || {
            runtime.spawn(accept(listener, shared));
            // The sender is never used, only dropped; the runtime then ends with all its tasks.
            runtime.block_on(stopped).ok();
        })?;
        Ok((Self { stop: Some(stop), thread: Some(thread) }, addr))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // A failing accept means that the socket is gone: then there is nothing left to serve.
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        // How a connection ends is seen by the peer and in the journal.
        tokio::spawn(async move { serve(stream, shared).await.ok() });
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut connection = h2::server::handshake(stream).await?;
    while let Some(accepted) = connection.accept().await {
        let (request, respond) = accepted?;
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let received = receive(request).await;
            shared.journal.add(received.clone());
            if received.complete {
                let reply = (shared.script)(&received);
                answer(&received, reply, respond).await.ok();
            }
        });
    }
    Ok(())
}

async fn receive(request: http::Request<RecvStream>) -> Received {
    let arrived = Instant::now();
    let (parts, mut stream) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("", http::uri::PathAndQuery::as_str);
    let mut received = Received {
        method: parts.method.as_str().as_bytes().to_vec(),
        path: path.as_bytes().to_vec(),
        headers: header_lines(&parts.headers),
        body: Vec::new(),
        trailers: Vec::new(),
        arrived,
        finished: arrived,
        complete: false,
    };
    let trailers = read_body(&mut stream, &mut received.body).await;
    received.complete = trailers.is_ok();
    received.trailers = trailers.unwrap_or_default();
    received.finished = Instant::now();
    received
}

async fn answer(
    received: &Received,
    reply: Reply,
    mut respond: SendResponse<Bytes>,
) -> anyhow::Result<()> {
    tokio::time::sleep(reply.delay).await;
    let mut left = match reply.end {
        ReplyEnd::KeepAlive => usize::MAX,
        ReplyEnd::CutAfter(length) => length,
        ReplyEnd::Nothing => {
            respond.send_reset(Reason::INTERNAL_ERROR);
            return Ok(());
        }
    };
    let bodiless = matches!(reply.status, 204 | 304) || received.method == b"HEAD";
    let (chunks, trailers) = match reply.body {
        Body::Length(bytes) if !bodiless => (vec![bytes], Vec::new()),
        Body::Chunked(chunks, trailers) if !bodiless => (chunks, trailers),
        _ => (Vec::new(), Vec::new()),
    };
    let mut head = http::Response::builder().status(reply.status).body(())?;
    *head.headers_mut() = header_map(&reply.headers)?;
    let ends_with_head = chunks.is_empty() && trailers.is_empty();
    let mut stream = respond.send_response(head, ends_with_head)?;
    let last = chunks.len().saturating_sub(1);
    for (index, mut chunk) in chunks.into_iter().enumerate() {
        chunk.truncate(left);
        left -= chunk.len();
        let ends = index == last && trailers.is_empty() && reply.end == ReplyEnd::KeepAlive;
        stream.send_data(chunk.into(), ends)?;
    }
    if reply.end != ReplyEnd::KeepAlive {
        // A reset overtakes data that still waits to be written.
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.send_reset(Reason::INTERNAL_ERROR);
    } else if !trailers.is_empty() {
        stream.send_trailers(header_map(&trailers)?)?;
    }
    Ok(())
}

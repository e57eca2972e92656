//! The HTTP/1.1 server: one thread for each connection.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::{Received, Reply, ReplyEnd, Shared};
use crate::message::{Body, End, Headers};
use crate::wire::{Framing, Head, Wire, encode_body, encode_head, framing, framing_line};

/// The listening thread; dropping it closes every connection and waits for their threads.
pub(super) struct Server {
    addr: SocketAddr,
    connections: Arc<Connections>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Connections {
    open: Mutex<HashMap<SocketAddr, TcpStream>>,
    stopping: AtomicBool,
}

impl Server {
    pub(super) fn start(shared: Arc<Shared>) -> anyhow::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
        let addr = listener.local_addr()?;
        let connections = Arc::new(Connections::default());
        let for_acceptor = Arc::clone(&connections);
        let acceptor = thread::Builder::new()
            .name("upstream".to_owned())
            .spawn(move || accept(&listener, &for_acceptor, &shared))?;
        Ok((Self { addr, connections, acceptor: Some(acceptor) }, addr))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.connections.stopping.store(true, Ordering::SeqCst);
        // Wakes the acceptor; when that fails it has ended already.
        let woken = TcpStream::connect_timeout(&self.addr, Duration::from_secs(1));
        if let (Ok(_), Some(acceptor)) = (woken, self.acceptor.take()) {
            let _ = acceptor.join();
        }
    }
}

impl Connections {
    fn open(&self) -> MutexGuard<'_, HashMap<SocketAddr, TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(listener: &TcpListener, connections: &Arc<Connections>, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    for stream in listener.incoming() {
        if connections.stopping.load(Ordering::SeqCst) {
            break;
        }
        // A peer that is gone before it was served needs no service.
        let Ok(stream) = stream else { continue };
        let (Ok(peer), Ok(handle)) = (stream.peer_addr(), stream.try_clone()) else { continue };
        connections.open().insert(peer, handle);
        let (connections, shared) = (Arc::clone(connections), Arc::clone(shared));
        threads.push(thread::spawn(move || {
            // How a connection ends is seen by the peer and in the journal.
            let _ = serve(stream, &shared);
            if let Some(handle) = connections.open().remove(&peer) {
                let _ = handle.shutdown(Shutdown::Both);
            }
        }));
    }
    for handle in connections.open().values() {
        let _ = handle.shutdown(Shutdown::Both);
    }
    for thread in threads {
        let _ = thread.join();
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> Result<(), End> {
    let mut wire = Wire::new(stream).map_err(|error| End::Malformed(error.to_string()))?;
    loop {
        let head = wire.head(None)?;
        let received = receive(&mut wire, head)?;
        shared.journal.add(received.clone());
        if !received.complete {
            return Ok(());
        }
        let reply = (shared.script)(&received);
        thread::sleep(reply.delay);
        if reply.end == ReplyEnd::Nothing {
            return Ok(());
        }
        for block in encode(&received, &reply) {
            wire.write(&block, Some(Instant::now() + Duration::from_secs(30)))?;
        }
        if reply.end != ReplyEnd::KeepAlive {
            return Ok(());
        }
    }
}

fn receive(wire: &mut Wire, head: Head) -> Result<Received, End> {
    let arrived = Instant::now();
    let mut words = head.start_line.split(|byte| *byte == b' ').map(<[u8]>::to_vec);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let framing = framing(&head.headers)?.unwrap_or(Framing::None);
    let mut body = Vec::new();
    let trailers = wire.body(&framing, &mut body, None);
    Ok(Received {
        method,
        path,
        headers: head.headers,
        body,
        complete: trailers.is_ok(),
        trailers: trailers.unwrap_or_default(),
        arrived,
        finished: Instant::now(),
    })
}

/// The blocks to write: the head, then the body's.
fn encode(received: &Received, reply: &Reply) -> Vec<Vec<u8>> {
    let bodiless = matches!(reply.status, 204 | 304);
    let mut headers: Headers = reply.headers.clone();
    headers.extend(framing_line(&reply.body).filter(|_| !bodiless));
    // The reason phrase may be empty.
    let mut blocks = vec![encode_head(format!("HTTP/1.1 {} ", reply.status).as_bytes(), &headers)];
    let body = if bodiless || received.method == b"HEAD" { &Body::None } else { &reply.body };
    blocks.extend(encode_body(body));
    if let ReplyEnd::CutAfter(mut left) = reply.end {
        for block in blocks.iter_mut().skip(1) {
            block.truncate(left);
            left -= block.len();
        }
    }
    blocks
}

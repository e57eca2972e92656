//! Traffic that nobody should send, over HTTP/1 and HTTP/2, through a stock Envoy.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

mod rules;
mod transparency;

use anyhow::Result;
use envoy_runner::{Answer, Client, H2Client, Request};
use std::net::SocketAddr;

const FILTER: &str = "fault_injection";

/// The same request over both protocols.
fn over_both(addr: SocketAddr, request: &Request) -> Result<[(&'static str, Answer); 2]> {
    Ok([
        ("HTTP/1", Client::once(addr, request)?),
        ("HTTP/2", H2Client::connect(addr)?.send(request)?),
    ])
}

/// So many headers of this many bytes each, beside the request's own.
fn padded(request: Request, count: usize, size: usize) -> Request {
    (0..count).fold(request, |request, n| request.header(format!("x-pad-{n}"), vec![b'p'; size]))
}

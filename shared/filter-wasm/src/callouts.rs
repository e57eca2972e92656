//! HTTP and gRPC calls of a plugin.
//!
//! The SDK panics on an answer to a call that it did not make itself, and makes calls only through
//! wrappers that panic; so calls are made and answers are matched here.

use crate::environment::Sources;
use crate::hostcalls::{self, BufferType, MapType, Status};
use filter_api::{Callout, CalloutResult, HeaderPairs, encode_pairs};
use std::cell::RefCell;
use std::rc::Weak;
use std::time::Duration;

/// Whoever made a call.
pub(crate) trait Caller {
    /// The call ended.
    fn on_callout(&self, result: &CalloutResult<'_>);

    /// The host did not hand over the answer, which counts as none.
    fn report(&self, what: &str, status: Status);
}

struct Pending {
    token: u32,
    tag: u32,
    caller: Weak<dyn Caller>,
}

thread_local! {
    /// Calls under way, by the host's token, which is unique in the VM.
    static PENDING: RefCell<Vec<Pending>> = const { RefCell::new(Vec::new()) };
}

/// Makes a call. One that the host refuses ends at once: its caller is told.
pub(crate) fn make(sources: &Sources, callout: Callout, caller: Weak<dyn Caller>) {
    let (tag, made) = match callout {
        Callout::Grpc { tag, cluster, service, method, message, timeout } => {
            let timeout = milliseconds(timeout);
            (tag, hostcalls::grpc_call(&cluster, &service, &method, &message, timeout))
        }
        Callout::HttpGet { tag, cluster, authority, path, headers, timeout } => {
            let pseudo: [(&[u8], &[u8]); 3] = [
                (b":method", b"GET"),
                (b":path", path.as_bytes()),
                (b":authority", authority.as_bytes()),
            ];
            let further = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
            let encoded = encode_pairs(pseudo.into_iter().chain(further));
            (tag, hostcalls::http_call(&cluster, &encoded, milliseconds(timeout)))
        }
    };
    match made {
        Ok(token) => {
            PENDING.with_borrow_mut(|pending| pending.push(Pending { token, tag, caller }));
        }
        Err(status) => {
            sources.report("calling a cluster", status);
            finish(Pending { token: 0, tag, caller }, None, HeaderPairs::default(), &[]);
        }
    }
}

pub(crate) fn on_http_call_response(token: u32, headers: usize, body_size: usize) {
    let Some(pending) = take(token) else { return };
    if headers == 0 {
        return finish(pending, None, HeaderPairs::default(), &[]);
    }
    let head = hostcalls::header_pairs(MapType::HttpCallResponse);
    let body = body(BufferType::HttpCallResponseBody, body_size);
    match (&head, &body) {
        (Ok(head), Ok(body)) => {
            let pairs = HeaderPairs::parse(head);
            let status = filter_api::ResponseHead::new(pairs, false).status().map(u32::from);
            finish(pending, status, pairs, body);
        }
        (Err(status), _) | (_, Err(status)) => unread(pending, *status),
    }
}

pub(crate) fn on_grpc_receive(token: u32, size: usize) {
    let Some(pending) = take(token) else { return };
    match body(BufferType::GrpcReceiveBuffer, size) {
        Ok(message) => finish(pending, Some(0), HeaderPairs::default(), &message),
        Err(status) => unread(pending, status),
    }
}

pub(crate) fn on_grpc_close(token: u32, status: u32) {
    if let Some(pending) = take(token) {
        finish(pending, Some(status).filter(|status| *status != 0), HeaderPairs::default(), &[]);
    }
}

fn take(token: u32) -> Option<Pending> {
    PENDING.with_borrow_mut(|pending| {
        let index = pending.iter().position(|pending| pending.token == token)?;
        Some(pending.swap_remove(index))
    })
}

fn finish(pending: Pending, status: Option<u32>, headers: HeaderPairs<'_>, body: &[u8]) {
    if let Some(caller) = pending.caller.upgrade() {
        caller.on_callout(&CalloutResult { tag: pending.tag, status, headers, body });
    }
}

/// The call ended with an answer that cannot be read.
fn unread(pending: Pending, status: Status) {
    if let Some(caller) = pending.caller.upgrade() {
        caller.report("reading the answer to a call", status);
    }
    finish(pending, None, HeaderPairs::default(), &[]);
}

fn body(buffer: BufferType, size: usize) -> hostcalls::Result<Vec<u8>> {
    if size == 0 { Ok(Vec::new()) } else { hostcalls::buffer(buffer, size) }
}

/// At least 1: the host fails a call with a timeout of 0 at once.
fn milliseconds(timeout: Duration) -> u32 {
    u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX).max(1)
}

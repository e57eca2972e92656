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
    /// The greatest body that is read of an HTTP answer.
    max_body_size: usize,
    caller: Weak<dyn Caller>,
}

thread_local! {
    /// Calls under way, by the host's token, which is unique in the VM.
    static PENDING: RefCell<Vec<Pending>> = const { RefCell::new(Vec::new()) };
}

/// Makes a gRPC call.
pub(crate) fn call_grpc(sources: &Sources, callout: Callout, caller: Weak<dyn Caller>) {
    let Callout::Grpc { tag, cluster, service, method, message, timeout } = callout else { return };
    let made = hostcalls::grpc_call(&cluster, &service, &method, &message, milliseconds(timeout));
    await_answer(sources, made, Pending { token: 0, tag, max_body_size: usize::MAX, caller });
}

/// Makes an HTTP call.
pub(crate) fn get_http(sources: &Sources, callout: Callout, caller: Weak<dyn Caller>) {
    let Callout::HttpGet { tag, cluster, authority, path, headers, timeout, max_body_size } =
        callout
    else {
        return;
    };
    let pseudo: [(&[u8], &[u8]); 3] =
        [(b":method", b"GET"), (b":path", path.as_bytes()), (b":authority", authority.as_bytes())];
    let further = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let encoded = encode_pairs(pseudo.into_iter().chain(further));
    let made = hostcalls::http_call(&cluster, &encoded, milliseconds(timeout));
    await_answer(sources, made, Pending { token: 0, tag, max_body_size, caller });
}

/// Remembers a call by its token. One that the host refused ends at once: its caller is told.
fn await_answer(sources: &Sources, made: hostcalls::Result<u32>, call: Pending) {
    match made {
        Ok(token) => {
            PENDING.with_borrow_mut(|pending| pending.push(Pending { token, ..call }));
        }
        Err(status) => {
            sources.report("calling a cluster", status);
            finish(&call.caller, &CalloutResult::unanswered(call.tag));
        }
    }
}

pub(crate) fn on_http_call_response(token: u32, headers: usize, body_size: usize) {
    let Some(Pending { tag, max_body_size, caller, .. }) = take(token) else { return };
    if headers == 0 {
        return finish(&caller, &CalloutResult::unanswered(tag));
    }
    let is_body_too_large = body_size > max_body_size;
    let head = hostcalls::header_pairs(MapType::HttpCallResponse);
    let body = match is_body_too_large {
        true => Ok(Vec::new()),
        false => body(BufferType::HttpCallResponseBody, body_size),
    };
    match (&head, &body) {
        (Ok(head), Ok(body)) => {
            let headers = HeaderPairs::parse(head);
            let status = filter_api::ResponseHead::new(headers, false).status().map(u32::from);
            finish(&caller, &CalloutResult { tag, status, headers, body, is_body_too_large });
        }
        (Err(status), _) | (_, Err(status)) => unread(&caller, tag, *status),
    }
}

pub(crate) fn on_grpc_receive(token: u32, size: usize) {
    let Some(Pending { tag, caller, .. }) = take(token) else { return };
    match body(BufferType::GrpcReceiveBuffer, size) {
        Ok(body) => {
            let unanswered = CalloutResult::unanswered(tag);
            finish(&caller, &CalloutResult { status: Some(0), body: &body, ..unanswered });
        }
        Err(status) => unread(&caller, tag, status),
    }
}

pub(crate) fn on_grpc_close(token: u32, status: u32) {
    if let Some(Pending { tag, caller, .. }) = take(token) {
        let status = Some(status).filter(|status| *status != 0);
        finish(&caller, &CalloutResult { status, ..CalloutResult::unanswered(tag) });
    }
}

fn take(token: u32) -> Option<Pending> {
    PENDING.with_borrow_mut(|pending| {
        let index = pending.iter().position(|pending| pending.token == token)?;
        Some(pending.swap_remove(index))
    })
}

fn finish(caller: &Weak<dyn Caller>, result: &CalloutResult<'_>) {
    if let Some(caller) = caller.upgrade() {
        caller.on_callout(result);
    }
}

/// The call ended with an answer that cannot be read.
fn unread(caller: &Weak<dyn Caller>, tag: u32, status: Status) {
    if let Some(caller) = caller.upgrade() {
        caller.report("reading the answer to a call", status);
    }
    finish(caller, &CalloutResult::unanswered(tag));
}

fn body(buffer: BufferType, size: usize) -> hostcalls::Result<Vec<u8>> {
    if size == 0 { Ok(Vec::new()) } else { hostcalls::buffer(buffer, size) }
}

/// At least 1: the host fails a call with a timeout of 0 at once.
fn milliseconds(timeout: Duration) -> u32 {
    u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX).max(1)
}

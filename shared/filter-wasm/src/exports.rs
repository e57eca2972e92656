//! The module's entry, and its callbacks.
//!
//! The build renames each `ballast_on_*` export to `proxy_on_*`, in the place of the SDK's own, which
//! stay for root contexts: configuration and ticks. What the SDK's cannot do:
//!
//! - find a stream for next to nothing, and without a panic (see [`streams`](crate::streams));
//! - return at once from a response callback while no stream of the VM looks at responses;
//! - return StopIterationAndWatermark, for which the SDK's `Action` has no value;
//! - take the answer to a call that was made without the SDK (see [`callouts`](crate::callouts)).

use crate::callouts;
use crate::root::Root;
use crate::streams::{self, Streams, streams};
use filter_api::HttpFilter;
use std::alloc::{self, Layout};
use std::cell::Cell;
use std::ptr;

const CONTINUE: u32 = 0;
/// `FilterDataStatus::StopIterationAndWatermark`: hold the body and slow the upstream down.
const STOP_ITERATION_AND_WATERMARK: u32 = 2;

thread_local! {
    /// How many streams of this VM need response callbacks.
    static ATTENTIVE: Cell<u32> = const { Cell::new(0) };
    /// The body callback that runs wants the watermark status.
    static WATERMARK: Cell<bool> = const { Cell::new(false) };
}

unsafe extern "C" {
    // The SDK's exports, defined in the same module. Their types are the SDK's to the letter: where
    // a declaration differs from its definition, the optimizer makes a trap of the call.
    fn proxy_on_context_create(context: u32, root: u32);
    fn proxy_on_delete(context: u32);
}

/// The module's start: the table of streams, and how the SDK makes root contexts of `F`.
#[doc(hidden)]
pub fn start<F: HttpFilter>() {
    streams::install::<F>();
    proxy_wasm::set_root_context(|id| Box::new(Root::<F>::new(id)));
}

/// Whether one stream needs response callbacks. Counted in [`ATTENTIVE`].
#[derive(Default)]
pub(crate) struct Attention(Cell<bool>);

impl Attention {
    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        self.0.get()
    }

    pub(crate) fn set(&self, wanted: bool) {
        if self.0.replace(wanted) == wanted {
            return;
        }
        ATTENTIVE.with(|count| {
            count.set(if wanted { count.get() + 1 } else { count.get().saturating_sub(1) });
        });
    }
}

/// Makes the body callback that runs return StopIterationAndWatermark.
pub(crate) fn stop_with_watermark() {
    WATERMARK.set(true);
}

/// Where the host is to put what it answers. The SDK's own clears the memory first.
#[unsafe(no_mangle)]
extern "C" fn ballast_on_memory_allocate(size: usize) -> *mut u8 {
    Layout::array::<u8>(size).map_or(ptr::null_mut(), |layout| match layout.size() {
        0 => ptr::dangling_mut(),
        // SAFETY: the size is not zero.
        _ => unsafe { alloc::alloc(layout) },
    })
}

#[unsafe(no_mangle)]
extern "C" fn ballast_on_context_create(context: u32, root: u32) {
    match streams() {
        Some(streams) if root != 0 => streams.create(context, root),
        streams => {
            // SAFETY: a call within the module, with the arguments the host gave.
            unsafe { proxy_on_context_create(context, root) }
            for gone in streams.map(|streams| streams.gone_roots(context)).unwrap_or_default() {
                // SAFETY: a call within the module, with the id of a root that the SDK knows.
                unsafe { proxy_on_delete(gone) }
            }
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn ballast_on_request_headers(context: u32, _headers: usize, _end: u32) -> u32 {
    streams().map_or(CONTINUE, |streams| streams.on_request_headers(context) as u32)
}

#[unsafe(no_mangle)]
extern "C" fn ballast_on_response_headers(context: u32, _headers: usize, end: u32) -> u32 {
    attentive().map_or(CONTINUE, |streams| streams.on_response_headers(context, end != 0) as u32)
}

#[unsafe(no_mangle)]
extern "C" fn ballast_on_response_body(context: u32, size: usize, end: u32) -> u32 {
    let Some(streams) = attentive() else { return CONTINUE };
    let action = streams.on_response_body(context, size, end != 0);
    if WATERMARK.replace(false) { STOP_ITERATION_AND_WATERMARK } else { action as u32 }
}

#[unsafe(no_mangle)]
extern "C" fn ballast_on_response_trailers(context: u32, _trailers: usize) -> u32 {
    attentive().map_or(CONTINUE, |streams| streams.on_response_trailers(context) as u32)
}

#[unsafe(no_mangle)]
extern "C" fn ballast_on_delete(context: u32) {
    if streams().is_some_and(|streams| streams.delete(context)) {
        return;
    }
    // SAFETY: a call within the module, with the argument the host gave.
    unsafe { proxy_on_delete(context) }
}

/// The streams, if any of them needs response callbacks.
fn attentive() -> Option<&'static dyn Streams> {
    if ATTENTIVE.get() == 0 { None } else { streams() }
}

#[unsafe(no_mangle)]
extern "C" fn ballast_on_http_call_response(
    _root: u32,
    token: u32,
    headers: usize,
    body_size: usize,
    _trailers: usize,
) {
    callouts::on_http_call_response(token, headers, body_size);
}

#[unsafe(no_mangle)]
extern "C" fn ballast_on_grpc_receive(_root: u32, token: u32, size: usize) {
    callouts::on_grpc_receive(token, size);
}

#[unsafe(no_mangle)]
extern "C" fn ballast_on_grpc_close(_root: u32, token: u32, status: u32) {
    callouts::on_grpc_close(token, status);
}

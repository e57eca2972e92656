//! The module's entry, and the callbacks whose meaning the SDK cannot express.
//!
//! The build renames each `ballast_on_*` export to `proxy_on_*`, in the place of the SDK's own:
//!
//! - a response callback of a VM in which no stream looks at responses returns at once;
//! - a body callback can return StopIterationAndWatermark, for which the SDK's `Action` has no value;
//! - answers to calls made without the SDK find their way back (see [`callouts`](crate::callouts)).

use crate::callouts;
use crate::root::Root;
use filter_api::HttpFilter;
use proxy_wasm::types::Action;
use std::cell::Cell;

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
    fn proxy_on_response_headers(context: u32, headers: usize, end_of_stream: bool) -> Action;
    fn proxy_on_response_body(context: u32, size: usize, end_of_stream: bool) -> Action;
}

/// The module's start: tells the SDK how contexts of `F` are made.
#[doc(hidden)]
pub fn start<F: HttpFilter>() {
    proxy_wasm::set_root_context(|_| Box::new(Root::<F>::default()));
}

/// Whether one stream needs response callbacks. Counted in [`ATTENTIVE`].
#[derive(Default)]
pub(crate) struct Attention(Cell<bool>);

impl Attention {
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

#[unsafe(no_mangle)]
extern "C" fn ballast_on_response_headers(context: u32, headers: usize, end_of_stream: u32) -> u32 {
    if ATTENTIVE.get() == 0 {
        return CONTINUE;
    }
    // SAFETY: a call within the module, with the arguments the host gave.
    let action = unsafe { proxy_on_response_headers(context, headers, end_of_stream != 0) };
    action as u32
}

#[unsafe(no_mangle)]
extern "C" fn ballast_on_response_body(context: u32, size: usize, end_of_stream: u32) -> u32 {
    if ATTENTIVE.get() == 0 {
        return CONTINUE;
    }
    // SAFETY: a call within the module, with the arguments the host gave.
    let action = unsafe { proxy_on_response_body(context, size, end_of_stream != 0) };
    if WATERMARK.replace(false) { STOP_ITERATION_AND_WATERMARK } else { action as u32 }
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

//! The one adapter between pure filters and the proxy-wasm host.
//!
//! A module is one line, `filter_wasm::export!(my_crate::MyFilter);`. Everything between that
//! filter and Envoy is here, and nothing here knows a filter. The order of the request's way:
//!
//! | file | what it does |
//! |---|---|
//! | `exports` | `export!`, and the callbacks in the place of the SDK's |
//! | `streams` | the streams of a VM, by the host's id |
//! | `root` | one per plugin and worker: configuration, ticks |
//! | `stream` | one per request: asks the filter, carries out its verdict |
//! | `apply` | effects: counters, filter state, headers |
//! | `timers` | the queue of deadlines and the tick that serves it |
//! | `environment` | time, randomness, gauges, attributes, shared data |
//! | `callouts` | HTTP and gRPC calls of a plugin |
//! | `hostcalls` | the imports, each as a `Result` over bytes |
//! | `memory`, `compare` | what every request does many times: small allocations, comparisons |
//!
//! # What this adapter makes impossible
//!
//! Each of these, done by a module, ends the Envoy process (not the VM) or splits a response:
//!
//! | pattern | why it cannot happen here |
//! |---|---|
//! | a stream action in `on_log`, `on_done` or `on_delete` | the first two are not exported, and the end of a stream has no verdict |
//! | acting on a held stream whose end was not told | `stream::held` holds none of a filter without `Callbacks::STREAM_END` |
//! | a second terminal action on a stream | `stream::Phase` ends in `Terminated`, which acts no more |
//! | resuming a side that is not held | `stream::Phase` knows the held side, and only `resume` resumes |
//! | a gRPC call without a target | `filter_api::Cluster` cannot be empty, and is sent as a message, never as a bare name |
//! | a tick armed for the first time while another root's tick runs | every configuration sets the tick once |
//! | CR, LF or NUL in a reply | `filter_api::HeaderName`, `HeaderValue` and the details string are checked |
//! | touching a body buffer outside its callback | only `stream::response` does, within the callback |
#![cfg_attr(
    any(target_arch = "wasm32", test),
    allow(unsafe_code, reason = "the host's imports and exports, and the module's memory")
)]

mod queue;

#[cfg(any(target_arch = "wasm32", test))]
mod compare;
#[cfg(any(target_arch = "wasm32", test))]
mod memory;

#[cfg(target_arch = "wasm32")]
mod apply;
#[cfg(target_arch = "wasm32")]
mod callouts;
#[cfg(target_arch = "wasm32")]
mod environment;
#[cfg(target_arch = "wasm32")]
mod exports;
#[cfg(target_arch = "wasm32")]
mod hostcalls;
#[cfg(target_arch = "wasm32")]
mod logger;
#[cfg(target_arch = "wasm32")]
mod metrics;
#[cfg(target_arch = "wasm32")]
mod root;
#[cfg(target_arch = "wasm32")]
mod stream;
#[cfg(target_arch = "wasm32")]
mod streams;
#[cfg(target_arch = "wasm32")]
mod timers;

#[doc(hidden)]
#[cfg(target_arch = "wasm32")]
pub use {exports::start, filter_api, proxy_wasm};

/// Turns a filter into a proxy-wasm module. The only line of a module crate.
///
/// On other targets than wasm32 it expands to nothing, so that a workspace builds whole.
#[macro_export]
macro_rules! export {
    ($filter:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "a module exports its entry point")]
        const _: () = {
            // Read, and then removed, by the build: which exports this module keeps.
            #[used]
            #[unsafe(link_section = "ballast.callbacks")]
            static CALLBACKS: [u8; 1] =
                [<$filter as $crate::filter_api::HttpFilter>::CALLBACKS.bits()];

            $crate::proxy_wasm::main! {{ $crate::start::<$filter>() }}
        };
    };
}

//! A proxy-wasm ABI 0.2.1 host for tests, on wasmtime.
//!
//! It runs a filter module as stock Envoy would: several workers (VMs) share data, queues and metrics; time is virtual
//! and moves only when the test says so; randomness comes from a seed; every host call can be made to fail; and the
//! call patterns that kill a real Envoy are reported as values ([`Death`]).
//!
//! ```
//! use proxy_wasm_test_host::{Engine, Request, Response, TestHost};
//!
//! let module = wat::parse_str(r#"(module
//!   (import "env" "proxy_add_header_map_value"
//!     (func $add (param i32 i32 i32 i32 i32) (result i32)))
//!   (memory (export "memory") 1)
//!   (data (i32.const 16) "x-seenyes")
//!   (func (export "proxy_abi_version_0_2_1"))
//!   (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
//!   (func (export "proxy_on_context_create") (param i32 i32))
//!   (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
//!     (drop (call $add (i32.const 0) (i32.const 16) (i32.const 6) (i32.const 22) (i32.const 3)))
//!     (i32.const 0)))"#)?;
//!
//! let host = TestHost::builder(&Engine::new(&module)?).workers(1).build()?;
//! let outcome = host.worker(0).exchange(Request::get("/"), |_| Response::new(200).body("hello"));
//!
//! let upstream = outcome.upstream_request.ok_or("the request did not reach the upstream")?;
//! assert_eq!(upstream.header("x-seen"), Some(&b"yes"[..]));
//! assert_eq!(outcome.downstream_response.map(|response| response.body), Some(b"hello".to_vec()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod abi;
mod bytes;
mod callout;
mod death;
mod drive;
mod engine;
mod error;
mod foreign;
mod header_map;
mod host;
mod message;
mod process;
mod property;
mod status;
mod stream;
mod vm;

pub use callout::{GrpcCall, GrpcKind, HttpCall};
pub use death::{Death, KillPattern};
pub use engine::Engine;
pub use error::LoadError;
pub use foreign::ForeignResult;
pub use header_map::{HeaderMap, MapKind, Pairs, decode_pairs, encode_pairs};
pub use host::TestHost;
pub use host::builder::{FailurePolicy, HostBuilder};
pub use host::outcome::{LocalReply, Outcome};
pub use host::stream::StreamHandle;
pub use host::worker::Worker;
pub use message::{Message, Request, Response};
pub use process::inject::Injection;
pub use process::metrics::Metric;
pub use process::route::{Route, RouteRequest};
pub use status::Status;
pub use stream::Direction;
pub use vm::counts::{CallCounts, ExportStats};
pub use vm::log::{LogLevel, LogLine, VmRole};

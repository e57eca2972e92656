//! The exports Envoy knows, with their signatures: all parameters and results are i32.

/// An export that the host calls.
pub(crate) struct Callback {
    pub(crate) name: &'static str,
    pub(crate) params: usize,
    pub(crate) results: usize,
}

const fn callback(name: &'static str, params: usize, results: usize) -> Callback {
    Callback { name, params, results }
}

pub(crate) const ALLOCATORS: [&str; 2] = ["proxy_on_memory_allocate", "malloc"];
pub(crate) const ABI_VERSIONS: [&str; 2] = ["proxy_abi_version_0_2_1", "proxy_abi_version_0_2_0"];

pub(crate) const CALLBACKS: &[Callback] = &[
    callback("_initialize", 0, 0),
    callback("_start", 0, 0),
    callback("main", 2, 1),
    callback("malloc", 1, 1),
    callback("proxy_on_configure", 2, 1),
    callback("proxy_on_context_create", 2, 0),
    callback("proxy_on_delete", 1, 0),
    callback("proxy_on_done", 1, 1),
    callback("proxy_on_foreign_function", 3, 0),
    callback("proxy_on_grpc_close", 3, 0),
    callback("proxy_on_grpc_receive", 3, 0),
    callback("proxy_on_grpc_receive_initial_metadata", 3, 0),
    callback("proxy_on_grpc_receive_trailing_metadata", 3, 0),
    callback("proxy_on_http_call_response", 5, 0),
    callback("proxy_on_log", 1, 0),
    callback("proxy_on_memory_allocate", 1, 1),
    callback("proxy_on_queue_ready", 2, 0),
    callback("proxy_on_request_body", 3, 1),
    callback("proxy_on_request_headers", 3, 1),
    callback("proxy_on_request_trailers", 2, 1),
    callback("proxy_on_response_body", 3, 1),
    callback("proxy_on_response_headers", 3, 1),
    callback("proxy_on_response_trailers", 2, 1),
    callback("proxy_on_tick", 1, 0),
    callback("proxy_on_vm_start", 2, 1),
];

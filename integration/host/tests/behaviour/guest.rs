//! Builds test modules from WAT bodies. In a body, `'text'` stands for a pointer and a length.

use proxy_wasm_test_host::{Engine, HostBuilder, Metric, TestHost};

/// Host functions that bodies may call, by the short name before the parameters.
const IMPORTS: &[(&str, &str, usize)] = &[
    ("add", "proxy_add_header_map_value", 5),
    ("call_foreign", "proxy_call_foreign_function", 6),
    ("close", "proxy_close_stream", 1),
    ("continue", "proxy_continue_stream", 1),
    ("define", "proxy_define_metric", 4),
    ("dequeue", "proxy_dequeue_shared_queue", 3),
    ("done", "proxy_done", 0),
    ("effective", "proxy_set_effective_context", 1),
    ("enqueue", "proxy_enqueue_shared_queue", 3),
    ("get", "proxy_get_header_map_value", 5),
    ("get_body", "proxy_get_buffer_bytes", 5),
    ("get_property", "proxy_get_property", 4),
    ("get_shared", "proxy_get_shared_data", 5),
    ("grpc_call", "proxy_grpc_call", 12),
    ("http_call", "proxy_http_call", 10),
    ("log", "proxy_log", 3),
    ("now", "proxy_get_current_time_nanoseconds", 1),
    ("pairs", "proxy_get_header_map_pairs", 3),
    ("register", "proxy_register_shared_queue", 3),
    ("remove", "proxy_remove_header_map_value", 3),
    ("reply", "proxy_send_local_response", 8),
    ("set_body", "proxy_set_buffer_bytes", 5),
    ("set_property", "proxy_set_property", 4),
    ("set_shared", "proxy_set_shared_data", 5),
    ("size", "proxy_get_header_map_size", 2),
    ("tick", "proxy_set_tick_period_milliseconds", 1),
];

/// Callbacks that tests export: name without `proxy_on_`, number of parameters, whether they return a value.
const CALLBACKS: &[(&str, usize, bool)] = &[
    ("configure", 2, true),
    ("delete", 1, false),
    ("done", 1, true),
    ("grpc_close", 3, false),
    ("grpc_receive", 3, false),
    ("http_call_response", 5, false),
    ("log", 1, false),
    ("queue_ready", 2, false),
    ("request_body", 3, true),
    ("request_headers", 3, true),
    ("request_trailers", 2, true),
    ("response_body", 3, true),
    ("response_headers", 3, true),
    ("response_trailers", 2, true),
    ("tick", 1, false),
];

/// `$note` records a number in the histogram `notes`; `$note_st` a status; `$log_out` logs the bytes returned at 8.
/// Scratch: out-parameters at 8 (pointer) and 12 (size), numbers at 16. Global `$g` and `$h` are the test's own.
const PRELUDE: &str = r#"
(import "env" "proxy_increment_metric" (func $inc (param i32 i64) (result i32)))
(import "env" "proxy_record_metric" (func $record (param i32 i64) (result i32)))
(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
(memory (export "memory") 8)
(global $heap (mut i32) (i32.const 65536))
(global $g (mut i32) (i32.const 0))
(global $h (mut i32) (i32.const 0))
(func (export "proxy_abi_version_0_2_1"))
(func (export "proxy_on_memory_allocate") (param $n i32) (result i32) (i32.const 65536))
(func (export "proxy_on_context_create") (param i32 i32))
(func (export "proxy_on_vm_start") (param i32 i32) (result i32)
  (drop (call $define (i32.const 2) 'notes' (i32.const 16))) (i32.const 1))
(func $note (param $n i64) (drop (call $record (i32.const 6) (local.get $n))))
(func $note_st (param $n i32) (call $note (i64.extend_i32_u (local.get $n))))
(func $log_out (drop (call $log (i32.const 2) (i32.load (i32.const 8)) (i32.load (i32.const 12)))))
"#;

/// A module with these callbacks, each a name from [`CALLBACKS`] and a body.
pub(crate) fn module(callbacks: &[(&str, &str)]) -> Vec<u8> {
    let mut imports = String::new();
    for (short, name, params) in IMPORTS {
        let params = "i32 ".repeat(*params);
        imports +=
            &format!("(import \"env\" \"{name}\" (func ${short} (param {params}) (result i32)))\n");
    }
    let mut text = PRELUDE.to_owned();
    for (name, body) in callbacks {
        let (_, params, returns) =
            CALLBACKS.iter().find(|(known, ..)| known == name).expect("a known callback");
        let params: String = (0..*params).map(|index| format!("(param ${index} i32)")).collect();
        let result = if *returns { "(result i32)" } else { "" };
        text += &format!("(func (export \"proxy_on_{name}\") {params} {result} {body})\n");
    }
    let (text, data) = place_texts(&text);
    let escaped: String = data.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let wat = format!("(module {imports} {text} (data (i32.const 1024) \"{escaped}\"))");
    wat::parse_str(&wat).unwrap_or_else(|error| panic!("{error}\n{wat}"))
}

/// Replaces each `'text'` by its place in memory; `\n`, `\r` and `\0` are escapes.
fn place_texts(text: &str) -> (String, Vec<u8>) {
    let (mut out, mut data) = (String::new(), Vec::new());
    for (index, part) in text.split('\'').enumerate() {
        if index % 2 == 0 {
            out += part;
            continue;
        }
        let bytes = part.replace("\\n", "\n").replace("\\r", "\r").replace("\\0", "\0");
        out += &format!("(i32.const {}) (i32.const {})", 1024 + data.len(), bytes.len());
        data.extend(bytes.into_bytes());
    }
    (out, data)
}

/// A builder for a host that runs such a module.
pub(crate) fn builder(callbacks: &[(&str, &str)]) -> HostBuilder {
    TestHost::builder(&Engine::new(&module(callbacks)).expect("the module loads"))
}

/// A host with one worker.
pub(crate) fn host(callbacks: &[(&str, &str)]) -> TestHost {
    builder(callbacks).build().expect("the module starts")
}

/// What `$note` recorded since the start, of all VMs in order.
pub(crate) fn notes(host: &TestHost) -> Vec<u64> {
    let metric = host.metrics().into_iter().find(|(name, _)| name == "notes");
    match metric {
        Some((_, Metric::Histogram(values))) => values,
        other => panic!("no histogram `notes`: {other:?}"),
    }
}

/// The texts logged so far.
pub(crate) fn logged(host: &TestHost) -> Vec<String> {
    host.logs().into_iter().map(|line| line.message).collect()
}

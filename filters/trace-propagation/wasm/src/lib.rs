//! The `trace_propagation` filter as a proxy-wasm module.

filter_wasm::export!(trace_propagation::TraceFilter);

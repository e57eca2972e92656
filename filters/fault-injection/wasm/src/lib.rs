//! The `fault_injection` filter as a proxy-wasm module.

filter_wasm::export!(fault_injection::FaultFilter);

//! The `routing_hints` filter as a proxy-wasm module.

filter_wasm::export!(routing_hints::RoutingHintsFilter);

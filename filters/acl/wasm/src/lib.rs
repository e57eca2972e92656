//! The `acl` filter as a proxy-wasm module.

filter_wasm::export!(acl::AclFilter);

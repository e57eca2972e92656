//! The `rate_limit_quota` filter as a proxy-wasm module.

filter_wasm::export!(rate_limit_quota::QuotaFilter);

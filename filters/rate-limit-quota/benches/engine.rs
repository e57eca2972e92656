//! What a decision costs, without any proxy: nanoseconds of this machine, to compare quotas with each
//! other, from one key to a million. What a request costs in Envoy is counted in instructions by
//! `make bench`.

#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

use criterion::Criterion;
use filter_api::{Environment, HeaderPairs, HttpFilter, RequestHead, encode_pairs};
use filter_testing::SimEnvironment;
use rate_limit_quota::QuotaFilter;
use serde_json::{Value, json};
use std::hint::black_box;

fn main() -> anyhow::Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    for algorithm in ["GCRA", "FIXED_WINDOW", "ROLLING_WINDOW"] {
        decide(&mut criterion, algorithm, &quota(algorithm, &Value::Null), 1)?;
    }
    for keys in [1_000, 100_000, 1_000_000] {
        decide(&mut criterion, "GCRA", &quota("GCRA", &Value::Null), keys)?;
    }
    let leased = quota("GCRA", &json!({"amount": 1000, "ttl": "1s"}));
    decide(&mut criterion, "from a worker's lease", &leased, 1)?;
    criterion.final_summary();
    Ok(())
}

/// Decides on requests of so many keys, all of them live, one after the other.
fn decide(criterion: &mut Criterion, name: &str, config: &Value, keys: u64) -> anyhow::Result<()> {
    let mut env = SimEnvironment::seeded(1);
    let filter = QuotaFilter::configure(config.to_string().as_bytes(), &mut env.metrics)?;
    let mut next = 0;
    let mut ask = || {
        next = (next + 1) % keys;
        let key = next.to_string();
        let bytes = encode_pairs([(":method", "GET"), (":path", "/"), ("x-key", key.as_str())]);
        let request = RequestHead::new(HeaderPairs::parse(black_box(&bytes)));
        let mut stream = <QuotaFilter as HttpFilter>::Stream::default();
        filter.on_request_headers(&mut stream, &request, &mut env)
    };
    (0..keys).for_each(|_| drop(ask()));
    criterion.bench_function(&format!("decide/{name}, {keys} keys"), |bencher| {
        bencher.iter(&mut ask);
    });
    let slabs = (0..1 << 15_u32).filter_map(|slab| env.shared_data(&format!("b{slab:04x}")));
    let bytes: usize = slabs.map(|(bytes, _)| bytes.len()).sum();
    println!("{keys} keys: {bytes} bytes in the store");
    Ok(())
}

fn quota(algorithm: &str, lease: &Value) -> Value {
    let mut quota = json!({
        "name": "q", "algorithm": algorithm, "maxAmount": 1_000_000, "validDuration": "366h",
        "dimensions": {"key": "request.headers[\"x-key\"]"},
    });
    if let (Some(quota), false) = (quota.as_object_mut(), lease.is_null()) {
        quota.insert("workerLease".to_owned(), lease.clone());
    }
    json!({"quotas": [quota]})
}

//! Instructions of the module alone, in the wasmtime host, whose fuel counts alike on every machine: of the
//! ways a decision can go, and how they grow with what a client sends.

use crate::FILTER;
use anyhow::{Result, ensure};
use proxy_wasm_test_host::{Engine, Request, Response, TestHost};
use serde_json::{Value, json};

const REQUESTS: u64 = 100;

pub(crate) fn host(config: &Value) -> Result<TestHost> {
    let engine = Engine::new(&std::fs::read(integration::module(FILTER)?)?)?;
    let builder = TestHost::builder(&engine).plugin(FILTER, FILTER, "").workers(1);
    Ok(builder.plugin_config(config.to_string()).build()?)
}

/// Instructions per request, and the status of the last.
fn fuel(host: &TestHost, request: &Request) -> (u64, Option<u16>) {
    let exchange = || host.worker(0).exchange(request.clone(), |_| Response::new(200)).status();
    let status = exchange();
    host.reset_counts();
    for _ in 0..REQUESTS {
        exchange();
    }
    (host.counts().fuel_total() / REQUESTS, status)
}

#[test]
fn what_each_kind_of_decision_takes() -> Result<()> {
    let user = json!({"user": "request.headers[\"end-user\"]"});
    let quota = |more: Value| {
        let mut quota = json!({"name": "q", "maxAmount": 1_000_000, "validDuration": "1s"});
        envoy_runner::merge(&mut quota, more);
        json!({"quotas": [quota]})
    };
    let mut refused = quota(json!({"maxAmount": 0, "dimensions": user}));
    envoy_runner::merge(
        &mut refused,
        json!({"rateLimitHeaders": {"kinds": ["RATELIMIT", "X_RATELIMIT_DRAFT_03"]}}),
    );
    let request = Request::get("/reviews")
        .header("x-request-id", "d7a9c0d2-35e5-4c7b-9b2f-0b3a5c1d2e3f")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64)")
        .header("accept", "*/*")
        .header("end-user", "jason");
    for (what, config, status) in [
        ("nothing concerns it", quota(json!({"match": [{"uri": {"prefix": "/other"}}]})), 200),
        (
            "from a worker's lease",
            quota(json!({"dimensions": user, "workerLease": {"amount": 1000, "ttl": "60s"}})),
            200,
        ),
        ("through shared data", quota(json!({"dimensions": user})), 200),
        ("refused, all headers", refused, 429),
    ] {
        let (fuel, answered) = fuel(&host(&config)?, &request);
        println!("{what}: {fuel} instructions of the module");
        ensure!(answered == Some(status), "{what}: {answered:?}");
    }
    Ok(())
}

/// What a client can send much of, of `size`.
fn long(what: &str, size: usize) -> Request {
    let text = |piece: &str| piece.repeat(size / piece.len());
    let request = Request::get("/reviews");
    match what {
        "a long value" => request.header("x-key", text("a")),
        "colons" => request.header("x-key", text(":")),
        "almost an address" => request.header("x-key", text("1.")),
        "what a regular expression begins to match" => request.header("x-key", text("ab")),
        "a long path" => Request::get(&format!("/{}", text("p"))),
        "a long query" => Request::get(&format!("/?{}", text("k=v&"))),
        "many cookies" => request.header("cookie", text("k=v; ")),
        "a great cost" => request.header("x-cost", text("9")),
        "a long id" => request.header("x-request-id", text("i")),
        "many headers" => {
            let names = (0..size / 32).map(|number| format!("x-header-{number:08}"));
            names.fold(request, |request, name| request.header(name, "0123456789"))
        }
        _ => (0..size / 16).fold(request, |request, _| request.header("x-key", "0123456789")),
    }
}

/// Twice as much of anything takes at most twice as many instructions.
#[test]
fn a_decision_is_linear_in_what_a_client_sends() -> Result<()> {
    let config = json!({
        "deduplication": {"minDeduplicationDuration": "1s"},
        "topKeys": {"match": [{"uri": {"exact": "/top"}, "queryParams": {"k": {"exact": "w"}}}]},
        "rateLimitHeaders": {"kinds": ["RATELIMIT", "X_RATELIMIT_DRAFT_03"], "onAdmitted": true},
        "quotas": [{
            "name": "q", "maxAmount": 3, "validDuration": "1h", "algorithm": "ROLLING_WINDOW",
            "dimensions": {
                "key": "request.headers[\"x-key\"]", "path": "request.path",
                "cookie": "request.headers[\"cookie\"]", "host": "request.host",
            },
            "overrides": [
                {"dimensions": {"key": "regex:(a|b)*(ab)*c"}, "maxAmount": 1},
                {"dimensions": {"key": "10.0.0.0/8"}, "maxAmount": 1},
                {"dimensions": {"key": "zz*"}, "maxAmount": 1},
            ],
            "match": [{"withoutHeaders": {"x-key": {"regex": "(z*)*y"}}}],
            "cost": "request.headers[\"x-cost\"]",
        }],
    });
    let host = host(&config)?;
    for what in [
        "a long value",
        "colons",
        "almost an address",
        "what a regular expression begins to match",
        "a long path",
        "a long query",
        "many cookies",
        "a great cost",
        "a long id",
        "many headers",
        "one header many times",
    ] {
        let figures: Vec<u64> =
            [2_048, 4_096, 8_192, 16_384].map(|size| fuel(&host, &long(what, size)).0).to_vec();
        println!("{what}: {figures:?} instructions of the module for 2, 4, 8 and 16 KiB");
        let is_linear = figures.is_sorted_by(|less, more| more * 10 <= less * 21);
        ensure!(is_linear, "{what}: {figures:?}");
    }
    Ok(())
}

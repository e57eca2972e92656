//! What a decision costs, without any proxy: nanoseconds of this machine, to compare rules with each
//! other. What a request costs in Envoy is counted in instructions by `make bench`.

use criterion::Criterion;
use filter_api::{HeaderPairs, HttpFilter, RequestHead, encode_pairs};
use filter_testing::SimEnvironment;
use routing_hints::RoutingHintsFilter;
use serde_json::{Value, json};
use std::hint::black_box;

/// What a filter sees of a small request.
const HEADERS: [(&str, &str); 9] = [
    (":authority", "reviews.example.com"),
    (":path", "/reviews/1?page=2"),
    (":method", "GET"),
    (":scheme", "http"),
    ("user-agent", "bench/1.0"),
    ("accept", "*/*"),
    ("cookie", "theme=dark; session=9a1f6a3e; canary=0123456789abcdef"),
    ("x-forwarded-proto", "http"),
    ("x-request-id", "9a1f6a3e-3d0e-4d0c-8d2f-0f1d2c3b4a59"),
];

fn main() -> anyhow::Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    decide(&mut criterion, "no rule", &json!({}))?;
    decide(&mut criterion, "hint headers alone", &json!({"hintHeaders": ["x-route"]}))?;
    decide(&mut criterion, "a rule that does not match", &by_user_agent("Firefox"))?;
    decide(&mut criterion, "a hint written", &by_user_agent("bench"))?;
    decide(&mut criterion, "a sticky split of two", &split(2))?;
    decide(&mut criterion, "a sticky split of 64", &split(64))?;
    criterion.final_summary();
    Ok(())
}

/// Decides on one request, and forgets the stream.
fn decide(criterion: &mut Criterion, name: &str, config: &Value) -> anyhow::Result<()> {
    let mut env = SimEnvironment::seeded(1);
    let config = config.to_string();
    let filter = RoutingHintsFilter::configure(config.as_bytes(), &mut env.metrics)?;
    let bytes = encode_pairs(HEADERS);
    criterion.bench_function(&format!("decide/{name}"), |bencher| {
        bencher.iter(|| {
            let mut stream = <RoutingHintsFilter as HttpFilter>::Stream::default();
            let request = RequestHead::new(HeaderPairs::parse(black_box(&bytes)));
            filter.on_request_headers(&mut stream, &request, &mut env)
        });
    });
    Ok(())
}

fn by_user_agent(part: &str) -> Value {
    json!({"hintHeaders": ["x-route"], "rules": [{
        "name": "r",
        "match": [{"headers": {"user-agent": {"contains": part}}}],
        "set": {"headers": {"x-route": "v2"}},
    }]})
}

fn split(variants: usize) -> Value {
    let variant = |n| {
        let name = format!("v{n}");
        json!({"name": name, "weight": n, "set": {"headers": {"x-route": name}}})
    };
    let variants: Vec<Value> = (1..=variants).map(variant).collect();
    let split = json!({"key": "request.cookies[\"session\"]", "variants": variants});
    json!({"hintHeaders": ["x-route"], "rules": [{"name": "r", "split": split}]})
}

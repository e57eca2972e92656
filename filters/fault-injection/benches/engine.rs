//! What a decision costs, without any proxy: nanoseconds of this machine, to compare rules with each
//! other. What a request costs in Envoy is counted in instructions by `make bench`.

use criterion::Criterion;
use fault_injection::FaultFilter;
use filter_api::{HeaderPairs, HttpFilter, RequestHead, encode_pairs};
use filter_testing::SimEnvironment;
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
    ("end-user", "alice"),
    ("x-forwarded-proto", "http"),
    ("x-request-id", "9a1f6a3e-3d0e-4d0c-8d2f-0f1d2c3b4a59"),
];

fn main() -> anyhow::Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    decide(&mut criterion, "no rule", &json!({}))?;
    decide(&mut criterion, "percentage, hardly ever drawn", &one_rule(&percentage(0.0001)))?;
    decide(&mut criterion, "percentage, always drawn", &one_rule(&percentage(100.0)))?;
    decide(&mut criterion, "ten header rules, none matches", &ten_rules("nobody"))?;
    decide(&mut criterion, "ten header rules, the last matches", &ten_rules("alice"))?;
    decide(&mut criterion, "sticky percentage", &one_rule(&sticky()))?;
    decide(&mut criterion, "ten outcomes", &one_rule(&outcomes()))?;
    configure(&mut criterion, "ten header rules", &ten_rules("nobody"))?;
    criterion.final_summary();
    Ok(())
}

/// Decides on one request, and forgets the stream.
fn decide(criterion: &mut Criterion, name: &str, config: &Value) -> anyhow::Result<()> {
    let mut env = SimEnvironment::seeded(1);
    let filter = FaultFilter::configure(config.to_string().as_bytes(), &mut env.metrics)?;
    let bytes = encode_pairs(HEADERS);
    criterion.bench_function(&format!("decide/{name}"), |bencher| {
        bencher.iter(|| {
            let mut stream = <FaultFilter as HttpFilter>::Stream::default();
            let request = RequestHead::new(HeaderPairs::parse(black_box(&bytes)));
            let decision = filter.on_request_headers(&mut stream, &request, &mut env);
            (decision, filter.on_stream_end(&mut stream, &mut env))
        });
    });
    Ok(())
}

/// Reads a configuration, as every worker does at each update.
fn configure(criterion: &mut Criterion, name: &str, config: &Value) -> anyhow::Result<()> {
    let text = config.to_string();
    let mut metrics = SimEnvironment::seeded(1).metrics;
    FaultFilter::configure(text.as_bytes(), &mut metrics)?;
    criterion.bench_function(&format!("configure/{name}"), |bencher| {
        bencher.iter(|| FaultFilter::configure(black_box(text.as_bytes()), &mut metrics).is_ok());
    });
    Ok(())
}

fn one_rule(fault: &Value) -> Value {
    json!({"rules": [{"name": "r", "fault": fault}]})
}

fn percentage(value: f64) -> Value {
    json!({"abort": {"httpStatus": 503, "percentage": {"value": value}}})
}

fn sticky() -> Value {
    let percentage = json!({"value": 10, "key": "request.headers[\"end-user\"]", "salt": "exp-1"});
    json!({"abort": {"httpStatus": 503, "percentage": percentage}})
}

fn outcomes() -> Value {
    let outcome = |status| json!({"weight": 1, "abort": {"httpStatus": status}});
    json!({"outcomes": (500..510).map(outcome).collect::<Vec<_>>()})
}

/// Ten rules for as many users, of whom the last is `last`.
fn ten_rules(last: &str) -> Value {
    let rule = |n| {
        let user = if n == 9 { last.to_owned() } else { format!("user-{n}") };
        json!({
            "name": format!("rule-{n}"),
            "match": [{"headers": {"end-user": {"exact": user}}}],
            "fault": percentage(100.0),
        })
    };
    json!({"rules": (0..10).map(rule).collect::<Vec<_>>()})
}

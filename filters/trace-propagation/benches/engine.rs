//! What a decision costs, without any proxy: nanoseconds of this machine, to compare configurations
//! with each other. What a request costs in Envoy is counted in instructions by `make bench`.

use criterion::Criterion;
use filter_api::{HeaderPairs, HttpFilter, RequestHead, encode_pairs};
use filter_testing::SimEnvironment;
use serde_json::{Value, json};
use std::hint::black_box;
use trace_propagation::TraceFilter;

/// What a filter sees of a small request.
const HEADERS: [(&str, &str); 9] = [
    (":authority", "reviews.example.com"),
    (":path", "/reviews/1?page=2"),
    (":method", "GET"),
    (":scheme", "http"),
    ("user-agent", "bench/1.0"),
    ("accept", "*/*"),
    ("traceparent", "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01"),
    ("x-forwarded-proto", "http"),
    ("x-request-id", "9a1f6a3e-3d0e-4d0c-8d2f-0f1d2c3b4a59"),
];

fn main() -> anyhow::Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    decide(&mut criterion, "{}", &json!({}))?;
    decide(&mut criterion, "complete", &json!({"inject": ["tracecontext"]}))?;
    decide(&mut criterion, "translated to b3multi", &json!({"inject": ["b3multi"]}))?;
    decide(&mut criterion, "restarted", &json!({"inject": ["b3"], "trust": "RESTART"}))?;
    decide(&mut criterion, "remembered", &json!({"correlate": {"role": "INBOUND"}}))?;
    decide(&mut criterion, "not recognised", &json!({"correlate": {"role": "OUTBOUND"}}))?;
    criterion.final_summary();
    Ok(())
}

/// Decides on one request, and forgets the stream.
fn decide(criterion: &mut Criterion, name: &str, config: &Value) -> anyhow::Result<()> {
    let mut env = SimEnvironment::seeded(1);
    let filter = TraceFilter::configure(config.to_string().as_bytes(), &mut env.metrics)?;
    let bytes = encode_pairs(HEADERS);
    criterion.bench_function(&format!("decide/{name}"), |bencher| {
        bencher.iter(|| {
            let mut stream = <TraceFilter as HttpFilter>::Stream::default();
            let request = RequestHead::new(HeaderPairs::parse(black_box(&bytes)));
            let decision = filter.on_request_headers(&mut stream, &request, &mut env);
            (decision, filter.on_stream_end(&mut stream, &mut env))
        });
    });
    Ok(())
}

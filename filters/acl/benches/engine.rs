//! What a decision costs, without any proxy: nanoseconds of this machine, to compare rules and lists
//! with each other. What a request costs in Envoy is counted in instructions by `make bench`.

use acl::AclFilter;
use criterion::Criterion;
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
    decide(&mut criterion, "nothing", &json!({}), "/reviews/1")?;
    decide(&mut criterion, "ten rules, none matches", &ten_rules("nobody"), "/reviews/1")?;
    decide(&mut criterion, "ten rules, the last matches", &ten_rules("alice"), "/reviews/1")?;
    decide(&mut criterion, "ten rules, an odd path", &ten_rules("nobody"), "/a/..;/%252e/b")?;
    for entries in [10, 1_000, 100_000, 1_000_000] {
        decide(&mut criterion, &format!("{entries} strings"), &list(entries, None), "/")?;
        let addresses = list(entries, Some("IP_ADDRESSES"));
        decide(&mut criterion, &format!("{entries} prefixes"), &addresses, "/")?;
    }
    criterion.final_summary();
    Ok(())
}

/// Decides on one request, and forgets the stream.
fn decide(criterion: &mut Criterion, name: &str, config: &Value, path: &str) -> anyhow::Result<()> {
    let mut env = SimEnvironment::seeded(1);
    let filter = AclFilter::configure(config.to_string().as_bytes(), &mut env.metrics)?;
    let headers =
        HEADERS.map(|(name, value)| if name == ":path" { (name, path) } else { (name, value) });
    let bytes = encode_pairs(headers);
    criterion.bench_function(&format!("decide/{name}"), |bencher| {
        bencher.iter(|| {
            let mut stream = <AclFilter as HttpFilter>::Stream::default();
            let request = RequestHead::new(HeaderPairs::parse(black_box(&bytes)));
            let decision = filter.on_request_headers(&mut stream, &request, &mut env);
            (decision, filter.on_stream_end(&mut stream, &mut env))
        });
    });
    Ok(())
}

/// Ten rules on methods, paths, hosts and headers, of which the last is about `last`.
fn ten_rules(last: &str) -> Value {
    let rule = |n: usize| {
        let (name, user) =
            (format!("rule-{n}"), if n == 9 { last.to_owned() } else { format!("user-{n}") });
        match n % 3 {
            0 => json!({"name": name, "action": "DENY",
                "when": [{"key": "request.headers[end-user]", "values": [user]}]}),
            1 => json!({"name": name, "action": "DENY",
                "to": [{"operation": {"paths": [format!("/admin-{n}"), format!("/admin-{n}/*")]}}]}),
            _ => json!({"name": name, "action": "DENY",
                "to": [{"operation": {"methods": ["DELETE"], "hosts": ["*.example.com"]}}]}),
        }
    };
    json!({"rules": (0..10).map(rule).collect::<Vec<_>>()})
}

/// A blacklist of so many entries, none of which is the request's.
fn list(entries: u32, entry_type: Option<&str>) -> Value {
    let value = if entry_type.is_some() { "\"192.0.2.1\"" } else { "request.headers[end-user]" };
    let entry = |n: u32| match entry_type {
        Some(_) => format!("10.{}.{}.{}", n >> 16 & 255, n >> 8 & 255, n & 255),
        None => format!("user-{n}"),
    };
    let overrides: Vec<String> = (0..entries).map(entry).collect();
    let entry_type = entry_type.unwrap_or("STRINGS");
    json!({"lists": [{"name": "l", "value": value, "blacklist": true, "entryType": entry_type,
        "overrides": overrides}]})
}

//! `bytesPerSecond`: the average is never above the rate, and not a byte is lost.

use crate::{Served, filter};
use anyhow::Result;
use envoy_runner::{Body, Client, End, H2Client, Reply, Request, Upstream};
use integration::fixtures;
use serde_json::json;
use std::time::Duration;

/// What a throttled answer may last beyond its time.
const TOLERANCE: Duration = Duration::from_millis(400);

#[test]
fn bodies_are_no_faster_than_the_rate() -> Result<()> {
    let rule = |name: &str, rate: u32| {
        json!({
            "name": name,
            "match": [{"uri": {"exact": format!("/{name}")}}],
            "fault": {"response": {"bytesPerSecond": rate, "percent": 100}},
        })
    };
    // Bytes per second and the length of the body, which takes one second or less.
    let bodies =
        [("small", 60_000, 30_000), ("chunked", 200_000, 160_000), ("large", 4_000_000, 4_000_000)];
    let rules: Vec<_> = bodies.iter().map(|(name, rate, _)| rule(name, *rate)).collect();
    let upstream = Upstream::start(|received| match received.path.as_slice() {
        b"/small" => Reply::ok(content(30_000)),
        b"/large" => Reply::ok(content(4_000_000)),
        _ => {
            let chunks = content(160_000).chunks(10_000).map(<[u8]>::to_vec).collect();
            Reply::status(200).body(Body::Chunked(chunks, Vec::new()))
        }
    })?;
    let listener = fixtures::ingress().filter(filter(&json!({"rules": rules}))?);
    let served = Served::before(upstream, listener, 1)?;
    for (name, rate, length) in bodies {
        let request = Request::get(format!("/{name}"));
        let h1 = Client::once(served.addr()?, &request)?;
        let h2 = H2Client::connect(served.addr()?)?.send(&request)?;
        for (protocol, answer) in [("HTTP/1", h1), ("HTTP/2", h2)] {
            assert_eq!((answer.status, &answer.end), (Some(200), &End::Complete), "{name}");
            assert!(answer.body == content(length), "{name}: {} bytes", answer.body.len());
            let time = Duration::from_secs_f64(f64::from(u32::try_from(length)?) / f64::from(rate));
            println!("throttle {rate} B/s over {protocol}: {length} bytes in {:?}", answer.elapsed);
            assert!(answer.elapsed + Duration::from_millis(5) >= time, "{name}: above the rate");
            assert!(answer.elapsed <= time + TOLERANCE, "{name}: {:?}", answer.elapsed);
        }
        assert_eq!(served.stat(&format!("rule.{name}.response_rl_injected"))?, 2);
    }
    served.finish()
}

/// Bytes that are nowhere alike for long, so that a lost or doubled piece shows.
fn content(length: usize) -> Vec<u8> {
    (0_u32..).flat_map(u32::to_le_bytes).take(length).collect()
}

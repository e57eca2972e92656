//! Where no rule applies, not a byte is changed in either direction.

use crate::{FILTER, over_both, padded};
use anyhow::{Context, Result, ensure};
use envoy_runner::{
    Answer, Body, Bootstrap, End, Headers, Listener, Received, Reply, Request, Route, Upstream,
};
use integration::fixtures;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// What Envoy writes anew for every request.
const VOLATILE: [&str; 3] = ["date", "x-envoy-upstream-service-time", "x-request-id"];

/// Configurations that leave every request of this test alone.
fn idle() -> [(&'static str, Value); 3] {
    let spoil = json!({"httpStatus": 500, "body": "spoilt", "percent": 100});
    let fault = json!({
        "delay": {"fixedDelay": "1h", "percent": 100},
        "response": spoil,
    });
    let rule =
        |name: &str, matcher: Value| json!({"name": name, "match": [matcher], "fault": fault});
    let none_matches = json!({"faultHeader": "x-fault", "rules": [
        rule("header", json!({"headers": {"end-user": {"exact": "jason"}}})),
        rule("regex", json!({"headers": {"user-agent": {"regex": "evil.*"}}})),
        rule("uri", json!({"uri": {"prefix": "/elsewhere"}, "method": {"exact": "GET"}})),
        rule("query", json!({"queryParams": {"fault": {"exact": "yes"}}})),
    ]});
    let never = json!({"rules": [{"name": "never", "fault": {
        "delay": {"fixedDelay": "1h", "percentage": {"value": 0}},
        "abort": {"httpStatus": 500, "percentage": {"value": 0}},
    }}]});
    [("empty", json!({})), ("none-matches", none_matches), ("never", never)]
}

fn requests() -> Vec<Request> {
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let trailers: Headers = vec![(b"x-trailer".to_vec(), b"t".to_vec())];
    let pieces = bytes.chunks(7_000).map(<[u8]>::to_vec).collect();
    let obs_text: Vec<u8> = (0x80..=0xff).collect();
    vec![
        Request::get("/"),
        Request::get("/chunked?fault=no&x=%20%ff"),
        Request::get("/no-content").method("DELETE"),
        Request::get("/not-modified"),
        Request::get("/error"),
        Request::get("/large"),
        Request::get("/large").method("HEAD"),
        Request::get("/").method("OPTIONS").header("X-Mixed-Case", "Value"),
        Request::post("/echo", ""),
        Request::post("/echo", &bytes),
        Request::post("/echo", b"").method("PUT").body(Body::Chunked(pieces, trailers)),
        Request::get("/").header("x-bytes", &obs_text).header("user-agent", b"\xff"),
        Request::get("/").header("x-r", "a").header("x-r", "").header("x-r", "b"),
        padded(Request::get("/"), 85, 10),
        padded(Request::get("/"), 10, 5900),
    ]
}

fn answer(received: &Received) -> Reply {
    let path = received.path.split(|byte| *byte == b'?').next().unwrap_or_default();
    match path {
        b"/chunked" => {
            let pieces = vec![b"one".to_vec(), vec![0xff; 5000], b"three".to_vec()];
            Reply::status(200).body(Body::Chunked(pieces, Vec::new()))
        }
        b"/no-content" => Reply::status(204),
        b"/not-modified" => Reply::status(304).header("etag", "\"x\""),
        b"/error" => Reply::status(503).header("x-bytes", [0x80, 0xff]).header("x-bytes", ""),
        b"/large" => Reply::ok(vec![0xfe; 300_000]),
        b"/echo" => Reply::ok(&received.body).header("x-length", received.body.len().to_string()),
        _ => Reply::ok("upstream").header("set-cookie", "a=1").header("set-cookie", "b=2"),
    }
}

/// What upstream and client saw of a request, but for what differs every time.
#[derive(Debug, PartialEq)]
struct Exchange {
    upstream: (Vec<u8>, Vec<u8>, Headers, Vec<u8>, Headers),
    client: (Option<u16>, Headers, Vec<u8>, Headers),
}

impl Exchange {
    fn new(received: Received, answer: Answer) -> Self {
        let Received { method, path, headers, body, trailers, .. } = received;
        Self {
            upstream: (method, path, stable(headers), body, trailers),
            client: (answer.status, stable(answer.headers), answer.body, answer.trailers),
        }
    }
}

fn stable(mut headers: Headers) -> Headers {
    headers.retain(|(name, _)| VOLATILE.iter().all(|volatile| name != volatile.as_bytes()));
    headers
}

/// Every request over both protocols through one listener.
fn exchanges(addr: SocketAddr, upstream: &Upstream) -> Result<Vec<Exchange>> {
    let mut all = Vec::new();
    for request in requests() {
        let before = upstream.count();
        let answers = over_both(addr, &request)?;
        let received = upstream.requests().into_iter().skip(before);
        for (received, (protocol, answer)) in received.zip(answers) {
            ensure!(answer.end == End::Complete, "{protocol}: {:?}", answer.end);
            all.push(Exchange::new(received, answer));
        }
    }
    ensure!(all.len() == 2 * requests().len(), "{} exchanges", all.len());
    Ok(all)
}

#[test]
fn requests_and_answers_pass_byte_by_byte() -> Result<()> {
    let upstream = Upstream::start(answer)?;
    let listener = |name: &str| {
        let trailers = json!({"http_protocol_options": {"enable_trailers": true}});
        Listener::new(name).route(Route::cluster("/", "upstream")).manager(trailers)
    };
    let mut listeners = vec![listener("bare")];
    for (name, config) in idle() {
        listeners.push(listener(name).filter(fixtures::plugin(FILTER, &config)?));
    }
    let bootstrap: Bootstrap = fixtures::in_front_of(&upstream, listeners);
    let mut envoy = fixtures::start(&bootstrap, 1)?;
    let bare = exchanges(envoy.addr("bare")?, &upstream)?;
    for (name, _) in idle() {
        let filtered = exchanges(envoy.addr(name)?, &upstream)?;
        for (n, (bare, filtered)) in bare.iter().zip(&filtered).enumerate() {
            let request = requests().into_iter().nth(n / 2).context("no such request")?;
            ensure!(bare.upstream == filtered.upstream, "{name}: {request:?} is changed");
            ensure!(bare.client == filtered.client, "{name}: the answer to {request:?} is changed");
        }
        println!("byte by byte: {} exchanges through `{name}`", filtered.len());
    }
    let counted = envoy.stats("wasmcustom\\.fault_injection\\.")?;
    ensure!(counted.values().all(|value| *value == 0), "{counted:?}");
    fixtures::unharmed(&mut envoy)
}

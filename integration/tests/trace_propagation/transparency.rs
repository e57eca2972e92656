//! What needs nothing goes on as if the filter were not there: the same bytes, and the same route.

use crate::filter;
use anyhow::{Context as _, Result};
use envoy_runner::{
    Answer, Body, Bootstrap, Client, Cluster, HttpFilter, Listener, Received, Reply, Request,
    Route, Upstream, header,
};
use integration::fixtures::{self, INGRESS};
use serde_json::{Value, json};

const PARENT: &str = "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-03";
const B3: &str = "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1";

/// Header lines.
type Lines = Vec<(&'static str, Vec<u8>)>;

/// What a request and its answer came to.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    method: Vec<u8>,
    path: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
    trailers: Vec<(Vec<u8>, Vec<u8>)>,
    status: Option<u16>,
    answer_headers: Vec<(Vec<u8>, Vec<u8>)>,
    answer_body: Vec<u8>,
    answer_trailers: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Seen {
    fn of(received: &Received, answer: Answer) -> Self {
        let mut answer_headers = answer.headers;
        for (name, value) in &mut answer_headers {
            // Envoy's clock.
            if name == b"date" || name == b"x-envoy-upstream-service-time" {
                value.clear();
            }
        }
        Self {
            method: received.method.clone(),
            path: received.path.clone(),
            headers: received.headers.clone(),
            body: received.body.clone(),
            trailers: received.trailers.clone(),
            status: answer.status,
            answer_headers,
            answer_body: answer.body,
            answer_trailers: answer.trailers,
        }
    }
}

/// A filter of Envoy's that marks a request after its route was found, and leaves the route alone.
/// Whoever writes a header later makes Envoy look for the route anew, which now is another one.
fn marker() -> HttpFilter {
    let mark = json!({"append": {"header": {"key": "x-mark", "value": "1"}}});
    HttpFilter::from(json!({
        "name": "marker",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
            "mutations": {"request_mutations": [mark]},
        },
    }))
}

/// Header names keep their case on either side of Envoy, and trailers pass.
fn as_written() -> Value {
    let format = json!({
        "name": "preserve_case",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig"},
    });
    json!({"header_key_format": {"stateful_formatter": format}, "enable_trailers": true})
}

/// The cluster of these listeners.
fn cluster(upstream: &Upstream) -> Cluster {
    const OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    let options = json!({
        "@type": format!("type.googleapis.com/{OPTIONS}"),
        "explicit_http_config": {"http_protocol_options": as_written()},
    });
    Cluster::new("upstream", upstream.addr())
        .merge(json!({"typed_extension_protocol_options": {OPTIONS: options}}))
}

/// A listener of this name whose first route is for marked requests.
fn listener(name: &str, config: Option<&Value>) -> Result<Listener> {
    let route = |name: &str| {
        let tell = json!({"header": {"key": "x-route", "value": name}});
        Route::cluster("/", "upstream").merge(json!({"request_headers_to_add": [tell]}))
    };
    let marked = json!({"match": {"headers": [{"name": "x-mark", "present_match": true}]}});
    let mut listener = Listener::new(name)
        .without_access_log()
        .manager(json!({"http_protocol_options": as_written()}))
        .filter(marker())
        .route(route("anew").merge(marked))
        .route(route("first"));
    if let Some(config) = config {
        listener = listener.filter(filter(name, config)?);
    }
    Ok(listener)
}

/// Every way to need nothing, with the headers of a request that does.
fn rows() -> Vec<(&'static str, Value, Lines)> {
    let text = |headers: &[(&'static str, &str)]| {
        headers.iter().map(|(name, value)| (*name, value.as_bytes().to_vec())).collect::<Lines>()
    };
    let both = json!(["tracecontext", "b3"]);
    let complete = text(&[
        ("TraceParent", PARENT),
        ("Tracestate", "foo=1 , bar=2"),
        ("Baggage", "a=1;p , b=%20"),
        ("baggage", "c=3"),
        ("B3", B3),
        ("end-user", "jason"),
    ]);
    let bare = vec![("X-Bytes", b"\xff\x80 caf\xe9".to_vec()), ("b4", b"none".to_vec())];
    let malformed = text(&[("traceparent", "00-nonsense"), ("x-b3-traceid", "7"), ("b3", "")]);
    let correlate = |role: &str| {
        json!({"inject": both, "generate": "NEVER", "propagate": ["end-user", "baggage"],
               "correlate": {"role": role, "capacity": 1000}})
    };
    vec![
        ("complete", json!({"inject": both}), complete.clone()),
        ("inbound", correlate("INBOUND"), complete.clone()),
        ("outbound", correlate("OUTBOUND"), complete.clone()),
        ("published", json!({"inject": both, "publish": ["TRACE_ID", "SERVER_TIMING"]}), complete),
        ("never", json!({"inject": both, "generate": "NEVER"}), bare.clone()),
        ("never_remembered", correlate("INBOUND"), bare.clone()),
        ("unknown", correlate("OUTBOUND"), bare.clone()),
        ("looking", json!({"propagate": ["end-user"]}), malformed),
        ("empty", json!({}), bare),
    ]
}

/// The same request with and without a body, trailers and repeated lines.
fn requests(headers: &Lines) -> Vec<Request> {
    let chunks = vec![b"one".to_vec(), vec![0, 0xff, b'\r', b'\n'], vec![b'x'; 40_000]];
    let trailers = vec![(b"x-trailer".to_vec(), b"end".to_vec())];
    [
        Request::get("/a//b/../c;d?e=%2F&f=%ff&&g"),
        Request::post("/form", "a=1&b=2"),
        Request::get("/chunks").method("PUT").body(Body::Chunked(chunks, trailers)),
    ]
    .into_iter()
    .map(|request| {
        let request = request
            .header("X-Request-Id", "not-a-uuid")
            .header("Cookie", "a=b; c")
            .header("cookie", "d=e")
            .header("User-Agent", "Safari/1");
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        request.header("X-Last", "  of all\t").header("x-twice", "2").header("X-Twice", "1")
    })
    .collect()
}

fn upstream() -> Result<Upstream> {
    Upstream::start(|_| {
        let trailers = vec![(b"x-answer-trailer".to_vec(), b"end".to_vec())];
        Reply::status(207)
            .header("X-Answer", "caf\u{e9}")
            .header("Set-Cookie", "a=b")
            .header("set-cookie", "c=d")
            .header("server-timing", "db;dur=3")
            .header("traceparent", "of nobody's business")
            .body(Body::Chunked(vec![b"first ".to_vec(), vec![0xfe; 20_000]], trailers))
    })
}

#[test]
fn what_needs_nothing_goes_on_byte_for_byte_on_its_first_route() -> Result<()> {
    let upstream = upstream()?;
    let rows = rows();
    let mut bootstrap =
        Bootstrap::new().cluster(cluster(&upstream)).listener(listener(INGRESS, None)?);
    for (name, config, _) in &rows {
        bootstrap = bootstrap.listener(listener(name, Some(config))?);
    }
    let mut envoy = fixtures::start(&bootstrap, 1)?;
    let pass = |listener: &str, request: &Request| -> Result<Seen> {
        let answer = Client::once(envoy.addr(listener)?, request)?;
        let received = upstream.requests().pop().context("nothing arrived")?;
        Ok(Seen::of(&received, answer))
    };
    let mut compared = 0;
    for (name, _, headers) in &rows {
        for request in requests(headers) {
            let (without, with) = (pass(INGRESS, &request)?, pass(name, &request)?);
            assert_eq!(header(&without.headers, "x-route"), Some(&b"first"[..]), "{without:?}");
            assert_eq!(without.status, Some(207));
            assert!(without.headers.iter().any(|(name, _)| name == b"X-Last"), "{without:?}");
            let has_trailers = matches!(request.body, Body::Chunked(..));
            assert_eq!(
                (without.trailers.len(), without.answer_trailers.len()),
                (usize::from(has_trailers), 1)
            );
            assert_eq!(with, without, "{name}");
            compared += 1;
        }
    }
    println!("{compared} requests in {} configurations as without the filter", rows.len());

    // The marker tells: a request that is given a header is routed anew.
    let request = Request::get("/").header("traceparent", PARENT);
    let changed = pass("complete", &request)?;
    assert_eq!(header(&changed.headers, "b3"), Some(B3.as_bytes()));
    assert_eq!(header(&changed.headers, "x-route"), Some(&b"anew"[..]));
    fixtures::unharmed(&mut envoy)
}

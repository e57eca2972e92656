//! Envoy's own tracer and a real collector: one trace per request.

use crate::expected::request_id;
use crate::mesh::{Mesh, Sidecar};
use crate::quiet;
use anyhow::{Context as _, Result, ensure};
use envoy_runner::{Bootstrap, Client, Cluster, EnvoyProcess, Listener, Received, Request, Route};
use integration::fixtures;
use real_parts::{Zipkin, available};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

const SERVICES: [&str; 3] = ["customer", "preference", "recommendation"];
const REQUESTS: usize = 20;
/// The collector's, for spans that Envoy sends every 100 ms.
const PATIENCE: Duration = Duration::from_secs(60);

/// The connection manager's part of Envoy's Zipkin tracer.
fn tracer() -> Value {
    json!({"tracing": {"provider": {
        "name": "envoy.tracers.zipkin",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig",
            "collector_cluster": "zipkin",
            "collector_endpoint": "/api/v2/spans",
            "collector_endpoint_version": "HTTP_JSON",
        },
    }}})
}

/// A node of this name, which sends its spans soon.
fn node(name: &str) -> Value {
    let layer = json!({"tracing.zipkin.flush_interval_ms": 100});
    json!({
        "node": {"id": name, "cluster": name},
        "layered_runtime": {"layers": [{"name": "test", "static_layer": layer}]},
    })
}

/// The tracer's restored headers must be there before it looks: the filter stands one connection
/// manager earlier.
fn sidecar(name: &'static str, zipkin: SocketAddr) -> Sidecar {
    Sidecar {
        config: json!({"extract": ["b3multi", "tracecontext"], "inject": ["tracecontext"], "tracer": "ZIPKIN"}),
        correlate: json!({"key": "x-request-id"}),
        bootstrap: node(name),
        inbound: tracer(),
        behind: Vec::new(),
        outbound_tracer: Some(tracer()),
        clusters: vec![Cluster::new("zipkin", zipkin)],
    }
}

/// Where traces begin.
fn gateway(next: SocketAddr, zipkin: SocketAddr) -> Result<EnvoyProcess> {
    let listener = Listener::new("gateway")
        .without_access_log()
        .merge(json!({"traffic_direction": "OUTBOUND"}))
        .manager(tracer())
        .route(Route::cluster("/", "next"));
    let bootstrap = Bootstrap::new()
        .listener(listener)
        .cluster(Cluster::new("next", next))
        .cluster(Cluster::new("zipkin", zipkin))
        .merge(node("gateway"));
    fixtures::start(&bootstrap, 2)
}

/// Forwards nothing but the request id, whatever Envoy made of its version.
fn request_id_alone(received: &Received) -> Request {
    crate::expected::request_id_alone(received)
}

#[test]
fn a_zipkin_server_shows_one_trace_per_request() -> Result<()> {
    let _alone = quiet();
    let Some(zipkin) = available(Zipkin::start())? else { return Ok(()) };
    let see = |_: &'static str, _: &Received| {};
    let mesh = Mesh::start(&SERVICES, |name| sidecar(name, zipkin.addr()), see, request_id_alone)?;
    let mut gateway = gateway(mesh.entry()?, zipkin.addr())?;
    let mut client = Client::connect(gateway.addr("gateway")?)?;
    for n in 0..REQUESTS {
        let request = Request::get("/").header("x-request-id", request_id(n as u64));
        assert_eq!(client.send(&request).status, Some(200));
    }
    let traces = traces(&zipkin)?;
    for trace in &traces {
        check(trace)?;
    }
    println!("{REQUESTS} requests through a gateway and {SERVICES:?}: {} traces", traces.len());
    assert_eq!(traces.len(), REQUESTS);
    fixtures::unharmed(&mut gateway)?;
    mesh.finish()
}

/// All traces, once every request's are whole.
fn traces(zipkin: &Zipkin) -> Result<Vec<Vec<Value>>> {
    let since = Instant::now();
    loop {
        let answer = zipkin.get("/api/v2/traces?limit=1000&lookback=3600000")?;
        let traces: Vec<Vec<Value>> = serde_json::from_str(&answer.text())?;
        let spans: usize = traces.iter().map(Vec::len).sum();
        if spans >= REQUESTS * SPANS.len() {
            return Ok(traces);
        }
        let shapes: BTreeSet<usize> = traces.iter().map(Vec::len).collect();
        ensure!(since.elapsed() < PATIENCE, "{} traces of {shapes:?} spans", traces.len());
        // The collector tells nobody when it has stored something.
        thread::sleep(Duration::from_millis(100));
    }
}

/// Every span of a trace: whose, of which kind, and below whose.
const SPANS: [(&str, &str, Option<&str>); 6] = [
    ("gateway", "CLIENT", None),
    ("customer", "SERVER", Some("gateway")),
    ("customer", "CLIENT", Some("customer")),
    ("preference", "SERVER", Some("customer")),
    ("preference", "CLIENT", Some("preference")),
    ("recommendation", "SERVER", Some("preference")),
];

/// Whether a trace is a gateway's and three services', each below the one before.
fn check(trace: &[Value]) -> Result<()> {
    let text = |span: &Value, pointer: &str| {
        span.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let find = |service: &str, kind: &str| {
        trace.iter().find(|span| {
            text(span, "/localEndpoint/serviceName") == service && text(span, "/kind") == kind
        })
    };
    ensure!(trace.len() == SPANS.len(), "{} spans: {trace:#?}", trace.len());
    for (service, kind, above) in SPANS {
        let span =
            find(service, kind).with_context(|| format!("no {kind} of {service}: {trace:#?}"))?;
        let Some(above) = above else {
            ensure!(text(span, "/parentId").is_empty(), "the root has a parent: {span}");
            continue;
        };
        // A server's span has the id of its caller's, as Zipkin's tracer shares it; a client's hangs
        // below its own server's.
        let above_kind = if kind == "SERVER" { "CLIENT" } else { "SERVER" };
        let above = find(above, above_kind).context("the span above")?;
        let is_below = if kind == "SERVER" {
            text(span, "/id") == text(above, "/id")
        } else {
            text(span, "/parentId") == text(above, "/id")
        };
        ensure!(is_below, "{service} {kind} is not below {above}: {span}");
    }
    Ok(())
}

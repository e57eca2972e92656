//! The runner serves real traffic with a stock Envoy that has no Wasm filter.

use std::time::Duration;

use envoy_runner::{
    Body, Bootstrap, Client, Cluster, End, EnvoyProcess, H2Client, HttpFilter, Launch, Listener,
    Load, Reply, Request, Route, Upstream, Wheel,
};

const PATIENCE: Duration = Duration::from_secs(10);

fn start(listener: Listener, clusters: Vec<Cluster>) -> anyhow::Result<EnvoyProcess> {
    let bootstrap = clusters.into_iter().fold(Bootstrap::new(), Bootstrap::cluster);
    let document = bootstrap.listener(listener).document();
    Launch::new(&Wheel::default_version()?, document).start()
}

fn direct() -> Listener {
    Listener::new("ingress").route(Route::direct_response("/", 200, "ok"))
}

#[test]
fn a_direct_response_is_served_logged_and_counted() -> anyhow::Result<()> {
    let listener = direct().log_field("agent", "%REQ(user-agent)%");
    let mut envoy = start(listener, vec![])?;
    let request = Request::get("/a?b=c").header("user-agent", "runner/1");
    let mut client = Client::connect(envoy.addr("ingress")?)?;
    for _ in 0..2 {
        let answer = client.send(&request);
        assert_eq!((answer.status, &answer.end), (Some(200), &End::Complete));
        assert_eq!(answer.text(), "ok");
        assert_eq!(answer.header("Content-Length"), Some(&b"2"[..]));
    }
    assert!(client.is_open());

    let log = envoy.wait_for_access_log(2, PATIENCE)?;
    assert_eq!(log.len(), 2);
    assert_eq!(log[0].number("code"), Some(200));
    assert_eq!(log[0].text("details"), Some("direct_response"));
    assert_eq!(log[0].text("agent"), Some("runner/1"));
    assert_eq!(log[0].text("path"), Some("/a?b=c"));
    assert_eq!(log[0].text("flags"), None);
    assert!(log[0].number("duration").is_some());

    assert_eq!(envoy.stat("http.ingress.downstream_rq_2xx")?, 2);
    assert_eq!(envoy.stats("^http\\.ingress\\.downstream_rq_[25]xx$")?.len(), 2);
    let exposition = envoy.prometheus()?;
    assert!(exposition.contains("envoy_http_downstream_rq_xx{"), "{exposition}");
    assert!(envoy.alive()?);
    assert!(envoy.quit(PATIENCE)?.success());
    Ok(())
}

#[test]
fn an_upstream_sees_the_request_and_answers_with_trailers_over_http2() -> anyhow::Result<()> {
    let upstream = Upstream::start_h2(|received| {
        assert_eq!(received.method, b"POST");
        let trailers = vec![(b"grpc-status".to_vec(), b"0".to_vec())];
        Reply::ok("").body(Body::Chunked(vec![b"one".to_vec(), b"two".to_vec()], trailers))
    })?;
    let listener = Listener::new("ingress").route(Route::cluster("/", "app"));
    let envoy = start(listener, vec![Cluster::new("app", upstream.addr()).http2()])?;
    let trailers = vec![(b"x-checksum".to_vec(), b"7".to_vec())];
    let body = Body::Chunked(vec![b"ab".to_vec(), b"c".to_vec()], trailers);
    let request = Request::get("/svc/Call").method("POST").header("x-raw", b"a\xff").body(body);
    let answer = H2Client::connect(envoy.addr("ingress")?)?.send(&request)?;
    assert_eq!((answer.status, &answer.end), (Some(200), &End::Complete));
    assert_eq!(answer.text(), "onetwo");
    assert_eq!(answer.trailer("grpc-status"), Some(&b"0"[..]));

    let requests = upstream.requests();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].complete);
    assert_eq!(requests[0].body, b"abc");
    assert_eq!(requests[0].header("x-raw"), Some(&b"a\xff"[..]));
    assert_eq!(requests[0].trailers, [(b"x-checksum".to_vec(), b"7".to_vec())]);
    Ok(())
}

#[test]
fn an_upstream_over_http1_is_kept_alive() -> anyhow::Result<()> {
    let upstream = Upstream::start(|received| match received.path.as_slice() {
        b"/empty" => Reply::status(204),
        _ => Reply::ok("body").header("x-answer", "1"),
    })?;
    let listener = Listener::new("ingress").route(Route::cluster("/", "app"));
    let envoy = start(listener, vec![Cluster::new("app", upstream.addr())])?;
    let mut client = Client::connect(envoy.addr("ingress")?)?;
    let empty = client.send(&Request::get("/empty"));
    assert_eq!((empty.status, empty.end, empty.body.len()), (Some(204), End::Complete, 0));
    let head = client.send(&Request::get("/x").method("HEAD"));
    assert_eq!((head.status, &head.end), (Some(200), &End::Complete));
    assert_eq!(head.header("content-length"), Some(&b"4"[..]));
    let full = client.send(&Request::post("/x", "question"));
    assert_eq!((full.text().as_str(), full.header("x-answer")), ("body", Some(&b"1"[..])));
    assert_eq!(upstream.count(), 3);
    assert_eq!(upstream.requests()[2].body, b"question");
    assert_eq!(envoy.stat("cluster.app.upstream_cx_total")?, 1);
    Ok(())
}

#[test]
fn a_load_is_counted_by_status_and_timed() -> anyhow::Result<()> {
    let fault = HttpFilter::from_yaml(
        "name: fault
typed_config:
  '@type': type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
  abort: {http_status: 503, percentage: {numerator: 100}}
  headers: [{name: x-fail, present_match: true}]",
    )?;
    let envoy = start(direct().filter(fault), vec![])?;
    let load = Load { connections: 2, requests_per_connection: 100, timeout: PATIENCE };
    let report = load.run(envoy.addr("ingress")?, |number| match number % 4 {
        0 => Request::get("/").header("x-fail", "1"),
        _ => Request::get("/"),
    })?;
    assert_eq!((report.count(503), report.count(200)), (50, 150));
    assert_eq!((report.total(), report.failures.len()), (200, 0));
    assert!(report.percentile(50) <= report.percentile(99));
    assert_eq!(envoy.stat("http.ingress.fault.aborts_injected")?, 50);
    Ok(())
}

#[test]
fn a_filter_that_is_off_is_switched_on_by_a_route() -> anyhow::Result<()> {
    let fault = HttpFilter::from_yaml(
        "name: fault
typed_config:
  '@type': type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
  abort: {http_status: 503, percentage: {numerator: 100}}",
    )?;
    let listener = Listener::new("ingress")
        .filter(fault.disabled())
        .route(Route::direct_response("/on", 200, "").enable("fault"))
        .route(Route::direct_response("/", 200, ""));
    let envoy = start(listener, vec![])?;
    let mut client = Client::connect(envoy.addr("ingress")?)?;
    assert_eq!(client.send(&Request::get("/on")).status, Some(503));
    assert_eq!(client.send(&Request::get("/off")).status, Some(200));
    Ok(())
}

//! Bodies that end in trailers, as every gRPC answer's does.

use crate::filter;
use anyhow::Result;
use envoy_runner::{
    Body, Bootstrap, Cluster, End, H2Client, Launch, Listener, Reply, Request, Route, Upstream,
    Wheel,
};
use integration::fixtures::{self, INGRESS};
use serde_json::json;
use std::time::Duration;

const CLUSTER: &str = "service";

#[test]
fn trailers_end_a_cut_body_in_a_reset_and_wait_behind_a_slow_one() -> Result<()> {
    let rule = |name: &str, fault: serde_json::Value| {
        json!({
            "name": name,
            "match": [{"uri": {"exact": format!("/{name}")}}],
            "fault": {"response": fault},
        })
    };
    let rules = json!([
        rule("cut", json!({"truncateAfterBytes": 6, "percent": 100})),
        rule("slow", json!({"bytesPerSecond": 20, "percent": 100})),
    ]);
    let upstream = Upstream::start_h2(|_| {
        let pieces = vec![b"hello ".to_vec(), b"world".to_vec()];
        let trailers = vec![(b"grpc-status".to_vec(), b"0".to_vec())];
        Reply::status(200).body(Body::Chunked(pieces, trailers))
    })?;
    let listener = Listener::new(INGRESS)
        .route(Route::cluster("/", CLUSTER))
        .filter(filter(&json!({"rules": rules}))?);
    let bootstrap =
        Bootstrap::new().cluster(Cluster::new(CLUSTER, upstream.addr()).http2()).listener(listener);
    let mut envoy = Launch::new(&Wheel::default_version()?, bootstrap.document()).start()?;
    let mut client = H2Client::connect(envoy.addr(INGRESS)?)?;

    let whole = client.send(&Request::get("/"))?;
    assert_eq!((whole.end, whole.body.as_slice()), (End::Complete, &b"hello world"[..]));
    assert_eq!(whole.trailers, [(b"grpc-status".to_vec(), b"0".to_vec())]);

    let cut = client.send(&Request::get("/cut"))?;
    println!("cut: {} bytes, {:?}", cut.body.len(), cut.end);
    assert!(matches!(cut.end, End::StreamReset(_)), "{:?}", cut.end);
    assert!(b"hello ".starts_with(&cut.body) && cut.trailers.is_empty());

    let slow = client.send(&Request::get("/slow"))?;
    println!("slow: {:?}", slow.elapsed);
    assert_eq!((slow.end, slow.body.as_slice()), (End::Complete, &b"hello world"[..]));
    assert_eq!(slow.trailers, [(b"grpc-status".to_vec(), b"0".to_vec())]);
    assert!(slow.elapsed >= Duration::from_millis(545), "11 bytes at 20 a second");
    fixtures::unharmed(&mut envoy)
}

//! The dark launch: v1 answers, v2 sees a copy.

use crate::{FILTER, Served, V1};
use anyhow::Result;
use envoy_runner::{Client, Listener, Request, Route};
use integration::fixtures::{self, INGRESS};
use serde_json::json;
use std::time::Duration;

const REQUESTS: usize = 20;

#[test]
fn v1_answers_and_v2_sees_the_copy() -> Result<()> {
    let config = json!({"hintHeaders": ["x-copy-to"], "rules": [
        {"name": "dark", "match": [{"uri": {"prefix": "/dark"}}], "set": {"mirror": true}},
        {"name": "named", "match": [{"uri": {"prefix": "/named"}}], "set": {"headers": {"x-copy-to": "v2"}}},
    ]});
    // A route of its own by `x-mirror`, and on the default one a policy that reads the cluster's name.
    let dark = Route::from_yaml(
        "{match: {prefix: /, headers: [{name: x-mirror, string_match: {exact: \"true\"}}]}, \
         route: {cluster: v1, request_mirror_policies: [{cluster: v2}]}}",
    )?;
    let default = Route::from_yaml(
        "{match: {prefix: /}, route: {cluster: v1, request_mirror_policies: [{cluster_header: x-copy-to}]}}",
    )?;
    let listener = Listener::new(INGRESS).filter(fixtures::plugin(FILTER, &config)?);
    let served = Served::new([listener.route(dark).route(default)], 2)?;
    let mut client = Client::connect(served.addr()?)?;
    for number in 0..REQUESTS {
        for path in ["dark", "named", "plain"] {
            let request = Request::get(format!("/{path}/{number}")).authority("reviews.example");
            let answer = client.send(&request.header("x-mirror", "true").header("x-copy-to", "v2"));
            assert_eq!(answer.status, Some(V1), "{path}");
        }
    }
    let v2 = &served.versions.v2.upstream;
    v2.wait_for(2 * REQUESTS, Duration::from_secs(5))?;
    let copies = v2.requests();
    let hosts = copies.iter().filter(|copy| copy.header("host") == Some(b"reviews.example-shadow"));
    println!(
        "mirror: {} requests answered by v1, {} copies seen by v2, {} with a host in -shadow",
        served.versions.v1.upstream.count(),
        copies.len(),
        hosts.clone().count(),
    );
    assert_eq!(hosts.count(), copies.len());
    assert!(copies.iter().all(|copy| !copy.path.starts_with(b"/plain")));
    assert_eq!(served.versions.v1.upstream.count(), 3 * REQUESTS);
    assert_eq!(copies.len(), 2 * REQUESTS, "copies of what a client asked for itself");
    served.finish()
}

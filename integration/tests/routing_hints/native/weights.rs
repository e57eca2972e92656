//! `bucketHeader` in front of `weighted_clusters.header_name`, and the same number from the client.

use crate::{FILTER, Served, V1, V2, of_user};
use anyhow::{Context, Result};
use envoy_runner::{Client, Listener, Request, Route};
use integration::fixtures;
use serde_json::json;

const USERS: usize = 300;
const CANARY: u64 = 30;

#[test]
fn a_bucket_is_the_number_that_envoy_would_have_from_a_client() -> Result<()> {
    let config = json!({"rules": [{"name": "bucket", "split": {
        "key": "request.headers[\"end-user\"]", "salt": "reviews-v2", "bucketHeader": "x-bucket",
    }}]});
    let route = format!(
        "{{match: {{prefix: /}}, route: {{weighted_clusters: {{header_name: x-bucket, clusters: \
         [{{name: v2, weight: {CANARY}}}, {{name: v1, weight: {}}}]}}}}}}",
        100 - CANARY
    );
    let native = Listener::new("native").route(Route::from_yaml(&route)?);
    let ours = Listener::new(fixtures::INGRESS).filter(fixtures::plugin(FILTER, &config)?);
    let served = Served::new([ours.route(Route::from_yaml(&route)?), native], 1)?;
    let (mut by_us, mut by_native) =
        (Client::connect(served.addr()?)?, Client::connect(served.envoy.addr("native")?)?);
    let mut canaries = 0;
    for user in 0..USERS {
        let status = by_us.send(&of_user(user)).status;
        let version = if status == Some(V2) { &served.versions.v2 } else { &served.versions.v1 };
        let seen = version.upstream.requests().pop().context("the upstream saw nothing")?;
        let bucket = seen.header("x-bucket").context("no bucket")?;
        let number: u64 = std::str::from_utf8(bucket)?.parse()?;
        let expected = if number % 100 < CANARY { V2 } else { V1 };
        let native = by_native.send(&Request::get("/reviews").header("x-bucket", bucket)).status;
        assert_eq!((status, native), (Some(expected), Some(expected)), "{user}: {number}");
        canaries += u64::from(expected == V2);
    }
    println!("native weights: {USERS} buckets, {canaries} of v2 at {CANARY} %, all as Envoy's own");
    served.finish()
}

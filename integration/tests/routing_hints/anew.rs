//! What stays as it was where a hint has the route found anew, or the request tried again.

use crate::{FILTER, Served, V2, Versions, by_header};
use anyhow::{Context, Result};
use envoy_runner::{Bootstrap, Client, Cluster, Listener, Request, Route, Upstream};
use integration::fixtures::{self, INGRESS};
use serde_json::json;

const REQUESTS: usize = 100;

/// A cluster that says its name, as Istio's do.
fn named(name: &str, upstream: &Upstream) -> Cluster {
    let services =
        json!({"istio": {"services": [{"host": name, "name": name, "namespace": "shop"}]}});
    Cluster::new(name, upstream.addr()).merge(json!({"metadata": {"filter_metadata": services}}))
}

#[test]
fn weights_that_envoy_drew_stay_drawn() -> Result<()> {
    // The filter asks where the request would go, and writes it down: that has the route found anew.
    let drawn = |cluster: &str| json!({"name": cluster, "weight": 1, "set": {"headers": {"x-drawn": cluster}}});
    let config = json!({"rules": [{"name": "drawn", "split": {
        "key": "destination.service",
        "variants": [drawn("v1"), drawn("v2")],
        "overrides": [{"variant": "v1", "values": ["v1"]}, {"variant": "v2", "values": ["v2"]}],
    }}]});
    let route = "{match: {prefix: /}, route: {weighted_clusters: {clusters: \
                 [{name: v1, weight: 50}, {name: v2, weight: 50}]}}}";
    let listener = Listener::new(INGRESS).filter(fixtures::plugin(FILTER, &config)?);
    let versions = Versions::start()?;
    let bootstrap = Bootstrap::new()
        .cluster(named("v1", &versions.v1.upstream))
        .cluster(named("v2", &versions.v2.upstream))
        .listener(listener.route(Route::from_yaml(route)?));
    let served = Served { envoy: fixtures::start(&bootstrap, 1)?, versions };
    let mut client = Client::connect(served.addr()?)?;
    for _ in 0..REQUESTS {
        client.send(&Request::get("/"));
    }
    let mut counts = Vec::new();
    for (version, name) in [(&served.versions.v1, "v1"), (&served.versions.v2, "v2")] {
        let seen = version.upstream.requests();
        let drawn = seen.iter().all(|seen| seen.header("x-drawn") == Some(name.as_bytes()));
        assert!(drawn && !seen.is_empty(), "{name}: {seen:?}");
        counts.push(seen.len());
    }
    println!("weights: {counts:?} of {REQUESTS}, each where it was before the hint was written");
    assert_eq!(counts.iter().sum::<usize>(), REQUESTS);
    assert_eq!(served.stat("rule.drawn.overridden")?, u64::try_from(REQUESTS)?);
    served.finish()
}

#[test]
fn a_retry_goes_where_the_first_try_went() -> Result<()> {
    // The version's own success is what is tried again here.
    let config = json!({"hintHeaders": ["x-route"], "rules": [{"name": "canary", "set": {
        "headers": {"x-route": "v2"}, "retries": {"attempts": 2, "retryOn": "202"},
    }}]});
    let served = Served::new([by_header(INGRESS, &config)?], 1)?;
    let answer = Client::once(served.addr()?, &Request::get("/").header("end-user", "jason"))?;
    let (v1, v2) = (&served.versions.v1.upstream, &served.versions.v2.upstream);
    println!("retries: {:?} after {} tries of v2, {} of v1", answer.status, v2.count(), v1.count());
    assert_eq!((answer.status, v1.count(), v2.count()), (Some(V2), 0, 3));
    let hint = v2.requests().pop().context("v2 saw nothing")?;
    assert_eq!(hint.header("x-route"), Some(&b"v2"[..]));
    served.finish()
}

//! A route that no client can choose: stock `RouteMatch.filter_state`.

use crate::{FILTER, Served, V1, V2};
use anyhow::Result;
use envoy_runner::{Client, Listener, Request, Route};
use integration::fixtures::{self, INGRESS};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_route_by_filter_state_follows_the_rule_and_no_header_of_the_client() -> Result<()> {
    let config = json!({"rules": [{
        "name": "beta",
        "match": [{"headers": {"end-user": {"exact": "jason"}}}],
        "set": {"filterState": {"route_hint": "v2"}},
    }]});
    let hinted = Route::from_yaml(
        "{match: {prefix: /, filter_state: [{key: wasm.route_hint, string_match: {exact: v2}}]}, \
         route: {cluster: v2}}",
    )?;
    let listener = Listener::new(INGRESS)
        .filter(fixtures::plugin(FILTER, &config)?)
        .route(hinted)
        .route(Route::cluster("/", "v1"))
        .log_filter_state("route_hint");
    let served = Served::new([listener], 2)?;
    let get = || Request::get("/");
    let spoofed = get()
        .header("route_hint", "v2")
        .header("wasm.route_hint", "v2")
        .header("x-envoy-filter-state", "wasm.route_hint=v2");
    for (who, request, status) in [
        ("kate", get().header("end-user", "kate"), V1),
        ("a spoof", spoofed, V1),
        ("jason", get().header("end-user", "jason"), V2),
    ] {
        let answer = Client::once(served.addr()?, &request)?;
        println!("filter state: {who}: {:?}", answer.status);
        assert_eq!(answer.status, Some(status), "{who}");
    }
    let log = served.envoy.wait_for_access_log(3, Duration::from_secs(5))?;
    let told: Vec<Option<&str>> = log.iter().map(|entry| entry.text("route_hint")).collect();
    assert_eq!(told, [None, None, Some("v2")]);
    served.finish()
}

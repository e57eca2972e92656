//! Timeouts and retries by hint, and by the route itself.

use crate::FILTER;
use anyhow::Result;
use envoy_runner::{Client, Listener, Reply, Request, Route, Upstream};
use integration::fixtures;
use serde_json::{Value, json};
use std::time::Duration;

/// What a rule sets, the fields of a route that mean the same, and the upstream's status; a status of
/// 0 is one that answers too late.
fn rows() -> [(Value, Value, u16); 9] {
    let retries =
        |attempts: u32, on: &str| json!({"retries": {"attempts": attempts, "retryOn": on}});
    let policy = |attempts: u32, on: &str| json!({"retry_policy": {"num_retries": attempts, "retry_on": on}});
    [
        (retries(2, "5xx"), policy(2, "5xx"), 503),
        (retries(1, "gateway-error"), policy(1, "gateway-error"), 502),
        (retries(1, "gateway-error"), policy(1, "gateway-error"), 500),
        (retries(3, "retriable-4xx,reset"), policy(3, "retriable-4xx,reset"), 409),
        (
            retries(2, "418"),
            json!({"retry_policy": {
                "num_retries": 2, "retry_on": "retriable-status-codes", "retriable_status_codes": [418],
            }}),
            418,
        ),
        (json!({"retries": {"attempts": 0}}), json!({}), 503),
        (json!({"timeout": "0.25s"}), json!({"timeout": "0.25s"}), 0),
        (json!({"timeout": "3600s"}), json!({"timeout": "3600s"}), 200),
        (
            json!({"timeout": "5s", "retries": {"attempts": 1, "perTryTimeout": "0.2s", "retryOn": "5xx"}}),
            json!({"timeout": "5s", "retry_policy": {
                "num_retries": 1, "per_try_timeout": "0.2s", "retry_on": "5xx",
            }}),
            0,
        ),
    ]
}

/// The upstream of a row is told by the path which one.
fn answer(path: &[u8]) -> Reply {
    let number = path.last().map_or(0, |digit| usize::from(digit.wrapping_sub(b'0')));
    match rows().get(number).map_or(500, |(_, _, status)| *status) {
        0 => Reply::ok("late").after(Duration::from_secs(2)),
        status => Reply::status(status),
    }
}

/// The status, how often the upstream was asked, and what the first try was told of the time there is.
type Outcome = (Option<u16>, usize, Option<Vec<u8>>);

fn outcome(client: &mut Client, upstream: &Upstream, number: usize) -> Outcome {
    let before = upstream.count();
    let status = client.send(&Request::get(format!("/row/{number}"))).status;
    let seen: Vec<_> = upstream.requests().split_off(before);
    let told = seen.first().and_then(|seen| seen.header("x-envoy-expected-rq-timeout-ms"));
    (status, seen.len(), told.map(<[u8]>::to_vec))
}

#[test]
fn timeouts_and_retries_are_those_of_a_route() -> Result<()> {
    let upstream = Upstream::start(|request| answer(&request.path))?;
    let (mut rules, mut native) = (Vec::new(), Listener::new("native"));
    for (number, (set, fields, _)) in rows().into_iter().enumerate() {
        let path = format!("/row/{number}");
        rules.push(
            json!({"name": format!("r{number}"), "match": [{"uri": {"exact": path}}], "set": set}),
        );
        let mut route =
            json!({"match": {"path": path}, "route": {"cluster": "upstream", "timeout": "0s"}});
        if let (Some(route), Some(fields)) = (route["route"].as_object_mut(), fields.as_object()) {
            route.extend(fields.clone());
        }
        native = native.route(Route::from_yaml(&route.to_string())?);
    }
    let ours = Listener::new("ours").filter(fixtures::plugin(FILTER, &json!({"rules": rules}))?);
    let ours = ours.route(Route::cluster("/", "upstream"));
    let mut envoy = fixtures::start(&fixtures::in_front_of(&upstream, [ours, native]), 1)?;
    for number in 0..rows().len() {
        let ours = outcome(&mut Client::connect(envoy.addr("ours")?)?, &upstream, number);
        let native = outcome(&mut Client::connect(envoy.addr("native")?)?, &upstream, number);
        println!("native patience: row {number}: {:?} after {} tries", ours.0, ours.1);
        assert_eq!(ours, native, "row {number}");
    }
    fixtures::unharmed(&mut envoy)
}

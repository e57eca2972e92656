//! Rows 17 and 18 of the tutorials: Mixer's quota with its override, and each kind of dimension.

use crate::Served;
use anyhow::Result;
use envoy_runner::{Client, Request};
use serde_json::json;
use std::thread;
use std::time::Duration;

#[test]
fn reviews_may_call_ratings_once_a_second_and_others_as_they_like() -> Result<()> {
    let served = Served::new(
        &json!({"quotas": [{
            "name": "requestcount", "maxAmount": 500, "validDuration": "1s", "algorithm": "ROLLING_WINDOW",
            "dimensions": {
                "source": "request.headers[\"x-app\"] | \"unknown\"",
                "destination": "request.headers[\"x-destination\"] | \"unknown\"",
            },
            "overrides": [{"dimensions": {"destination": "ratings", "source": "reviews"}, "maxAmount": 1}],
        }]}),
        2,
    )?;
    let mut client = Client::connect(served.addr()?)?;
    let call = |source: &str, destination: &str| {
        Request::get("/ratings/1").header("x-app", source).header("x-destination", destination)
    };
    let mut ask = |source: &str, destination: &str| {
        let answer = client.send(&call(source, destination));
        (answer.status, answer.header("retry-after").map(|value| value.to_vec()))
    };
    assert_eq!(ask("reviews", "ratings"), (Some(200), None));
    assert_eq!(ask("reviews", "ratings"), (Some(429), Some(b"1".to_vec())));
    for (source, destination) in
        [("productpage", "ratings"), ("reviews", "details"), ("", "ratings")]
    {
        for _ in 0..10 {
            assert_eq!(ask(source, destination), (Some(200), None), "{source} to {destination}");
        }
    }
    thread::sleep(Duration::from_secs(1));
    assert_eq!(ask("reviews", "ratings"), (Some(200), None), "a second later");
    println!("row 17: once a second from reviews to ratings, 30 of 30 others admitted meanwhile");
    assert_eq!(served.stat("override.requestcount.0.over_limit")?, 1);
    assert_eq!(served.upstream.count(), 32);
    served.finish()
}

/// The namespace is Istio's to give: the cases have it.
#[test]
fn every_dimension_makes_a_key() -> Result<()> {
    let dimensions = [
        ("request.cookies[\"user\"]", "cookie", "user=a", "user=b"),
        ("request.headers[\"x-h\"]", "x-h", "1", "2"),
        ("request.headers[\"user-agent\"]", "user-agent", "a", "b"),
    ];
    let quotas: Vec<_> = dimensions
        .iter()
        .enumerate()
        .map(|(index, (expression, ..))| {
            let path = format!("/{index}");
            json!({
                "name": format!("q{index}"), "maxAmount": 1, "validDuration": "1h",
                "match": [{"uri": {"exact": path}}], "dimensions": {"d": expression},
            })
        })
        .chain([
            json!({"name": "path", "maxAmount": 1, "validDuration": "1h", "match": [{"uri": {"prefix": "/p"}}], "dimensions": {"d": "request.path"}}),
            json!({"name": "ip", "maxAmount": 1, "validDuration": "1h", "match": [{"uri": {"exact": "/ip"}}], "dimensions": {"d": "source.ip"}}),
            json!({"name": "protocol", "maxAmount": 1, "validDuration": "1h", "match": [{"uri": {"exact": "/s"}}], "dimensions": {"d": "request.scheme"}}),
        ])
        .collect();
    let served = Served::new(&json!({"quotas": quotas}), 2)?;
    let mut client = Client::connect(served.addr()?)?;
    let mut ask = |request: &Request| client.send(request).status;
    for (index, (expression, header, one, other)) in dimensions.iter().enumerate() {
        let request = |value: &str| Request::get(format!("/{index}")).header(header, value);
        let statuses = [ask(&request(one)), ask(&request(other)), ask(&request(one))];
        assert_eq!(statuses, [Some(200), Some(200), Some(429)], "{expression}");
    }
    let paths = ["/p/1", "/p/2", "/p/1?query"].map(|path| ask(&Request::get(path)));
    assert_eq!(paths, [Some(200), Some(200), Some(429)], "request.path");
    // The client has one address, whatever it says.
    let said = |ip: &str| Request::get("/ip").header("x-forwarded-for", ip);
    assert_eq!([ask(&Request::get("/s")), ask(&Request::get("/s"))], [Some(200), Some(429)]);
    let said = [ask(&said("192.0.2.1")), ask(&said("192.0.2.2"))];
    assert_eq!(said, [Some(200), Some(429)], "source.ip");
    println!(
        "row 18: cookie, headers, path, protocol each make a key; source.ip one for one client"
    );
    served.finish()
}

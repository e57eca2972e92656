//! As many as were asked for, and only those.

use crate::{Served, quiet};
use anyhow::Result;
use envoy_runner::{Client, Load, Request};
use integration::fixtures::binomial_bounds;
use serde_json::json;
use std::time::Duration;

#[test]
fn half_of_20_000_requests_are_aborted() -> Result<()> {
    const CONNECTIONS: usize = 8;
    const EACH: usize = 2500;
    let _alone = quiet();
    let rules = json!([
        {"name": "half", "fault": {"abort": {"httpStatus": 503, "percentage": {"value": 50}}}}
    ]);
    let served = Served::rules(&rules, 2)?;
    let load = Load {
        connections: CONNECTIONS,
        requests_per_connection: EACH,
        timeout: Duration::from_secs(10),
    };
    let report = load.run(served.addr()?, |_| Request::get("/"))?;

    let (aborted, passed) = (report.count(503), report.count(200));
    let bounds = binomial_bounds(20_000, 50.0);
    println!(
        "abort 50 %: {aborted} of {} aborted, 99.9 % bounds {:.0} to {:.0}, {:?}",
        report.total(),
        bounds.start(),
        bounds.end(),
        report.elapsed,
    );
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(aborted + passed, CONNECTIONS * EACH);
    assert!(bounds.contains(&f64::from(u32::try_from(aborted)?)), "{aborted}");
    assert_eq!(served.stat("rule.half.aborts_injected")?, u64::try_from(aborted)?);
    assert_eq!(served.upstream.count(), passed);
    served.finish()
}

#[test]
fn only_jason_suffers_and_only_while_he_is_logged_in() -> Result<()> {
    let rules = json!([{
        "name": "jason",
        "match": [{"headers": {"end-user": {"exact": "jason"}}}],
        "fault": {"abort": {"httpStatus": 503, "percentage": {"value": 100}}},
    }]);
    let served = Served::rules(&rules, 2)?;
    let mut client = Client::connect(served.addr()?)?;
    let plain = || Request::get("/productpage");
    let by = |user: &str| plain().header("end-user", user);
    let visits = [
        ("logged out", plain(), 200),
        ("jason", by("jason"), 503),
        ("jason again", by("jason"), 503),
        ("logged out again", plain(), 200),
        ("jasons", by("jasons"), 200),
        ("Jason", by("Jason"), 200),
        ("kate", by("kate"), 200),
        ("second value", by("kate").header("end-user", "jason"), 503),
    ];
    for (who, request, status) in visits {
        let answer = client.send(&request);
        println!("jason only: {who}: {:?}", answer.status);
        assert_eq!(answer.status, Some(status), "{who}");
        let body = if status == 200 { "upstream" } else { "fault filter abort" };
        assert_eq!(answer.text(), body, "{who}");
    }
    assert_eq!(served.stat("rule.jason.aborts_injected")?, 3);
    assert_eq!(served.upstream.count(), 5);
    served.finish()
}

//! What was done is told in the access log, in the statistics and, if wanted, to the client.

use crate::{Served, filter};
use anyhow::{Context, Result};
use envoy_runner::{Client, Request};
use integration::fixtures;
use serde_json::json;
use std::time::Duration;

#[test]
fn access_log_statistics_and_header_tell_what_was_done() -> Result<()> {
    let rule = |name: &str, fault: serde_json::Value| json!({"name": name, "match": [{"uri": {"exact": format!("/{name}")}}], "fault": fault});
    let abort = json!({"httpStatus": 503, "percent": 100});
    let delay = json!({"fixedDelay": "20ms", "percent": 100});
    let response = json!({"httpStatus": 500, "percent": 100});
    let mut shadow = rule("shadow", json!({"abort": abort}));
    shadow["mode"] = json!("SHADOW");
    let config = json!({"faultHeader": "x-fault", "rules": [
        rule("abort", json!({"abort": abort})),
        rule("delay", json!({"delay": delay})),
        rule("both", json!({"delay": delay, "abort": abort})),
        rule("response", json!({"response": response})),
        shadow,
    ]});
    let listener = fixtures::ingress().filter(filter(&config)?);
    let served = Served::new(listener, 1)?;
    // Path, status, details, filter state, what the client is told.
    let expected = [
        ("abort", 503, "fault_injection.abort.abort", None, Some("abort;abort")),
        ("delay", 200, "via_upstream", Some("delay.delay"), Some("delay;delay")),
        ("both", 503, "fault_injection.both.abort", Some("both.delay+abort"), Some("both;abort")),
        ("response", 500, "via_upstream", Some("response.response"), Some("response;response")),
        ("shadow", 200, "via_upstream", Some("shadow.abort.shadow"), None),
        ("none", 200, "via_upstream", None, None),
    ];
    for (path, status, .., told) in expected {
        let answer = Client::once(served.addr()?, &Request::get(format!("/{path}")))?;
        assert_eq!(answer.status, Some(status), "{path}");
        assert_eq!(answer.header("x-fault"), told.map(str::as_bytes), "{path}");
    }
    let log = served.envoy.wait_for_access_log(expected.len(), Duration::from_secs(5))?;
    for (path, status, details, state, _) in expected {
        let path = format!("/{path}");
        let entry = log.iter().find(|entry| entry.text("path") == Some(&path));
        let entry = entry.with_context(|| format!("{path} is not in the access log"))?;
        let (seen, told) = (entry.text("details"), entry.text("fault_injection"));
        println!("access log: {path}: {:?} {seen:?} {told:?}", entry.number("code"));
        assert_eq!(entry.number("code"), Some(status.into()), "{path}");
        assert_eq!((seen, told), (Some(details), state), "{path}");
    }
    counters(&served)?;
    served.finish()
}

fn counters(served: &Served) -> Result<()> {
    let prometheus = served.envoy.prometheus()?;
    for (rule, counter) in [
        ("abort", "aborts_injected"),
        ("delay", "delays_injected"),
        ("both", "delays_injected"),
        ("both", "aborts_injected"),
        ("response", "responses_injected"),
        ("shadow", "shadow_aborts"),
    ] {
        assert_eq!(served.stat(&format!("rule.{rule}.{counter}"))?, 1, "{rule} {counter}");
        let line = format!("fault_injection_rule_{rule}_{counter}{{}} 1");
        assert!(prometheus.lines().any(|it| it == line), "no `{line}` for Prometheus");
    }
    assert_eq!(served.stat("rule.shadow.aborts_injected")?, 0);
    let gauge = "# TYPE fault_injection_active_faults gauge";
    assert!(prometheus.lines().any(|line| line == gauge), "no `{gauge}`");
    Ok(())
}

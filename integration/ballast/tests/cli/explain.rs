//! `ballast explain`.

use crate::{ballast, file, with_input};
use serde_json::Value;

const EXAMPLE: [&str; 3] = ["explain", "--config", "envoy-configs/fault-injection.yaml"];

fn explain(arguments: &[&str]) -> String {
    let run = with_input(&[&EXAMPLE[..], arguments].concat(), "");
    assert_eq!(run.code, Some(0), "{}", run.err);
    run.out
}

#[test]
fn a_request_a_rule_and_what_each_side_sees() {
    let text = explain(&["--request", "GET /reviews/1", "-H", "end-user: jason"]);
    for line in [
        "GET service.example/reviews/1  end-user: jason\nfrom 127.0.0.1\n",
        "client    200 after 2000 ms\n",
        "          x-fault-injected: jason;delay\n          upstream\n",
        "upstream  called\n",
        "filter state wasm.fault_injection = jason.delay\n",
        ") matches: headers.end-user exact jason, uri prefix /reviews; delays_injected 1\n",
        ") does not match: uri is `/reviews/1`, wanted is prefix /ratings\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let other = explain(&["--request", "GET /reviews/1", "-H", "end-user: alice"]);
    assert!(other.contains("client    200 after 0 ms\n"), "{other}");
    assert!(other.contains("headers.end-user is `alice`, wanted is exact jason\n"), "{other}");
    let nobody = explain(&["--request", "GET /reviews/1"]);
    assert!(nobody.contains("headers.end-user is missing, wanted is exact jason\n"), "{nobody}");
}

#[test]
fn one_of_several_configurations_of_a_filter_by_its_line() {
    let check = ballast("check --output json envoy-configs/trace-propagation.yaml");
    let check: Value = serde_json::from_str(&check.out).unwrap();
    let lines = check["findings"].as_array().unwrap().iter().map(|found| &found["line"]);
    let lines: Vec<String> = lines.map(Value::to_string).collect();
    assert_eq!(lines.len(), 2, "{check}");
    let explain = ["explain", "--config", "envoy-configs/trace-propagation.yaml"];
    let run = with_input(&explain, "");
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("say --filter or --line: "), "{}", run.err);
    for line in &lines {
        assert!(run.err.contains(&format!("trace-propagation.yaml:{line}")), "{}", run.err);
        let run = with_input(&[&explain[..], &["--line", line]].concat(), "");
        let first = format!("trace_propagation envoy-configs/trace-propagation.yaml:{line}: ");
        assert!(run.out.starts_with(&first), "{}{}", run.out, run.err);
    }
    let run = with_input(&[&explain[..], &["--line", "1"]].concat(), "");
    assert!(run.code == Some(2) && run.err.contains("at line 1"), "{}", run.err);
}

#[test]
fn a_share_of_many_requests() {
    let arguments = ["--request", "GET /ratings", "--times", "1000", "--output", "json"];
    let report: Value = serde_json::from_str(&explain(&arguments)).unwrap();
    let outcomes = report["outcomes"].as_array().unwrap();
    let count = |status: u64| {
        let one = outcomes.iter().find(|one| one["status"] == status);
        one.map_or(0, |one| one["count"].as_u64().unwrap())
    };
    // 99.9 % of all runs: 500 ± 3.29 · 15.8.
    assert!((448..=552).contains(&count(503)), "{report}");
    assert_eq!(count(200) + count(503), 1000);
    assert_eq!(report["counters"]["rule.flaky.aborts_injected"], count(503));
    let aborted = outcomes.iter().find(|one| one["status"] == 503).unwrap();
    assert_eq!(aborted["details"], "fault_injection.flaky.abort");
    assert_eq!(
        (&aborted["upstreamCalled"], &aborted["clientBody"]),
        (&false.into(), &"fault filter abort".into())
    );
    // The same seed gives the same answers.
    assert_eq!(report, serde_json::from_str::<Value>(&explain(&arguments)).unwrap());
}

#[test]
fn requests_differ_and_time_passes_between_them() {
    let sticky = "rules: [{name: r, activeFrom: '2026-12-01T00:00:05Z', fault: {abort: {httpStatus: 503, percentage: {value: 30, key: 'request.headers[\"u\"]'}}}}]";
    let run = |more: &[&str]| {
        let explain = ["explain", "--config", "-", "--at", "2026-12-01T00:00:00Z", "-H", "u: {n}"];
        let run = with_input(&[&explain[..], more].concat(), sticky);
        assert_eq!(run.code, Some(0), "{}", run.err);
        run.out
    };
    assert!(run(&["--times", "50"]).contains("50 100.00 %  200"));
    // From the fifth second on some users are hit and others are not.
    let later = run(&["--times", "50", "--every", "1s"]);
    assert!(
        later.contains("50 requests") && later.contains("%  503 fault_injection.r.abort"),
        "{later}"
    );
    assert!(later.contains("%  200 via_upstream"), "{later}");
}

#[test]
fn what_cannot_be_explained_is_told() {
    for (arguments, message) in [
        (
            format!("--config {}", file("struct.yaml")),
            "struct.yaml:17: fault_injection: rules[1].fault.abort: found none",
        ),
        (
            format!("--config {}", file("bare.json")),
            "bare.json:4: fault_injection: rules[0].fault.delay.percentage",
        ),
        ("--config Makefile".to_owned(), "Makefile:"),
        (
            "--config envoy-configs/fault-injection.yaml --request x".to_owned(),
            "found the path `x`",
        ),
        (
            "--config envoy-configs/fault-injection.yaml --from jason".to_owned(),
            "allowed is spiffe://",
        ),
        ("--config envoy-configs/fault-injection.yaml --module README.md".to_owned(), "error"),
        ("--config README.md".to_owned(), "README.md"),
    ] {
        let run = ballast(&format!("explain {arguments}"));
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments}");
        assert!(run.err.contains(message), "{message} is not in {}", run.err);
    }
}

#[test]
fn the_parts_of_an_access_rule_are_asked_one_by_one() {
    let config = "rules: [{name: admin, action: DENY, from: [{source: {notNamespaces: [ops]}}], to: [{operation: {paths: [/admin]}}], when: [{key: 'request.headers[x-app]', values: [shop]}]}]";
    let parts = |more: &[&str]| {
        let explain = ["explain", "--config", "-", "--filter", "acl", "--output", "json"];
        let run = with_input(&[&explain[..], more].concat(), config);
        let report: Value = serde_json::from_str(&run.out).unwrap_or_default();
        let met = report["rules"][0]["conditions"].as_array().cloned().unwrap_or_default();
        let met: Vec<_> = met.iter().map(|one| one["isMet"] == true).collect();
        (report["outcomes"][0]["status"].as_u64(), met)
    };
    let admin = ["--request", "GET /admin", "-H", "x-app: shop"];
    // Whoever has no identity is in no namespace that would be excepted.
    assert_eq!(parts(&admin), (Some(403), vec![true, true, true]));
    let ops = ["--from", "spiffe://cluster.local/ns/ops/sa/deployer"];
    assert_eq!(parts(&[&admin[..], &ops].concat()), (Some(200), vec![false, true, true]));
    assert_eq!(parts(&["--request", "GET /"]), (Some(200), vec![true, false, false]));
}

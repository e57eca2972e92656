use super::*;
use filter_api::{Effect, HeaderPairs, encode_pairs};
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn filter(config: &str, env: &mut SimEnvironment) -> AclFilter {
    AclFilter::configure(config.as_bytes(), &mut env.metrics).unwrap()
}

fn decide(
    filter: &AclFilter,
    headers: &[(&str, &[u8])],
    env: &mut SimEnvironment,
) -> (Decision, AclStream) {
    let bytes = encode_pairs(headers.iter().copied());
    let mut stream = AclStream::default();
    let request = RequestHead::new(HeaderPairs::parse(&bytes));
    (filter.on_request_headers(&mut stream, &request, env), stream)
}

const TARPIT: &str =
    r#"{"maxTarpits": 1, "rules": [{"name": "r", "action": "DENY", "reply": {"tarpit": "3s"}}]}"#;

#[test]
fn a_tarpit_holds_so_many_and_gives_its_place_back() {
    let mut env = SimEnvironment::seeded(1);
    let filter = filter(TARPIT, &mut env);
    let (first, mut stream) = decide(&filter, &[], &mut env);
    assert_eq!(first.verdict, Verdict::StopIteration(Duration::from_secs(3)));
    let (second, _) = decide(&filter, &[], &mut env);
    assert!(matches!(second.verdict, Verdict::Reply(_)), "there is no place left");
    let end = filter.on_deadline(&mut stream, Side::Request, &mut env);
    assert!(matches!(end.verdict, Verdict::Reply(_)));
    assert!(matches!(end.effects.as_slice(), [Effect::Release(_)]));
    assert!(filter.on_stream_end(&mut stream, &mut env).as_slice().is_empty(), "not twice");
    // A client that leaves gives it back as well.
    for effect in end.effects {
        if let Effect::Release(permit) = effect {
            env.metrics.lower(permit.gauge());
        }
    }
    let (_, mut stream) = decide(&filter, &[], &mut env);
    let left = filter.on_stream_end(&mut stream, &mut env);
    assert!(matches!(left.as_slice(), [Effect::Release(_)]));
}

/// Only what a rule asks for is asked of the host.
#[test]
fn a_rule_about_the_request_asks_the_host_for_nothing() {
    let mut env = SimEnvironment::seeded(1);
    let config =
        r#"{"rules": [{"name": "r", "action": "DENY", "to": [{"operation": {"paths": ["/x"]}}]}]}"#;
    let filter = filter(config, &mut env);
    assert!(filter.needs_request_headers());
    let (decision, _) = decide(&filter, &[(":path", b"/y")], &mut env);
    assert_eq!(decision.verdict, Verdict::Continue);
    assert!(decision.effects.as_slice().is_empty());
    assert_eq!(env.asked, filter_testing::Asked::default());
}

#[test]
fn headers_are_read_only_where_something_looks_at_them() {
    for (config, reads) in [
        ("{}", false),
        (r#"{"rules": [{"name": "r", "action": "DENY"}]}"#, false),
        (
            r#"{"rules": [{"name": "r", "action": "DENY", "from": [{"source": {"namespaces": ["x"]}}]}]}"#,
            false,
        ),
        (
            r#"{"rules": [{"name": "r", "action": "DENY", "when": [{"key": "connection.sni", "values": ["x"]}]}]}"#,
            false,
        ),
        (
            r#"{"rules": [{"name": "r", "action": "DENY", "when": [{"key": "request.headers[x]", "values": ["x"]}]}]}"#,
            true,
        ),
        (r#"{"onAmbiguous": "REJECT"}"#, true),
        (r#"{"lists": [{"name": "l", "value": "source.ip"}]}"#, false),
        (r#"{"lists": [{"name": "l", "value": "request.headers[x]"}]}"#, true),
        (
            r#"{"bans": [{"name": "b", "key": "request.headers[x]", "denials": 1, "within": "1s", "duration": "1s"}]}"#,
            true,
        ),
        (r#"{"reply": {"body": "no", "problem": {"title": "t"}}}"#, true),
    ] {
        let filter = filter(config, &mut SimEnvironment::seeded(1));
        assert_eq!(filter.needs_request_headers(), reads, "{config}");
    }
}

#[test]
fn what_is_odd_is_told_in_the_summary_and_counted() {
    let mut env = SimEnvironment::seeded(1);
    let filter = filter(
        r#"{"rules": [{"name": "all", "action": "ALLOW"}], "lists": [{"name": "l", "value": "source.ip"}]}"#,
        &mut env,
    );
    assert_eq!(filter.summary(), "ALLOW all; lists l; warning: rule all: allows every request");
    let start = filter.on_start(&mut env);
    assert!(matches!(start.effects.as_slice(), [Effect::SetGauge(_, 1)]), "{:?}", start.effects);
    assert_eq!(start.wake_after, None, "there is nothing to fetch");
}

/// An answer with a tag of no list, from an earlier configuration, changes nothing.
#[test]
fn an_answer_that_nobody_asked_for_is_dropped() {
    let mut env = SimEnvironment::seeded(1);
    let filter = filter("{}", &mut env);
    let decision = filter.on_callout(&CalloutResult::unanswered(7), &mut env);
    assert!(decision.effects.as_slice().is_empty() && decision.wake_after.is_none());
}

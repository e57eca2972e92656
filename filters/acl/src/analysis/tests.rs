use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The warnings about rules, which are named a, b, c in order.
fn about(rules: &str) -> Vec<String> {
    let config: AclConfig =
        filter_config::load(format!(r#"{{"rules": [{rules}]}}"#).as_bytes()).unwrap();
    warnings(&config)
}

const PATHS: &str =
    r#"{"name": "a", "action": "DENY", "to": [{"operation": {"paths": ["/admin/*"]}}]}"#;

#[test]
fn rules_that_are_about_everything_are_told() {
    assert_eq!(about(r#"{"name": "a", "action": "ALLOW"}"#), ["rule a: allows every request"]);
    assert!(about(r#"{"name": "a", "action": "DENY"}"#).is_empty());
    assert!(about(r#"{"name": "a", "action": "AUDIT"}"#).is_empty());
    assert!(about(PATHS).is_empty());
}

#[test]
fn an_allow_that_a_deny_leaves_nothing_of_is_told_wherever_it_stands() {
    let allow = r#"{"name": "b", "action": "ALLOW", "to": [{"operation": {"methods": ["GET"], "paths": ["/admin/x"]}}]}"#;
    let expected = ["rule b: allows nothing: rule a refuses all of it"];
    assert_eq!(about(&format!("{PATHS}, {allow}")), expected);
    assert_eq!(about(&format!("{allow}, {PATHS}")), expected);
    for kept in [
        r#"{"name": "b", "action": "ALLOW", "to": [{"operation": {"paths": ["/admin/x", "/public"]}}]}"#,
        r#"{"name": "b", "action": "ALLOW", "to": [{"operation": {"methods": ["GET"]}}]}"#,
        r#"{"name": "b", "action": "ALLOW", "when": [{"key": "request.headers[x]", "values": ["y"]}]}"#,
    ] {
        assert!(about(&format!("{PATHS}, {kept}")).is_empty(), "{kept}");
    }
}

#[test]
fn a_rule_that_an_earlier_one_leaves_nothing_of_is_told() {
    let rule = |name: &str, values: &str, more: &str| {
        format!(
            r#"{{"name": "{name}", "action": "DENY", "when": [{{"key": "request.headers[x]", {values}}}]{more}}}"#
        )
    };
    let wide = rule("a", r#""values": ["a*"]"#, "");
    let shadowed = ["rule b: changes nothing: rule a matches all of it first"];
    assert_eq!(
        about(&[wide.clone(), rule("b", r#""values": ["ab", "ac*"]"#, "")].join(",")),
        shadowed
    );
    assert!(about(&[wide.clone(), rule("b", r#""values": ["ab", "c"]"#, "")].join(",")).is_empty());
    assert!(about(&[rule("b", r#""values": ["ab"]"#, ""), wide.clone()].join(",")).is_empty());
    // What is not enforced leaves everything.
    let shadow = rule("a", r#""values": ["a*"]"#, r#", "mode": "SHADOW""#);
    assert!(about(&[shadow, rule("b", r#""values": ["ab"]"#, "")].join(",")).is_empty());
    // The more is ruled out, the less matches.
    let (one, two) = (r#""notValues": ["x"]"#, r#""notValues": ["x", "y"]"#);
    assert_eq!(about(&[rule("a", one, ""), rule("b", two, "")].join(",")), shadowed);
    assert!(about(&[rule("a", two, ""), rule("b", one, "")].join(",")).is_empty());
}

#[test]
fn hosts_sources_and_all_entries_are_compared() {
    let rule =
        |name: &str, entry: &str| format!(r#"{{"name": "{name}", "action": "DENY", {entry}}}"#);
    let two = r#""from": [{"source": {"namespaces": ["a"]}}, {"source": {"namespaces": ["b*"]}}]"#;
    let one = r#""from": [{"source": {"namespaces": ["bc"], "principals": ["x"]}}]"#;
    assert_eq!(about(&[rule("a", two), rule("b", one)].join(",")).len(), 1);
    assert!(about(&[rule("a", one), rule("b", two)].join(",")).is_empty());
    let hosts = |hosts: &str| format!(r#""to": [{{"operation": {{"hosts": [{hosts}]}}}}]"#);
    let (wide, narrow) = (hosts(r#""*.example""#), hosts(r#""a.example""#));
    assert_eq!(about(&[rule("a", &wide), rule("b", &narrow)].join(",")).len(), 1);
    assert!(about(&[rule("a", &narrow), rule("b", &wide)].join(",")).is_empty());
    // A host with a port is not one whose name ends in that port.
    assert!(about(&[rule("a", &hosts(r#""*80""#)), rule("b", &narrow)].join(",")).is_empty());
}

#[test]
fn what_lets_more_pass_than_it_says_is_told() {
    let allow =
        r#"{"name": "a", "action": "ALLOW", "to": [{"operation": {"paths": ["/public*"]}}]}"#;
    assert_eq!(
        about(allow),
        ["rule a: the path /public* ends within a segment: it allows longer names too"]
    );
    let missing = r#"{"name": "a", "action": "DENY", "from": [{"source": {"namespaces": ["x"]}}], "onMissing": "NO_MATCH"}"#;
    assert_eq!(
        about(missing),
        ["rule a: its onMissing lets callers pass of whom nothing is known"]
    );
    let list = br#"{"lists": [{"name": "l", "value": "source.ip", "provider": {"cluster": "c", "path": "/", "refreshInterval": "60s", "ttl": "90s"}}]}"#;
    let config: AclConfig = filter_config::load(list).unwrap();
    assert_eq!(warnings(&config).len(), 1);
}

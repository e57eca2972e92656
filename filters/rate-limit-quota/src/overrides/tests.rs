use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn matches(pattern: &str, value: &[u8]) -> bool {
    Pattern::parse(pattern).unwrap().matches(value)
}

#[test]
fn a_pattern_is_what_it_looks_like_or_what_it_says() {
    for (pattern, value, expected) in [
        ("reviews", "reviews", true),
        ("reviews", "reviews2", false),
        ("", "", true),
        ("", "x", false),
        ("rev*", "reviews", true),
        ("rev*", "rev", true),
        ("rev*", "re", false),
        ("*", "", true),
        ("*", "anything\n", true),
        ("10.0.0.0/8", "10.1.2.3", true),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("10.0.0.0/8", "11.1.2.3", false),
        ("10.0.0.0/8", "10.0.0.0/8", false),
        ("2001:db8::/32", "2001:db8::5", true),
        ("192.0.2.1", "192.0.2.1", true),
        ("/ratings", "/ratings", true),
        ("exact:10.0.0.0/8", "10.0.0.0/8", true),
        ("exact:rev*", "rev*", true),
        ("exact:regex:x", "regex:x", true),
        ("prefix:10.", "10.9", true),
        ("cidr:192.0.2.1", "192.0.2.1", true),
        ("regex:re.+s", "reviews", true),
        ("regex:re.+s", "a reviews", false),
        ("other:thing", "other:thing", true),
    ] {
        assert_eq!(matches(pattern, value.as_bytes()), expected, "{pattern} {value}");
    }
}

#[test]
fn a_value_that_is_not_text_dodges_nothing() {
    assert!(matches("*", b"\xff"));
    assert!(matches("evil*", b"evil\xff"));
    assert!(matches("regex:evil.*", b"evil\xff"));
    assert!(!matches("10.0.0.0/8", b"10.0.0.1\xff"));
}

#[test]
fn what_is_no_pattern_is_refused() {
    for (pattern, line) in [
        ("a*b*", "found \"a*b\", allowed is `*` at the end only; `regex:` for more"),
        ("regex:", "regex: found an empty pattern, allowed is at least one character"),
        (
            "cidr:10.0.0.1/8",
            "found \"10.0.0.1/8\", which has bits set beyond the prefix, allowed is 10.0.0.0/8",
        ),
    ] {
        assert_eq!(Pattern::parse(pattern).unwrap_err().to_string(), line, "{pattern}");
    }
}

/// The rows of Mixer's own test.
#[test]
fn mixers_overrides() {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/vectors/mixer_quota.json")).unwrap();
    let table = &file["overrides"];
    for case in table["cases"].as_array().unwrap() {
        let dims = case["dims"].as_object().unwrap();
        let limit = case["overrides"].as_array().unwrap().iter().find(|entry| {
            entry[0].as_object().unwrap().iter().all(|(name, pattern)| {
                let value = dims.get(name).map_or("", |value| value.as_str().unwrap());
                matches(pattern.as_str().unwrap(), value.as_bytes())
            })
        });
        let limit = limit.map_or(&table["default"], |entry| &entry[1]);
        assert_eq!(*limit, case["limit"], "{}", case["desc"]);
    }
}

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn told(result: Result<impl Sized, ConfigError>) -> String {
    result.map_or_else(|error| error.to_string(), |_| String::new())
}

#[test]
fn a_rule_is_named_once_and_in_plain_characters() {
    assert_eq!(told(rule_name("a_B.9-z", ["b"].into_iter())), "");
    let allowed = "allowed is 1 to 64 of A-Z, a-z, 0-9, `_`, `.`, `-`";
    for (name, found) in [("", "``"), ("a b", "`a b`"), ("\u{e9}", "`\u{e9}`")] {
        assert_eq!(
            told(rule_name(name, [].into_iter())),
            format!("name: found {found}, {allowed}")
        );
    }
    assert!(rule_name(&"n".repeat(64), [].into_iter()).is_ok());
    assert!(rule_name(&"n".repeat(65), [].into_iter()).is_err());
    assert_eq!(
        told(rule_name("b", ["a", "b"].into_iter())),
        "name: found `b` twice, allowed is a name that no other rule has"
    );
}

#[test]
fn fields_that_exclude_each_other_are_counted() {
    let told_of = |a, b, at_least| told(one_of(&[("a", a), ("b", b)], at_least));
    assert_eq!(told_of(true, false, true), "");
    assert_eq!(told_of(false, false, false), "");
    assert_eq!(told_of(false, false, true), "found none, allowed is exactly one of a, b");
    assert_eq!(told_of(true, true, false), "found a and b, allowed is at most one of a, b");
}

#[test]
fn numbers_and_times_have_bounds() {
    assert_eq!(whole("n", None, 1, 2).unwrap(), None);
    assert_eq!(whole("n", Some(UInt::from(2)), 1, 2).unwrap(), Some(2));
    for found in [0, 3, u64::MAX] {
        let error = told(whole("n", Some(UInt::from(found)), 1, 2));
        assert_eq!(error, format!("n: found {found}, allowed is 1 to 2"));
    }
    let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
    assert!(duration_within("t", second, second, hour).is_ok());
    for (time, found) in [
        (Duration::from_millis(999), "999ms"),
        (Duration::from_secs(3601), "3601s"),
        (Duration::from_nanos(1), "1ns"),
        (Duration::ZERO, "0ns"),
    ] {
        let error = told(duration_within("t", time, second, hour));
        assert_eq!(error, format!("t: found {found}, allowed is 1s to 1h"));
    }
}

#[test]
fn an_error_about_a_header_stays_short() {
    let error = invalid_header("f", &"x".repeat(70), "no");
    assert_eq!(error.to_string(), format!("f: found `{}`: no", "x".repeat(64)));
}

#[test]
fn statuses_and_headers_are_those_that_can_be_sent() {
    assert_eq!(http_status("s", 599).unwrap(), 599);
    for found in [199, 600, u64::MAX] {
        let error = told(http_status("s", found));
        assert_eq!(error, format!("s: found {found}, allowed is 200 to 599"));
    }
    let map = |name: &str, value: &str| [(name.to_owned(), value.to_owned())].into_iter().collect();
    let checked = headers("h", &map("X-A", "1")).unwrap();
    assert_eq!((checked.len(), checked[0].0.as_bytes()), (1, &b"x-a"[..]));
    assert!(told(headers("h", &map("a b", "1"))).starts_with("h: found `a b`: "));
    assert!(told(headers("h", &map("a", "1\r\n2"))).starts_with("h.a: found `1  2`: "));
    assert!(told(header_name("h", ":path")).starts_with("h: found `:path`: "));
}

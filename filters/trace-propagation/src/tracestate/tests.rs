use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn judge(lines: &[&str]) -> Tracestate {
    check(lines.iter().map(|line| line.as_bytes()), 4096)
}

fn joined(value: &str) -> Tracestate {
    Tracestate::Rewritten { value: value.as_bytes().to_vec(), is_cut: false }
}

#[test]
fn a_list_as_specified_stays() {
    for line in [
        "foo=1",
        "foo=1,bar=2",
        "foo=1 \t , \t bar=2, \t baz=3",
        "foo=1\t \t,\t \tbar=2,\t \tbaz=3",
        " foo=1",
        "foo=1\t",
        "foo=1,,bar=2,",
        "1foo=1",
        "1foo@bar=1",
        "foo@1bar=1",
        "a_-*/=1",
        "foo= leading blank is of the value",
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "abcdefghijklmnopqrstuvwxyz0123456789_-*/=1",
        "abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/=1",
    ] {
        assert_eq!(judge(&[line]), Tracestate::Kept, "{line:?}");
    }
    let every: String =
        (0x20..0x7f_u8).filter(|byte| !b",=".contains(byte)).map(char::from).collect();
    assert_eq!(judge(&[&format!("foo={every}")]), Tracestate::Kept);
    assert_eq!(judge(&[&format!("foo={}", "v".repeat(256))]), Tracestate::Kept);
    for key in ["z".repeat(256), format!("{}@{}", "t".repeat(241), "v".repeat(14))] {
        assert_eq!(judge(&[&format!("{key}=1")]), Tracestate::Kept, "{key}");
    }
}

#[test]
fn one_member_that_is_not_as_specified_spoils_the_list() {
    let long_key = format!("{}=1", "z".repeat(257));
    let long_tenant = format!("{}@v=1", "t".repeat(242));
    let long_system = format!("t@{}=1", "v".repeat(15));
    let long_value = format!("foo={}", "v".repeat(257));
    for line in [
        "foo",
        "=1",
        "foo=",
        "foo=1,bar",
        "foo=,bar=3",
        "foo =1",
        "FOO=1",
        "foo.bar=1",
        "_foo=1",
        "-foo=1",
        "@foo=1,bar=2",
        "foo@=1,bar=2",
        "foo@@bar=1,bar=2",
        "foo@bar@baz=1,bar=2",
        "foo=bar=baz",
        "foo=b\tr",
        "foo=\u{e9}",
        "foo=1,foo=1",
        "foo=1,foo=2",
        &long_key,
        &long_tenant,
        &long_system,
        &long_value,
    ] {
        assert_eq!(judge(&[line]), Tracestate::Malformed, "{line:?}");
    }
    assert_eq!(check([&b"foo=\xff"[..]].into_iter(), 4096), Tracestate::Malformed);
    assert_eq!(judge(&["foo=1", "foo=1"]), Tracestate::Malformed);
    assert_eq!(judge(&["foo=1", "foo=2"]), Tracestate::Malformed);
}

#[test]
fn there_are_at_most_32_members() {
    let list = |count: usize| {
        (1..=count).map(|n| format!("bar{n:02}={n:02}")).collect::<Vec<_>>().join(",")
    };
    assert_eq!(judge(&[&list(32)]), Tracestate::Kept);
    assert_eq!(judge(&[&list(33)]), Tracestate::Malformed);
    // Empty ones do not count.
    assert_eq!(judge(&[&format!("{},,,", list(32))]), Tracestate::Kept);
}

#[test]
fn lines_are_joined_in_order_and_empty_ones_are_nothing() {
    assert_eq!(judge(&["foo=1,bar=2", "rojo=1", "baz=3"]), joined("foo=1,bar=2,rojo=1,baz=3"));
    assert_eq!(judge(&["foo=1", ""]), joined("foo=1"));
    assert_eq!(judge(&["", "foo=1"]), joined("foo=1"));
    for lines in [&[""][..], &["", ""], &[" , ,"], &[]] {
        assert_eq!(judge(lines), Tracestate::Empty, "{lines:?}");
    }
}

#[test]
fn a_list_of_just_the_limit_stays_whole() {
    let value = |length: usize| "v".repeat(length);
    // 128 + 1 + 128 + 1 + 128 + 1 + 125 bytes.
    let list = |last: usize| {
        let members = ["a", "b", "c"].map(|key| format!("{key}={}", value(126)));
        format!("{},d={}", members.join(","), value(last))
    };
    let judge = |line: &str| check([line.as_bytes()].into_iter(), 512);
    let rewritten =
        |line: &str| Tracestate::Rewritten { value: line.as_bytes().to_vec(), is_cut: true };
    assert_eq!(list(123).len(), 512);
    assert_eq!(judge(&list(123)), Tracestate::Kept);
    let without_last = |line: &str| line.rsplit_once(',').unwrap().0.to_owned();
    let all = list(124);
    assert_eq!(
        judge(&all),
        rewritten(&without_last(&all)),
        "no member is beyond 128: the last one goes"
    );
    // 129 bytes are beyond 128, wherever they stand.
    let long = format!("l={},{}", value(127), list(1));
    let after = long.split_once(',').unwrap().1;
    assert_eq!(judge(&long), rewritten(after));
    // Blanks and empty members count as the bytes that they are, and go with the rewriting.
    let padded = format!("{} , ", list(122));
    let whole = Tracestate::Rewritten { value: list(122).into_bytes(), is_cut: false };
    assert_eq!((padded.len(), judge(&padded)), (514, whole));
}

#[test]
fn what_is_too_long_loses_long_members_first_and_then_the_last() {
    let member = |key: &str, length: usize| format!("{key}={}", "v".repeat(length - key.len() - 1));
    let (a, b, c) = (member("a", 100), member("b", 200), member("c", 150));
    let (d, e) = (member("d", 128), member("e", 90));
    let cut = |limit: usize, members: &[&str]| {
        let expected = members.join(",");
        let line = [a.as_str(), &b, &c, &d, &e].join(",");
        let judged = check([line.as_bytes()].into_iter(), limit);
        let value = expected.into_bytes();
        assert_eq!(judged, Tracestate::Rewritten { value, is_cut: true }, "{limit}");
    };
    let all = a.len() + b.len() + c.len() + d.len() + e.len() + 4;
    cut(all - 1, &[&a, &b, &d, &e]);
    cut(520, &[&a, &d, &e]);
    cut(319, &[&a, &d]);
    cut(100, &[&a]);
    let long = format!("a={}", "v".repeat(200));
    assert_eq!(check([long.as_bytes()].into_iter(), 100), Tracestate::Empty);
}

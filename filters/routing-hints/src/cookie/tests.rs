use super::*;
use filter_api::{HeaderPairs, encode_pairs};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn cookie(refresh_after: Option<u64>) -> Cookie {
    Cookie {
        name: "user".to_owned(),
        attributes: "; Path=/".to_owned(),
        delete_attributes: "; Path=/; Max-Age=0".to_owned(),
        refresh_after,
    }
}

fn with_request<T>(lines: &[&[u8]], look: impl FnOnce(&RequestHead<'_>) -> T) -> T {
    let bytes = encode_pairs(lines.iter().map(|line| (&b"cookie"[..], *line)).collect::<Vec<_>>());
    look(&RequestHead::new(HeaderPairs::parse(&bytes)))
}

#[test]
fn only_values_of_ours_are_read() {
    let read = |value: &[u8]| with_request(&[value], |request| cookie(None).read(request));
    assert_eq!(read(b"user=0123456789abcdef"), Some(Id::new(0x0123_4567_89ab_cdef)));
    assert_eq!(read(b"a=b; user=0123456789abcdef.10").unwrap().issued, Some(16));
    for value in [
        &b"user=0123456789ABCDEF"[..],
        b"user=0123456789abcde",
        b"user=0123456789abcdef0",
        b"user=0123456789abcdef.",
        b"user=0123456789abcdef.g",
        b"user=0123456789abcdef.11111111111111111",
        b"user=\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"user=",
        b"user",
        b"users=0123456789abcdef",
    ] {
        assert_eq!(read(value), None, "{value:?}");
    }
    let second: &[&[u8]] = &[b"user=x", b"user=0000000000000001"];
    assert_eq!(with_request(second, |request| cookie(None).read(request)), Some(Id::new(1)));
    assert!(with_request(&[b"user=x"], |request| cookie(None).is_in(request)));
}

#[test]
fn what_is_written_is_read_back() {
    let now = UnixTime(0x6955_b900 * NANOS + 7);
    let id = Id::new(0xabc);
    assert_eq!(cookie(None).pair(id, now), "user=0000000000000abc");
    let pair = cookie(Some(60)).pair(id, now);
    assert_eq!(pair, "user=0000000000000abc.6955b900");
    let read = with_request(&[pair.as_bytes()], |request| cookie(None).read(request));
    assert_eq!(read, Some(Id { issued: Some(0x6955_b900), ..id }));
    assert_eq!(cookie(Some(60)).pair(id, UnixTime(0)), "user=0000000000000abc.0");
    let set = cookie(None).set("user=1").unwrap();
    assert_eq!(set.as_bytes(), b"user=1; Path=/");
    assert_eq!(cookie(None).delete().unwrap().as_bytes(), b"user=; Path=/; Max-Age=0");
}

#[test]
fn a_cookie_is_issued_anew_once_it_is_old() {
    let now = UnixTime(1000 * NANOS);
    let stale = |issued, after| cookie(after).is_stale(Id { issued, ..Id::new(1) }, now);
    assert!(!stale(Some(941), Some(60)) && stale(Some(940), Some(60)));
    assert!(stale(None, Some(60)), "of unknown age");
    assert!(stale(Some(1001), Some(60)), "issued in time to come");
    assert!(!stale(Some(0), None), "never");
    assert!(!cookie(Some(1)).is_stale(Id::new(1), UnixTime(0)), "no clock");
}

#[test]
fn the_request_gets_one_line_with_all_its_cookies() {
    let with = |lines: &[&[u8]]| {
        with_request(lines, |request| with_pairs(request, &["user=1".to_owned(), "v=2".to_owned()]))
    };
    assert_eq!(with(&[]).unwrap().as_bytes(), b"user=1; v=2");
    assert_eq!(with(&[b""]).unwrap().as_bytes(), b"user=1; v=2");
    let with = with(&[b"a=1; b=\xff", b" c=3 "]).unwrap();
    assert_eq!(with.as_bytes(), b"a=1; b=\xff; c=3; user=1; v=2");
}

#[test]
fn answers_that_shared_caches_may_store_are_told_apart() {
    for (lines, cacheable) in [
        (&[][..], false),
        (&["public"], true),
        (&["max-age=60"], true),
        (&["Max-Age=60, private"], false),
        (&["s-maxage=60"], true),
        (&["max-age=0, must-revalidate"], false),
        (&["no-cache, max-age=60"], false),
        (&["max-age=60", "no-store"], false),
        (&["max-age=60, no-cache=\"set-cookie\""], false),
    ] {
        let pairs: Vec<(&str, &str)> = lines.iter().map(|line| ("cache-control", *line)).collect();
        let bytes = encode_pairs(pairs);
        let response = ResponseHead::new(HeaderPairs::parse(&bytes), true);
        assert_eq!(is_shared_cacheable(&response), cacheable, "{lines:?}");
    }
    let bytes = encode_pairs([("expires", "Thu, 01 Dec 2033 16:00:00 GMT")]);
    assert!(is_shared_cacheable(&ResponseHead::new(HeaderPairs::parse(&bytes), true)));
}

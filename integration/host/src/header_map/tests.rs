use super::*;

fn names(map: &HeaderMap) -> Vec<&str> {
    map.pairs()
        .iter()
        .map(|(name, _)| std::str::from_utf8(name).expect("test names are ASCII"))
        .collect()
}

#[test]
fn inline_headers_merge_and_others_stay_separate() {
    let map = HeaderMap::from_pairs(
        MapKind::Request,
        [
            ("Accept", "a"),
            ("accept", "b"),
            ("cookie", "a=1"),
            ("cookie", "b=2"),
            ("x-envoy-foo", "1"),
            ("x-envoy-foo", "2"),
        ],
    );
    assert_eq!(map.get(b"accept"), Some(&b"a,b"[..]));
    assert_eq!(map.get(b"x-envoy-foo"), Some(&b"1,2"[..]));
    assert_eq!(map.get(b"cookie"), Some(&b"a=1"[..]));
    assert_eq!(map.joined(b"cookie"), Some(b"a=1,b=2".to_vec()));
}

#[test]
fn pseudo_headers_come_first_and_host_means_authority() {
    let mut map =
        HeaderMap::from_pairs(MapKind::Request, [("x", "1"), (":path", "/"), ("host", "h")]);
    assert_eq!(names(&map), [":path", ":authority", "x"]);
    map.set(b"X", b"2");
    map.add(b"y", b"3");
    map.set(b"x", b"4");
    assert_eq!(names(&map), [":path", ":authority", "y", "x"]);
    map.remove(b"HOST");
    assert_eq!(map.get(b":authority"), None);
}

#[test]
fn pairs_survive_encoding_and_truncation_yields_none() {
    let pairs = vec![(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"\xff\0".to_vec())];
    let bytes = encode_pairs(&pairs);
    assert_eq!(decode_pairs(&bytes), pairs);
    assert_eq!(decode_pairs(b"\x05\0\0\0\x01"), Pairs::new());
    assert_eq!(decode_pairs(&[0xff; 12]), Pairs::new());
}

#[test]
fn entries_that_split_a_response_are_found() {
    let map = HeaderMap::from_pairs(
        MapKind::Response,
        [("ok", "\u{e9}\t"), ("bad", "a\r\nb"), ("", "v"), ("a b", "c")],
    );
    assert_eq!(map.invalid_entries().len(), 3);
}

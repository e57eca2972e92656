use super::{HttpMatchRequest, MatchTable, RequestMatcher};
use filter_api::{ConfigError, HeaderPairs, RequestHead, encode_pairs};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// As a filter's configuration is read, which takes either spelling.
fn read(json: &str) -> Result<Vec<HttpMatchRequest>, ConfigError> {
    #[derive(serde::Deserialize)]
    struct Rule {
        r#match: Vec<HttpMatchRequest>,
    }
    filter_config::load(format!(r#"{{"match": {json}}}"#).as_bytes()).map(|rule: Rule| rule.r#match)
}

fn wire(json: &str) -> Vec<HttpMatchRequest> {
    read(json).unwrap()
}

fn matcher(json: &str) -> RequestMatcher {
    RequestMatcher::from_wire(&wire(json), "rules[0].match").unwrap()
}

/// Whether a request with these headers, apart from the usual ones, matches.
fn matches(json: &str, headers: &[(&[u8], &[u8])]) -> bool {
    let usual: [(&[u8], &[u8]); 4] = [
        (b":method", b"GET"),
        (b":path", b"/reviews/1?page=2&page=3&q=a%20b&flag"),
        (b":scheme", b"https"),
        (b":authority", b"Example.com:8080"),
    ];
    let bytes = encode_pairs(usual.iter().chain(headers).copied());
    let request = RequestHead::new(HeaderPairs::parse(&bytes));
    let matches = matcher(json).matches(&request);
    // A table reads the headers in another way and has to see the same.
    let table = MatchTable::new(vec![matcher(json)]);
    assert_eq!(table.first(&request), matches.then_some(0), "{json}");
    matches
}

#[test]
fn the_parts_of_a_request_are_matched() {
    for (entry, expected) in [
        (r#"{"uri":{"exact":"/reviews/1"}}"#, true),
        (r#"{"uri":{"exact":"/reviews/1?page=2&page=3&q=a%20b&flag"}}"#, false),
        (r#"{"uri":{"prefix":"/reviews"}}"#, true),
        (r#"{"uri":{"suffix":"flag"}}"#, false),
        (r#"{"uri":{"regex":"/reviews/\\d+"}}"#, true),
        (r#"{"uri":{"prefix":"/REVIEWS"}}"#, false),
        (r#"{"uri":{"prefix":"/REVIEWS"},"ignoreUriCase":true}"#, true),
        (r#"{"uri":{"prefix":"/REVIEWS"},"ignore_uri_case":true}"#, true),
        (r#"{"method":{"exact":"GET"}}"#, true),
        (r#"{"method":{"exact":"get"}}"#, false),
        (r#"{"scheme":{"exact":"https"}}"#, true),
        (r#"{"authority":{"exact":"example.COM:8080"}}"#, true),
        (r#"{"authority":{"exact":"example.com"}}"#, false),
        (r#"{"authority":{"prefix":"example.com"}}"#, true),
        (r#"{"authority":{"regex":"EXAMPLE\\.com(:\\d+)?"}}"#, true),
        (r#"{"headers":{"host":{"exact":"example.com:8080"}}}"#, true),
        (r#"{"headers":{":authority":{"prefix":"EXAMPLE"}}}"#, true),
        (r#"{"headers":{":path":{"suffix":"flag"}}}"#, true),
        (r#"{"headers":{":METHOD":{"exact":"GET"}}}"#, true),
        (r#"{"queryParams":{"page":{"exact":"2"}}}"#, true),
        (r#"{"queryParams":{"page":{"exact":"3"}}}"#, true),
        (r#"{"query_params":{"page":{"exact":"4"}}}"#, false),
        (r#"{"queryParams":{"q":{"exact":"a b"}}}"#, true),
        (r#"{"queryParams":{"q":{"exact":"a%20b"}}}"#, true),
        (r#"{"queryParams":{"flag":{}}}"#, true),
        (r#"{"queryParams":{"flag":{"exact":""}}}"#, true),
        (r#"{"queryParams":{"none":{}}}"#, false),
        (r#"{"queryParams":{"none":{"present":false}}}"#, true),
        (r#"{"name":"people","method":{"exact":"GET"},"scheme":{"exact":"http"}}"#, false),
        (r#"{"name":"people","method":{"exact":"GET"},"scheme":{"exact":"https"}}"#, true),
    ] {
        assert_eq!(matches(&format!("[{entry}]"), &[]), expected, "{entry}");
    }
}

#[test]
fn any_value_of_a_repeated_header_matches_and_none_may_where_it_is_excluded() {
    const NONE: &[(&[u8], &[u8])] = &[];
    const ONE: &[(&[u8], &[u8])] = &[(b"x-user", b"jason")];
    const SECOND: &[(&[u8], &[u8])] = &[(b"x-user", b"kate"), (b"x-user", b"jason")];
    const OTHER: &[(&[u8], &[u8])] = &[(b"x-user", b"jason\xff"), (b"x-users", b"jason")];
    const EMPTY: &[(&[u8], &[u8])] = &[(b"x-user", b"")];
    for (entry, expected) in [
        // In this order: no header, one value, the second of two, another value, an empty value.
        (r#"{"headers":{"x-user":{"exact":"jason"}}}"#, [false, true, true, false, false]),
        (r#"{"headers":{"X-User":{"exact":"jason"}}}"#, [false, true, true, false, false]),
        (r#"{"headers":{"x-user":{"prefix":"jason"}}}"#, [false, true, true, true, false]),
        (r#"{"headers":{"x-user":{"regex":".*"}}}"#, [false, true, true, true, true]),
        (r#"{"headers":{"x-user":{}}}"#, [false, true, true, true, true]),
        (r#"{"headers":{"x-user":{"present":true}}}"#, [false, true, true, true, true]),
        (r#"{"headers":{"x-user":{"present":false}}}"#, [true, false, false, false, false]),
        (r#"{"withoutHeaders":{"x-user":{"exact":"jason"}}}"#, [true, false, false, true, true]),
        (r#"{"without_headers":{"x-user":{"exact":""}}}"#, [true, true, true, true, false]),
        (r#"{"withoutHeaders":{"x-user":{}}}"#, [true, false, false, false, false]),
        (r#"{"withoutHeaders":{"x-user":{"present":true}}}"#, [true, false, false, false, false]),
        (r#"{"withoutHeaders":{"x-user":{"present":false}}}"#, [false, true, true, true, true]),
    ] {
        let got = [NONE, ONE, SECOND, OTHER, EMPTY].map(|it| matches(&format!("[{entry}]"), it));
        assert_eq!(got, expected, "{entry}");
    }
}

#[test]
fn fields_are_and_and_entries_are_or() {
    let json = r#"[{"headers":{"a":{"exact":"1"},"b":{"exact":"2"}}},
                   {"headers":{"c":{}},"withoutHeaders":{"d":{}}}]"#;
    for (headers, expected) in [
        (&[(&b"a"[..], &b"1"[..])][..], false),
        (&[(b"a", b"1"), (b"b", b"2")], true),
        (&[(b"a", b"1"), (b"c", b"")], true),
        (&[(b"a", b"1"), (b"c", b""), (b"d", b"")], false),
    ] {
        assert_eq!(matches(json, headers), expected, "{headers:?}");
    }
}

#[test]
fn no_condition_at_all_matches_every_request_unread() {
    for json in ["[]", "[{}]", r#"[{"name":"x"}]"#, r#"[{"headers":{"a":{}}},{}]"#] {
        assert!(matcher(json).matches(&RequestHead::default()), "{json}");
        assert!(!matcher(json).needs_request_headers(), "{json}");
    }
    for json in [r#"[{"headers":{"a":{}}}]"#, r#"[{"method":{"exact":"GET"}}]"#] {
        assert!(matcher(json).needs_request_headers(), "{json}");
        assert!(!matcher(json).matches(&RequestHead::default()), "{json}");
    }
}

#[test]
fn a_request_without_a_path_matches_no_path() {
    let request = RequestHead::default();
    assert!(!matcher(r#"[{"uri":{"regex":".*"}}]"#).matches(&request));
    assert!(!matcher(r#"[{"uri":{"exact":""}}]"#).matches(&request));
}

#[test]
fn the_first_rule_of_a_table_that_matches_counts() {
    // More names than a snapshot holds, of one length and with one last byte.
    let names: Vec<String> = (0..40).map(|index| format!("x-{index:02}-a")).collect();
    let rules = names.iter().map(|name| matcher(&format!(r#"[{{"headers":{{"{name}":{{}}}}}}]"#)));
    let table = MatchTable::new(rules.collect());
    assert!(table.needs_request_headers());
    for (expected, name) in names.iter().enumerate() {
        let bytes = encode_pairs([(name.as_str(), ""), ("x-39-a", ""), ("x-99-a", "")]);
        assert_eq!(table.first(&RequestHead::new(HeaderPairs::parse(&bytes))), Some(expected));
    }
    assert_eq!(table.first(&RequestHead::default()), None);
}

#[test]
fn a_table_reads_nothing_where_its_first_rule_is_for_every_request() {
    let header = || matcher(r#"[{"headers":{"a":{}}}]"#);
    let request = RequestHead::default();
    for (rules, needed, first) in [
        (vec![], false, None),
        (vec![matcher("[]"), header()], false, Some(0)),
        (vec![header(), matcher("[{}]")], true, Some(1)),
        (vec![header()], true, None),
    ] {
        let table = MatchTable::new(rules);
        assert_eq!((table.needs_request_headers(), table.first(&request)), (needed, first));
    }
}

#[test]
fn every_rule_of_a_table_that_matches_is_visited_in_order_until_told_to_stop() {
    let rules = [
        r#"[{"headers":{"a":{}}}]"#,
        "[]",
        r#"[{"uri":{"prefix":"/r"}}]"#,
        r#"[{"headers":{"b":{"exact":"1"}}}]"#,
    ];
    let table = MatchTable::new(rules.iter().map(|json| matcher(json)).collect());
    let visited = |headers: &[(&str, &str)], most: usize| {
        let bytes = encode_pairs(headers.iter().copied());
        let mut visited = Vec::new();
        table.visit(&RequestHead::new(HeaderPairs::parse(&bytes)), |index| {
            visited.push(index);
            visited.len() < most
        });
        visited
    };
    assert!(
        table.any_needs_request_headers() && !MatchTable::default().any_needs_request_headers()
    );
    assert_eq!(visited(&[("a", ""), (":path", "/r"), ("b", "1")], 9), [0, 1, 2, 3]);
    assert_eq!(visited(&[("a", ""), (":path", "/r"), ("b", "1")], 3), [0, 1, 2]);
    assert_eq!(visited(&[("b", "2")], 9), [1]);
    assert!(!MatchTable::new(vec![matcher("[]")]).any_needs_request_headers());
}

#[test]
fn what_is_wrong_is_refused_by_its_path() {
    for (json, start) in [
        (
            r#"[{"headers":{"a b":{}}}]"#,
            r#"rules[0].match[0].headers["a b"]: found "a b", allowed is a header name"#,
        ),
        (
            r#"[{},{"withoutHeaders":{":status":{}}}]"#,
            r#"rules[0].match[1].withoutHeaders.:status: found ":status", allowed is a header name"#,
        ),
        (
            r#"[{"headers":{"a":{"exact":"1","prefix":"2"}}}]"#,
            "rules[0].match[0].headers.a: found several, allowed is exactly one of",
        ),
        (
            r#"[{"headers":{"a":{"exact":"1","present":true}}}]"#,
            "rules[0].match[0].headers.a: found present, allowed is exactly one of",
        ),
        (
            r#"[{"headers":{"a":{"regex":"("}}}]"#,
            "rules[0].match[0].headers.a.regex: not a regular expression: ",
        ),
        (r#"[{"uri":{}}]"#, "rules[0].match[0].uri: found none of them, allowed is exactly one of"),
        (r#"[{"uri":{"present":true}}]"#, "rules[0].match[0].uri: found present, allowed is"),
        (r#"[{"method":{"prefix":""}}]"#, "rules[0].match[0].method.prefix: found an empty text"),
        (
            r#"[{"queryParams":{"":{}}}]"#,
            r#"rules[0].match[0].queryParams[""]: found "", allowed is the name of a query parameter"#,
        ),
        (
            r#"[{"queryParams":{"a.b":{"suffix":""}}}]"#,
            r#"rules[0].match[0].queryParams["a.b"].suffix: found an empty text"#,
        ),
    ] {
        let error = RequestMatcher::from_wire(&wire(json), "rules[0].match").unwrap_err();
        assert!(error.to_string().starts_with(start), "{error}");
    }
    for json in [r#"[{"port":80}]"#, r#"[{"sourceLabels":{}}]"#, r#"[{"uri":"/"}]"#] {
        assert!(read(json).is_err(), "{json}");
    }
}

#[test]
fn hostile_requests_are_read_without_panic_and_do_not_misfire() {
    let json = r#"[{"headers":{"x-user":{"regex":"jason"}},"queryParams":{"q":{"contains":"z"}}}]"#;
    let headers: Vec<(Vec<u8>, Vec<u8>)> =
        (0..100).map(|index| (format!("x-{index}").into_bytes(), vec![0xff; 600])).collect();
    let mut pairs: Vec<(&[u8], &[u8])> =
        headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
    pairs.push((b":path", b"/?%&=&q&q=%&%71=%7&\xff=\xff&q=%7A"));
    let bytes = encode_pairs(pairs.iter().copied());
    assert!(!matcher(json).matches(&RequestHead::new(HeaderPairs::parse(&bytes))));
    pairs.push((b"x-user", b"jason"));
    let bytes = encode_pairs(pairs.iter().copied());
    assert!(matcher(json).matches(&RequestHead::new(HeaderPairs::parse(&bytes))));
    for end in 0..4096 {
        let head = RequestHead::new(HeaderPairs::parse(&bytes[..end]));
        assert!(!matcher(json).matches(&head), "cut at {end}");
    }
}

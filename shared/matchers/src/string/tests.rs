use super::{StringMatch, StringMatcher};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn wire(json: &str) -> StringMatch {
    serde_json::from_str(json).unwrap()
}

fn matcher(json: &str) -> StringMatcher {
    StringMatcher::from_wire(&wire(json), false, "m").unwrap()
}

fn error(json: &str) -> String {
    StringMatcher::from_wire(&wire(json), false, "m").unwrap_err().to_string()
}

#[test]
fn texts_are_compared_as_bytes() {
    for (json, matching, other) in [
        (
            r#"{"exact":"abc"}"#,
            &[&b"abc"[..]][..],
            &[&b"ab"[..], b"abcd", b"ABC", b"", b"abc\xff"][..],
        ),
        (r#"{"exact":""}"#, &[b""], &[b" ", b"\0"]),
        (r#"{"exact":"é"}"#, &["é".as_bytes()], &[b"\xe9", b"\xc3", b"e"]),
        (r#"{"prefix":"ab"}"#, &[b"ab", b"abc", b"ab\xff\x80"], &[b"a", b"", b"xab", b"Ab"]),
        (r#"{"suffix":"bc"}"#, &[b"bc", b"abc", b"\xffbc"], &[b"c", b"", b"bcd", b"bC"]),
        (r#"{"contains":"b"}"#, &[b"b", b"abc", b"\xffb\xff"], &[b"", b"ac", b"B"]),
        (r#"{"contains":"long"}"#, &[b"as long as"], &[b"", b"lon", b"lo ng"]),
    ] {
        for text in matching {
            assert!(matcher(json).matches(text), "{json} {text:?}");
        }
        for text in other {
            assert!(!matcher(json).matches(text), "{json} {text:?}");
        }
    }
}

#[test]
fn case_is_ignored_where_asked_for_in_ascii() {
    for (json, text) in [
        (r#"{"exact":"aBc"}"#, "AbC"),
        (r#"{"prefix":"aB"}"#, "AbC"),
        (r#"{"suffix":"bC"}"#, "aBc"),
        (r#"{"contains":"B"}"#, "abc"),
        (r#"{"regex":"aB."}"#, "AbC"),
    ] {
        let ignoring = StringMatcher::from_wire(&wire(json), true, "m").unwrap();
        assert!(ignoring.matches(text.as_bytes()), "{json}");
        assert!(!matcher(json).matches(text.as_bytes()), "{json}");
        assert!(!ignoring.matches(b"xyz"), "{json}");
    }
}

#[test]
fn a_regex_matches_the_whole_text_whatever_it_holds() {
    for (pattern, matching, other) in [
        ("ab?", &["a", "ab"][..], &["", "abb", "xab", "a\n", "\na"][..]),
        ("a|ab", &["a", "ab"], &["abb", "b"]),
        ("a|b", &["a", "b"], &["ab", "ax", "xb"]),
        ("(?i)abc", &["aBc"], &["aBcd"]),
        ("(?x)a # c", &["a"], &["a # c", "ab", "a\n"]),
        ("(?x) a b # c)", &["ab"], &["a b", "abc)"]),
        ("a # c", &["a # c"], &["a", "a # c\n"]),
        ("^a$", &["a"], &["a\n", "\na"]),
        ("(?m)^a$", &["a"], &["a\nb", "b\na"]),
        (".*Firefox.*", &["x Firefox/1", "Firefox"], &["x Fire/1", "Firefox\n"]),
        ("(?s).*", &["", "a\nb"], &[]),
        ("(a)(b)", &["ab"], &["a)(b"]),
        (r"\<a\>", &["a"], &["<a>"]),
        (r"a\.*", &["a", "a.", "a.."], &["ab"]),
        (r"a\\.*", &[r"a\", r"a\b"], &["a", "a."]),
        (r".*a\d", &["a1", "xa1"], &["ad"]),
        (".*", &["", "a"], &["\n"]),
        (".*.*", &["", "a"], &["\n"]),
        (r"\d+\z", &["12"], &["12a"]),
        (r"/a\\z", &[r"/a\z"], &["/a"]),
    ] {
        let matcher = matcher(&serde_json::json!({ "regex": pattern }).to_string());
        for text in matching {
            assert!(matcher.matches(text.as_bytes()), "{pattern} {text:?}");
        }
        for text in other {
            assert!(!matcher.matches(text.as_bytes()), "{pattern} {text:?}");
        }
    }
}

#[test]
fn a_plain_pattern_matches_what_its_automaton_does() {
    let texts = [
        "", "a", "b", "ab", "aab", "abb", "xaby", "AB", "xAb", "a.b", "a\nb", "ab\n", "\nab", "éab",
    ];
    for literal in ["ab", "a", r"a\.b", "a-b", "b", r"\*"] {
        for (start, end) in [("", ""), (".*", ""), ("", ".*"), (".*", ".*")] {
            for ignore_case in [false, true] {
                let plain = format!("{start}{literal}{end}");
                // A group keeps it from being taken for plain.
                let automaton = format!("{start}(?:{literal}){end}");
                let compile = |regex: String| {
                    let wire = StringMatch { regex: Some(regex), ..StringMatch::default() };
                    StringMatcher::from_wire(&wire, ignore_case, "m").unwrap()
                };
                let (plain_matcher, automaton) = (compile(plain.clone()), compile(automaton));
                for text in texts {
                    for hostile in [text.as_bytes().to_vec(), [text.as_bytes(), b"\xff"].concat()] {
                        assert_eq!(
                            plain_matcher.matches(&hostile),
                            automaton.matches(&hostile),
                            "{plain} {hostile:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn bytes_that_are_not_utf8_neither_crash_nor_dodge_a_regex() {
    assert!(matcher(r#"{"regex":".*evil-bot.*"}"#).matches(b"evil-bot\xff"));
    assert!(matcher(r#"{"regex":".*evil-bot.*"}"#).matches(b"\xc3evil-bot\x80\xfe"));
    assert!(matcher(r#"{"regex":"a.b"}"#).matches(b"a\xffb"));
    assert!(matcher(r#"{"regex":"a\u00ffb"}"#).matches(b"a\xffb"));
    assert!(matcher(r#"{"regex":"a.b"}"#).matches("aéb".as_bytes()));
    assert!(!matcher(r#"{"regex":"evil-bot"}"#).matches(b"evil-bot\xff"));
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    assert!(matcher(r#"{"regex":"(?s).{256}"}"#).matches(&every_byte));
}

#[test]
fn what_says_nothing_or_several_things_is_refused() {
    let one_of = "allowed is exactly one of exact, prefix, suffix, contains, regex";
    assert_eq!(error("{}"), format!("m: found none of them, {one_of}"));
    assert_eq!(error(r#"{"exact":"a","regex":"b"}"#), format!("m: found several, {one_of}"));
    assert_eq!(error(r#"{"present":true}"#), format!("m: found present, {one_of}"));
    assert_eq!(error(r#"{"present":true,"exact":"a"}"#), format!("m: found present, {one_of}"));
    for field in ["prefix", "suffix", "contains"] {
        assert_eq!(
            error(&format!(r#"{{"{field}":""}}"#)),
            format!("m.{field}: found an empty text, allowed is one character or more")
        );
    }
    assert_eq!(
        error(r#"{"regex":""}"#),
        "m.regex: found an empty pattern, allowed is at least one character"
    );
    assert!(serde_json::from_str::<StringMatch>(r#"{"exakt":"a"}"#).is_err());
}

#[test]
fn patterns_that_do_not_compile_or_break_out_are_refused_with_the_reason() {
    for pattern in [
        "(",
        ")",
        "a)(b",
        "a)|(b",
        "[",
        "a{2",
        "*",
        r"\",
        r"\p{Greek}",
        "(?=a)",
        "a{1000}{1000}{9}",
    ] {
        let error = error(&serde_json::json!({ "regex": pattern }).to_string());
        let reason = error.strip_prefix("m.regex: not a regular expression: ").unwrap_or_default();
        assert!(!reason.is_empty(), "{pattern}: {error}");
    }
}

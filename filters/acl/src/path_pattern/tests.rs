use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn matches(pattern: &str, path: &str) -> bool {
    PathPattern::new(pattern).unwrap().matches(path.as_bytes(), false)
}

#[test]
fn templates_match_whole_segments() {
    for (pattern, path, expected) in [
        ("/v1/{*}/x", "/v1/a/x", true),
        ("/v1/{*}/x", "/v1//x", false),
        ("/v1/{*}/x", "/v1/a/b/x", false),
        ("/v1/{*}/x", "/v1/a/x/", false),
        ("/v1/{*}/x/{**}", "/v1/a/x/b/c", true),
        ("/v1/{*}/x/{**}", "/v1/a/x/", true),
        ("/v1/{*}/x/{**}", "/v1/a/x", false),
        ("/v1/{*}/x/{**}", "/v1/a/y/b", false),
        ("/{**}/end", "/a/b/end", true),
        ("/{**}/end", "/end", false),
        ("/{**}/end", "//end", true),
        ("/{**}/end", "/a/bend", false),
        ("/{**}", "/", true),
        ("/a/{**}/b/c", "/a/b/c", false),
        ("/a/{**}/b/c", "/a/x/y/b/c", true),
        ("/a/{**}/b/c", "/a/c", false),
        ("/{*}", "/", false),
        ("/{*}", "x", false),
    ] {
        assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
    }
    assert!(PathPattern::new("/A/{*}").unwrap().matches(b"/a/b", true));
}

/// As Istio's: a prefix is a prefix of the text, a slash makes it one of segments.
#[test]
fn a_prefix_is_of_the_text() {
    assert!(matches("/admin*", "/administrator"));
    assert!(!matches("/admin/*", "/administrator") && !matches("/admin/*", "/admin"));
}

#[test]
fn what_no_path_can_be_is_refused() {
    for text in
        ["", "admin", "/a?b", "/a#b", "/{*}b", "/a/{x}", "/{**}/{**}", "/{*}/b*", "{**}", "/}"]
    {
        assert!(PathPattern::new(text).is_err(), "{text}");
    }
}

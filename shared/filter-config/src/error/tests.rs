use super::{list, number_text, path_segment, shorten};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn numbers_read_as_they_are_written() {
    for text in [
        "0",
        "1",
        "-1",
        "0.5",
        "80.5",
        "-80.5",
        "0.00001",
        "99.99999",
        "0.57",
        "33.33333",
        "0.000000001",
        "123456789.25",
        "999999999999999",
    ] {
        assert_eq!(number_text(text.parse().unwrap()), text);
    }
    assert_eq!(number_text(-0.0), "0");
    assert_eq!(number_text(1e-300), "0.000000000…");
    for value in [1e15, f64::MAX, f64::INFINITY, f64::NAN] {
        assert_eq!(number_text(value), "1000000000000000 or more");
    }
    assert_eq!(number_text(f64::NEG_INFINITY), "-1000000000000000 or more");
}

#[test]
fn a_key_that_would_blur_the_path_stands_in_brackets() {
    for (key, segment) in [
        ("end-user", "end-user"),
        (":path", ":path"),
        ("a.b", r#"["a.b"]"#),
        ("", r#"[""]"#),
        ("a\nb", r#"["a\nb"]"#),
        ("a[0]", r#"["a[0]"]"#),
        ("a\"b", r#"["a\"b"]"#),
    ] {
        assert_eq!(path_segment(key), segment);
    }
    assert_eq!(shorten(&"é".repeat(64)), "é".repeat(64));
    assert_eq!(shorten(&"é".repeat(65)), format!("{}…", "é".repeat(64)));
}

#[test]
fn the_fields_there_are_are_listed() {
    assert_eq!(list(&["httpStatus", "body"]), "`httpStatus`, `body`");
    assert_eq!(list(&[]), "no field at all");
}

use super::quote;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_value_is_repeated_short_and_harmless() {
    for (value, quoted) in [
        (&b"customer"[..], "customer!"),
        (b"", "!"),
        (b"<script>\r\n", "_script___!"),
        (b"a\xffb", "a\u{fffd}b!"),
        (b"10.0.0.1", "10.0.0.1!"),
        ("caf\u{e9} \u{9b}[2J".as_bytes(), "caf\u{e9} __2J!"),
    ] {
        assert_eq!(quote(value, "!"), quoted);
    }
    assert_eq!(quote(&[b'a'; 1000], "").len(), super::LONGEST_VALUE);
}

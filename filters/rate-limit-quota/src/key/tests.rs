use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn addresses_of_one_network_are_one_value_and_all_else_is_its_own() {
    let same = |a: &str, b: &str, length| {
        value_for_key(a.as_bytes(), length) == value_for_key(b.as_bytes(), length)
    };
    assert!(same("2001:db8::1", "2001:db8::ffff:2", 64));
    assert!(same("2001:db8:0:0:0:0:0:1", "2001:db8::1", 128));
    assert!(!same("2001:db8::1", "2001:db8:0:1::1", 64));
    assert!(!same("2001:db8::1", "2001:db8::2", 128));
    assert!(same("::ffff:192.0.2.1", "192.0.2.1", 64));
    assert!(!same("::ffff:192.0.2.1", "::ffff:192.0.2.2", 64));
    for text in ["192.0.2.1", "", ":", "service:80", "::g", "[::1]", "\u{e9}:1"] {
        assert_eq!(*value_for_key(text.as_bytes(), 64), *text.as_bytes());
    }
    assert_eq!(*value_for_key(b"\xff:\xfe", 64), *b"\xff:\xfe");
}

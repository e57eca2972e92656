use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn message(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
    bytes.extend_from_slice(content);
    bytes
}

fn entry(key: &str, value: &[u8]) -> Vec<u8> {
    message(1, &[message(1, key.as_bytes()), message(2, value)].concat())
}

fn number(value: f64) -> Vec<u8> {
    [&[2 << 3 | 1][..], &value.to_le_bytes()].concat()
}

#[test]
fn every_kind_of_value_is_read() {
    let list = message(6, &[message(1, &number(503.0)), message(1, &[4 << 3, 1])].concat());
    let bytes = [
        entry("list", &list),
        entry("text", &message(3, "né".as_bytes())),
        entry("none", &[1 << 3, 0]),
        entry("object", &message(5, &entry("deep", &number(0.57)))),
        entry("empty", &message(5, b"")),
        entry("unset", b""),
    ]
    .concat();
    let read = format!("{:?}", object(&bytes).unwrap());
    assert_eq!(
        read,
        r#"Object([("list", List([Float(503.0), Bool(true)])), ("text", Text("né")), ("none", Null), ("#
            .to_owned()
            + r#""object", Object([("deep", Float(0.57))])), ("empty", Object([])), ("unset", Null)])"#
    );
    assert!(matches!(object(b""), Some(Node::Object(entries)) if entries.is_empty()));
}

#[test]
fn what_is_no_struct_is_none_and_nothing_panics() {
    let whole = [entry("a", &number(1.0)), entry("b", &message(3, b"text"))].concat();
    for end in 1..whole.len() {
        let boundary = entry("a", &number(1.0)).len();
        assert_eq!(object(&whole[..end]).is_some(), end == boundary, "cut at {end}");
    }
    for index in 0..whole.len() {
        for bit in 0..8 {
            let mut forged = whole.clone();
            forged[index] ^= 1 << bit;
            let _ = object(&forged);
        }
    }
    for text in ["{}", "\n{}", "\n{\"rules\": []}", "rules: []", "\u{0}"] {
        assert!(object(text.as_bytes()).is_none(), "{text:?}");
    }
}

#[test]
fn nesting_has_a_limit() {
    let mut value = number(1.0);
    for _ in 0..60 {
        // Lengths beyond 127 need more bytes than `message` writes; 60 levels stay below.
        if value.len() > 100 {
            break;
        }
        value = message(6, &message(1, &value));
    }
    assert!(object(&entry("deep", &value)).is_some());
    assert!(read_struct(&entry("deep", &value), 3).is_none());
}

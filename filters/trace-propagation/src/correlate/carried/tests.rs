use super::*;
use filter_api::{HeaderValue, encode_pairs};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn name(text: &str) -> HeaderName {
    HeaderName::new(text).unwrap()
}

#[test]
fn trace_headers_and_those_to_propagate_are_taken_as_the_request_goes_on_with_them() {
    let bytes = encode_pairs([
        (":path", "/"),
        ("traceparent", "old"),
        ("b3", "gone"),
        ("x-request-id", "id"),
        ("end-user", "jason"),
        ("cookie", "secret"),
        ("baggage", "a=1"),
        ("baggage", "b=2"),
    ]);
    let mut effects = Effects::default();
    let value = HeaderValue::new("new").unwrap();
    effects.mutate(HeaderMutation::Set(name("traceparent"), value.clone()));
    effects.mutate(HeaderMutation::Remove(name("b3")));
    effects.mutate(HeaderMutation::Set(name("x-b3-traceid"), value));
    let propagate = ["end-user", "baggage"].map(name);
    let carried = collect(HeaderPairs::parse(&bytes), &propagate, &effects).unwrap();
    let taken: Vec<(&[u8], &[u8])> = headers(&carried).collect();
    let expected: [(&[u8], &[u8]); 5] = [
        (b"end-user", b"jason"),
        (b"baggage", b"a=1"),
        (b"baggage", b"b=2"),
        (b"traceparent", b"new"),
        (b"x-b3-traceid", b"new"),
    ];
    assert_eq!(taken, expected);
}

#[test]
fn a_value_beyond_64_kib_is_not_taken() {
    let long = "x".repeat(65_536);
    let bytes = encode_pairs([("traceparent", long.as_str())]);
    assert_eq!(collect(HeaderPairs::parse(&bytes), &[], &Effects::default()), None);
}

#[test]
fn any_bytes_are_read_without_harm() {
    let bytes = encode_pairs([("traceparent", "value"), ("b3", "")]);
    let carried = collect(HeaderPairs::parse(&bytes), &[], &Effects::default()).unwrap();
    assert_eq!(headers(&carried).count(), 2);
    for end in 0..carried.len() {
        assert!(headers(&carried[..end]).count() < 2, "cut at {end}");
    }
    assert_eq!(headers(&[0xff; 40]).count(), 0);
}

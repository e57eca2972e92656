use super::*;
use crate::context::TraceId;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn context(high: u64, low: u64, span_id: u64, decision: Decision) -> Option<TraceContext> {
    let trace_id = TraceId { high, low };
    Some(TraceContext { trace_id, span_id, decision, ..TraceContext::default() })
}

#[test]
fn uber_trace_id_to_the_letter() {
    use Decision::{Debug, Drop, Keep};
    for (value, expected) in [
        ("ab:cd:0:1", context(0, 0xab, 0xcd, Keep)),
        ("ab:cd:ef:1", context(0, 0xab, 0xcd, Keep)),
        ("00000000000000ab:00000000000000cd:0:0", context(0, 0xab, 0xcd, Drop)),
        ("1000000000000000a:b:0:3", context(1, 0xa, 0xb, Debug)),
        (
            "0123456789abcdeffedcba9876543210:1:0:1",
            context(0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210, 1, Keep),
        ),
        ("a:b:0:2", context(0, 0xa, 0xb, Debug)),
        ("a:b:0:01", context(0, 0xa, 0xb, Keep)),
        // Firehose and unused bits.
        ("a:b:0:8", context(0, 0xa, 0xb, Drop)),
        ("a:b:0:9", context(0, 0xa, 0xb, Keep)),
        // URL-encoded.
        ("a%3Ab%3A0%3A1", context(0, 0xa, 0xb, Keep)),
        ("a%3ab%3a0%3a1", context(0, 0xa, 0xb, Keep)),
        ("a%3Bb%3A0%3A1", None),
        ("a%3", None),
        ("", None),
        ("a:b:0", None),
        ("a:b:0:1:2", None),
        ("a:b:0:", None),
        (":b:0:1", None),
        ("a::0:1", None),
        ("a:b::1", None),
        ("0:b:0:1", None),
        ("a:0:0:1", None),
        ("g:b:0:1", None),
        ("A:b:0:1", None),
        ("a:b:0:100", None),
        ("123456789012345678901234567890123:b:0:1", None),
        ("a:12345678901234567:0:1", None),
    ] {
        assert_eq!(parse(&decoded(value.as_bytes())), expected, "{value:?}");
    }
}

#[test]
fn it_is_written_in_full_length_with_an_unknown_parent() {
    let context = context(0, 0xab, 0xcd, Decision::Debug).unwrap();
    assert_eq!(text(&context), b"000000000000000000000000000000ab:00000000000000cd:0:3");
}

use super::*;
use crate::context::TraceId;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const TRACE: TraceId = TraceId { high: 0x1054_45aa_7843_bc8b, low: 0xf206_b120_0010_0000 };

#[test]
fn the_header_to_the_letter() {
    use Decision::{Deferred, Drop, Keep};
    let context = |span_id, decision| {
        Some(TraceContext { trace_id: TRACE, span_id, decision, ..TraceContext::default() })
    };
    for (rest, expected) in [
        ("/1;o=1", context(1, Keep)),
        ("/1;o=0", context(1, Drop)),
        ("/1;o=2", context(1, Drop)),
        ("/1;o=3", context(1, Keep)),
        ("/1", context(1, Deferred)),
        ("/18446744073709551615;o=1", context(u64::MAX, Keep)),
        ("/0;o=1", context(0, Keep)),
        ("", context(0, Deferred)),
        (";o=1", context(0, Keep)),
        ("/", None),
        ("/1;", None),
        ("/1;o=", None),
        ("/1;o=4", None),
        ("/1;o=x", None),
        ("/1;x=1", None),
        ("/1;o=1;o=1", None),
        ("/a;o=1", None),
        ("/-1;o=1", None),
        ("/18446744073709551616;o=1", None),
        ("0/1;o=1", None),
    ] {
        let value = ["105445aa7843bc8bf206b12000100000", rest].concat();
        assert_eq!(parse(value.as_bytes()), expected, "{rest:?}");
    }
    for value in [
        "",
        "/1;o=1",
        "105445aa7843bc8bf206b1200010000/1;o=1",
        "105445AA7843BC8BF206B12000100000/1;o=1",
        "00000000000000000000000000000000/1;o=1",
    ] {
        assert_eq!(parse(value.as_bytes()), None, "{value:?}");
    }
}

#[test]
fn an_open_decision_is_not_written() {
    let context = |decision| TraceContext {
        trace_id: TRACE,
        span_id: 7,
        decision,
        ..TraceContext::default()
    };
    assert_eq!(text(&context(Decision::Deferred)), b"105445aa7843bc8bf206b12000100000/7");
    assert_eq!(text(&context(Decision::Debug)), b"105445aa7843bc8bf206b12000100000/7;o=1");
    assert_eq!(text(&context(Decision::Drop)), b"105445aa7843bc8bf206b12000100000/7;o=0");
}

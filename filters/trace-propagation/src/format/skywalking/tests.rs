use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

// The example of the protocol's specification.
const EXAMPLE: &str = "1-TRACEID-SEGMENTID-3-UEFSRU5UX1NFUlZJQ0U=-UEFSRU5UX0lOU1RBTkNF-UEFSRU5UX0VORFBPSU5U-QUREUkVTUw==";

fn with(trace: &str, segment: &str) -> String {
    EXAMPLE.replace("TRACEID", trace).replace("SEGMENTID", segment)
}

#[test]
fn an_id_that_is_a_uuid_is_taken_as_it_is() {
    // base64 of 0123456789abcdeffedcba9876543210, and of the same with dashes.
    for trace in [
        "MDEyMzQ1Njc4OWFiY2RlZmZlZGNiYTk4NzY1NDMyMTA=",
        "MDEyMzQ1NjctODlhYi1jZGVmLWZlZGMtYmE5ODc2NTQzMjEw",
    ] {
        let context = parse(with(trace, "QUJD").as_bytes()).unwrap();
        let id = TraceId { high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210 };
        assert_eq!(context.trace_id, id);
        assert_eq!(context.decision, Decision::Keep);
    }
}

#[test]
fn any_other_id_becomes_its_hash_the_same_every_time_and_different_for_others() {
    let one = parse(with("QUJDLjEuMg==", "QUJD").as_bytes()).unwrap();
    let same = parse(with("QUJDLjEuMg==", "QUJD").as_bytes()).unwrap();
    let other_trace = parse(with("QUJDLjEuMw==", "QUJD").as_bytes()).unwrap();
    let other_segment = parse(with("QUJDLjEuMg==", "QUJE").as_bytes()).unwrap();
    assert_eq!(one, same);
    assert!(!one.trace_id.is_zero() && one.span_id != 0);
    assert_ne!(one.trace_id, other_trace.trace_id);
    assert_eq!(one.trace_id, other_segment.trace_id);
    assert_ne!(one.span_id, other_segment.span_id);
}

#[test]
fn anything_but_eight_fields_of_the_right_kind_is_malformed() {
    let whole = with("QUJD", "QUJD");
    assert!(parse(whole.as_bytes()).is_some());
    assert_eq!(parse(whole.replacen('1', "0", 1).as_bytes()).unwrap().decision, Decision::Drop);
    for (from, to) in [
        ("1-QUJD", "2-QUJD"),
        ("1-QUJD", "-QUJD"),
        ("QUJD-QUJD", "-QUJD"),
        ("QUJD-QUJD", "QUJD-"),
        ("QUJD-QUJD", "Q-QUJD"),
        ("QUJD-QUJD", "QU=D-QUJD"),
        ("QUJD-QUJD", "QUJD=-QUJD"),
        ("QUJD-QUJD", "QU_D-QUJD"),
        ("-3-", "-x-"),
        ("-3-", "--"),
        ("-QUREUkVTUw==", ""),
        ("-QUREUkVTUw==", "-QUREUkVTUw==-QUJD"),
        ("-QUREUkVTUw==", "-"),
    ] {
        let changed = whole.replacen(from, to, 1);
        assert_ne!(changed, whole, "{from}");
        assert_eq!(parse(changed.as_bytes()), None, "{changed}");
    }
    assert_eq!(parse(b""), None);
}

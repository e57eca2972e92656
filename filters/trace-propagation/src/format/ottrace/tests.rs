use super::*;
use crate::context::TraceId;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn the_headers_to_the_letter() {
    use Decision::{Deferred, Drop, Keep};
    const T: &str = "46d8f4a1c2b3e5f7";
    const S: &str = "e457b5a2e4d86bd1";
    let context = |high, decision| {
        let trace_id = TraceId { high, low: 0x46d8_f4a1_c2b3_e5f7 };
        let span_id = 0xe457_b5a2_e4d8_6bd1;
        Reading::Context(TraceContext { trace_id, span_id, decision, ..TraceContext::default() })
    };
    for (values, expected) in [
        (["-", "-", "-"], Reading::Absent),
        ([T, S, "true"], context(0, Keep)),
        ([T, S, "false"], context(0, Drop)),
        ([T, S, "1"], context(0, Keep)),
        ([T, S, "0"], context(0, Drop)),
        ([T, S, "-"], context(0, Deferred)),
        (["000000000000000146d8f4a1c2b3e5f7", S, "true"], context(1, Keep)),
        ([T, "-", "true"], Reading::Malformed),
        (["-", S, "true"], Reading::Malformed),
        (["-", "-", "true"], Reading::Malformed),
        ([T, S, "yes"], Reading::Malformed),
        ([T, S, ""], Reading::Malformed),
        (["46d8f4a1c2b3e5f", S, "true"], Reading::Malformed),
        ([T, "e457b5a2e4d86bd", "true"], Reading::Malformed),
        (["0000000000000000", S, "true"], Reading::Malformed),
        ([T, "0000000000000000", "true"], Reading::Malformed),
        (["46D8F4A1C2B3E5F7", S, "true"], Reading::Malformed),
    ] {
        let mut snapshot = Snapshot::default();
        for (known, value) in HEADERS.iter().zip(values).filter(|(_, value)| *value != "-") {
            snapshot.add(*known, value.as_bytes());
        }
        assert_eq!(read(&snapshot), expected, "{values:?}");
    }
}

#[test]
fn a_repeated_header_is_malformed() {
    let mut snapshot = Snapshot::default();
    for known in [Known::OtTraceId, Known::OtSpanId, Known::OtSpanId] {
        snapshot.add(known, b"46d8f4a1c2b3e5f7");
    }
    assert_eq!(read(&snapshot), Reading::Malformed);
}

#[test]
fn of_a_long_trace_id_the_lower_half_is_written() {
    let trace_id = TraceId { high: 1, low: 2 };
    let written = write(&TraceContext { trace_id, span_id: 3, ..TraceContext::default() });
    assert_eq!(
        written.iter().collect::<Vec<_>>(),
        [(Known::OtTraceId, &b"0000000000000002"[..]), (Known::OtSpanId, b"0000000000000003"),]
    );
}

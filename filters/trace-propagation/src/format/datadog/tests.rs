use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Trace, parent, priority, tags; `-` stands for a header that is not there.
fn reading(values: [&str; 4]) -> Reading {
    let mut snapshot = Snapshot::default();
    for (known, value) in HEADERS.iter().zip(values).filter(|(_, value)| *value != "-") {
        snapshot.add(*known, value.as_bytes());
    }
    read(&snapshot)
}

fn context(high: u64, low: u64, span_id: u64, decision: Decision) -> Reading {
    let trace_id = TraceId { high, low };
    Reading::Context(TraceContext { trace_id, span_id, decision, ..TraceContext::default() })
}

#[test]
fn the_headers_to_the_letter() {
    use Decision::{Debug, Deferred, Drop, Keep};
    const TID: &str = "_dd.p.tid=640cfd8d00000000";
    const HIGH: u64 = 0x640c_fd8d_0000_0000;
    for (values, expected) in [
        (["-", "-", "-", "-"], Reading::Absent),
        (["-", "-", "-", TID], Reading::Absent),
        (["12", "34", "1", "-"], context(0, 12, 34, Keep)),
        (["12", "34", "2", "-"], context(0, 12, 34, Debug)),
        (["12", "34", "0", "-"], context(0, 12, 34, Drop)),
        (["12", "34", "-1", "-"], context(0, 12, 34, Drop)),
        (["12", "34", "-", "-"], context(0, 12, 34, Deferred)),
        (["12", "34", "1", TID], context(HIGH, 12, 34, Keep)),
        (["12", "34", "1", "_dd.p.dm=-4,_dd.p.tid=640cfd8d00000000"], context(HIGH, 12, 34, Keep)),
        (["12", "34", "1", "_dd.p.dm=-4"], context(0, 12, 34, Keep)),
        (["18446744073709551615", "1", "1", "-"], context(0, u64::MAX, 1, Keep)),
        // A root without a span.
        (["12", "-", "1", "-"], context(0, 12, 0, Keep)),
        (["12", "0", "1", "-"], context(0, 12, 0, Keep)),
        (["18446744073709551616", "1", "1", "-"], Reading::Malformed),
        (["0", "34", "1", "-"], Reading::Malformed),
        (["", "34", "1", "-"], Reading::Malformed),
        (["-", "34", "1", "-"], Reading::Malformed),
        (["-", "-", "1", "-"], Reading::Malformed),
        (["ab", "34", "1", "-"], Reading::Malformed),
        (["+12", "34", "1", "-"], Reading::Malformed),
        (["12", "-34", "1", "-"], Reading::Malformed),
        (["12", "", "1", "-"], Reading::Malformed),
        (["12", "34", "3", "-"], Reading::Malformed),
        (["12", "34", "", "-"], Reading::Malformed),
        (["12", "34", "1", "_dd.p.tid=640cfd8d0000000"], Reading::Malformed),
        (["12", "34", "1", "_dd.p.tid=640CFD8D00000000"], Reading::Malformed),
        (["12", "34", "1", "_dd.p.tid="], Reading::Malformed),
        (
            ["12", "34", "1", "_dd.p.tid=1111111111111111,_dd.p.tid=2222222222222222"],
            Reading::Malformed,
        ),
    ] {
        assert_eq!(reading(values), expected, "{values:?}");
    }
}

#[test]
fn tags_of_others_stay_and_the_upper_half_is_renewed_or_goes() {
    let written = |high, tags: Option<&str>| {
        let Reading::Context(context) = context(high, 12, 34, Decision::Keep) else { panic!() };
        let written = write(&context, tags.map(str::as_bytes));
        let tags = written.iter().find(|(known, _)| *known == Known::DatadogTags);
        tags.map(|(_, value)| String::from_utf8(value.to_vec()).unwrap())
    };
    assert_eq!(written(0, None), None);
    assert_eq!(written(0, Some("_dd.p.tid=1111111111111111")), None);
    assert_eq!(written(0, Some("a=b,_dd.p.tid=1111111111111111")).as_deref(), Some("a=b"));
    assert_eq!(written(1, None).as_deref(), Some("_dd.p.tid=0000000000000001"));
    assert_eq!(
        written(1, Some("_dd.p.tid=1111111111111111, a=b")).as_deref(),
        Some("a=b,_dd.p.tid=0000000000000001")
    );
}

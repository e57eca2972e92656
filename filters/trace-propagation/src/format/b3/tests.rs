use super::*;
use crate::context::Decision::{Debug, Deferred, Drop, Keep};
use crate::context::TraceId;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const LONG: TraceId = TraceId { high: 0x80f1_98ee_5634_3ba8, low: 0x64fe_8b2a_57d3_eff7 };
const SHORT: TraceId = TraceId { high: 0, low: 0x64fe_8b2a_57d3_eff7 };
const SPAN: u64 = 0xe457_b5a2_e4d8_6bd1;
const PARENT: u64 = 0x05e3_ac9a_4f6e_3b90;

const fn context(trace_id: TraceId, parent_span_id: u64, decision: Decision) -> Reading {
    let is_random = false;
    Reading::Context(TraceContext { trace_id, span_id: SPAN, parent_span_id, decision, is_random })
}

/// Values of the header, and what they say.
const SINGLE: &[(&str, Reading)] = &[
    (
        "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90",
        context(LONG, PARENT, Keep),
    ),
    (
        "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-0-05e3ac9a4f6e3b90",
        context(LONG, PARENT, Drop),
    ),
    (
        "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-d-05e3ac9a4f6e3b90",
        context(LONG, PARENT, Debug),
    ),
    ("80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1", context(LONG, 0, Keep)),
    ("80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-0", context(LONG, 0, Drop)),
    ("80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-d", context(LONG, 0, Debug)),
    ("80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1", context(LONG, 0, Deferred)),
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90", context(SHORT, PARENT, Keep)),
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd1", context(SHORT, 0, Deferred)),
    ("000000000000000064fe8b2a57d3eff7-e457b5a2e4d86bd1", context(SHORT, 0, Deferred)),
    // A decision alone.
    ("0", Reading::Undecided(Drop)),
    ("1", Reading::Undecided(Keep)),
    ("d", Reading::Undecided(Debug)),
    // Nothing else stands alone.
    ("", Reading::Malformed),
    ("2", Reading::Malformed),
    ("D", Reading::Malformed),
    ("-", Reading::Malformed),
    ("true", Reading::Malformed),
    ("80f198ee56343ba864fe8b2a57d3eff7", Reading::Malformed),
    ("64fe8b2a57d3eff7", Reading::Malformed),
    // Empty fields.
    ("80f198ee56343ba864fe8b2a57d3eff7-", Reading::Malformed),
    ("-e457b5a2e4d86bd1-1", Reading::Malformed),
    ("80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-", Reading::Malformed),
    ("80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-", Reading::Malformed),
    ("80f198ee56343ba864fe8b2a57d3eff7--1", Reading::Malformed),
    ("80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1--05e3ac9a4f6e3b90", Reading::Malformed),
    // Lengths.
    ("80f198ee56343ba864fe8b2a57d3eff-e457b5a2e4d86bd1-1", Reading::Malformed),
    ("80f198ee56343ba864fe8b2a57d3eff77-e457b5a2e4d86bd1-1", Reading::Malformed),
    ("64fe8b2a57d3ef-e457b5a2e4d86bd1-1", Reading::Malformed),
    ("64fe8b2a57d3eff70-e457b5a2e4d86bd1-1", Reading::Malformed),
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd-1", Reading::Malformed),
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd11-1", Reading::Malformed),
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd1-11", Reading::Malformed),
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b9", Reading::Malformed),
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b900", Reading::Malformed),
    // The parent has its place behind a decision.
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd1-05e3ac9a4f6e3b90", Reading::Malformed),
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90-x", Reading::Malformed),
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90-", Reading::Malformed),
    // Characters and zeroes.
    ("64FE8B2A57D3EFF7-e457b5a2e4d86bd1-1", Reading::Malformed),
    ("64fe8b2a57d3eff7-E457B5A2E4D86BD1-1", Reading::Malformed),
    ("64fe8b2a57d3efg7-e457b5a2e4d86bd1-1", Reading::Malformed),
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd1-D", Reading::Malformed),
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd1-2", Reading::Malformed),
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd1-t", Reading::Malformed),
    ("0000000000000000-e457b5a2e4d86bd1-1", Reading::Malformed),
    ("00000000000000000000000000000000-e457b5a2e4d86bd1-1", Reading::Malformed),
    ("64fe8b2a57d3eff7-0000000000000000-1", Reading::Malformed),
    ("64fe8b2a57d3eff7-e457b5a2e4d86bd1-1-0000000000000000", Reading::Malformed),
    ("64fe8b2a57d3eff7 -e457b5a2e4d86bd1-1", Reading::Malformed),
    ("64fe8b2a57d3eff7_e457b5a2e4d86bd1_1", Reading::Malformed),
];

#[test]
fn the_single_header_to_the_letter() {
    for (value, expected) in SINGLE {
        assert_eq!(read_single(value.as_bytes()), *expected, "{value:?}");
    }
    assert_eq!(read_single(b"64fe8b2a57d3ef\xff7-e457b5a2e4d86bd1-1"), Reading::Malformed);
    assert!(SINGLE.len() >= 40);
}

/// Trace, span, parent, sampled, flags; `-` stands for a header that is not there.
type Multi = ([&'static str; 5], Reading);

const L: &str = "80f198ee56343ba864fe8b2a57d3eff7";
const S: &str = "64fe8b2a57d3eff7";
const ID: &str = "e457b5a2e4d86bd1";
const P: &str = "05e3ac9a4f6e3b90";

const ROWS: &[Multi] = &[
    (["-", "-", "-", "-", "-"], Reading::Absent),
    ([L, ID, P, "1", "-"], context(LONG, PARENT, Keep)),
    ([L, ID, P, "0", "-"], context(LONG, PARENT, Drop)),
    ([L, ID, P, "-", "-"], context(LONG, PARENT, Deferred)),
    ([L, ID, P, "-", "1"], context(LONG, PARENT, Debug)),
    ([L, ID, P, "1", "1"], context(LONG, PARENT, Debug)),
    ([L, ID, P, "0", "1"], context(LONG, PARENT, Debug)),
    ([L, ID, P, "1", "0"], context(LONG, PARENT, Keep)),
    ([L, ID, P, "0", "0"], context(LONG, PARENT, Drop)),
    ([L, ID, P, "-", "0"], context(LONG, PARENT, Deferred)),
    ([L, ID, "-", "1", "-"], context(LONG, 0, Keep)),
    ([S, ID, "-", "1", "-"], context(SHORT, 0, Keep)),
    ([S, ID, P, "1", "-"], context(SHORT, PARENT, Keep)),
    ([S, ID, "-", "-", "-"], context(SHORT, 0, Deferred)),
    // What older tracers write, accepted on the way in only.
    ([S, ID, "-", "true", "-"], context(SHORT, 0, Keep)),
    ([S, ID, "-", "false", "-"], context(SHORT, 0, Drop)),
    // A decision alone.
    (["-", "-", "-", "0", "-"], Reading::Undecided(Drop)),
    (["-", "-", "-", "1", "-"], Reading::Undecided(Keep)),
    (["-", "-", "-", "-", "1"], Reading::Undecided(Debug)),
    (["-", "-", "-", "0", "1"], Reading::Undecided(Debug)),
    (["-", "-", "-", "-", "0"], Reading::Absent),
    // A part of the ids never becomes a context.
    ([L, "-", "-", "1", "-"], Reading::Malformed),
    (["-", ID, "-", "1", "-"], Reading::Malformed),
    (["-", "-", P, "1", "-"], Reading::Malformed),
    (["-", "-", P, "-", "-"], Reading::Malformed),
    ([L, "-", P, "-", "-"], Reading::Malformed),
    (["-", ID, P, "-", "-"], Reading::Malformed),
    // Empty and malformed fields.
    (["", ID, "-", "1", "-"], Reading::Malformed),
    ([L, "", "-", "1", "-"], Reading::Malformed),
    ([L, ID, "", "1", "-"], Reading::Malformed),
    ([L, ID, "-", "", "-"], Reading::Malformed),
    ([L, ID, "-", "1", ""], Reading::Malformed),
    ([L, ID, "0000000000000000", "1", "-"], Reading::Malformed),
    ([L, ID, "5e3ac9a4f6e3b90", "1", "-"], Reading::Malformed),
    ([L, ID, "-", "2", "-"], Reading::Malformed),
    ([L, ID, "-", "d", "-"], Reading::Malformed),
    ([L, ID, "-", "TRUE", "-"], Reading::Malformed),
    ([L, ID, "-", "1", "2"], Reading::Malformed),
    ([L, ID, "-", "1", "true"], Reading::Malformed),
    (["0000000000000000", ID, "-", "1", "-"], Reading::Malformed),
    (["00000000000000000000000000000000", ID, "-", "1", "-"], Reading::Malformed),
    ([L, "0000000000000000", "-", "1", "-"], Reading::Malformed),
    (["80F198EE56343BA864FE8B2A57D3EFF7", ID, "-", "1", "-"], Reading::Malformed),
    ([L, "E457B5A2E4D86BD1", "-", "1", "-"], Reading::Malformed),
    (["80f198ee56343ba864fe8b2a57d3eff", ID, "-", "1", "-"], Reading::Malformed),
    ([L, "e457b5a2e4d86bd", "-", "1", "-"], Reading::Malformed),
    (["x", ID, "-", "1", "-"], Reading::Malformed),
    // Blanks around a value are none of it.
    (["\t80f198ee56343ba864fe8b2a57d3eff7 ", ID, "-", " 1", "-"], context(LONG, 0, Keep)),
];

#[test]
fn the_headers_to_the_letter() {
    for (values, expected) in ROWS {
        let mut snapshot = Snapshot::default();
        for (known, value) in MULTI.iter().zip(values).filter(|(_, value)| **value != "-") {
            snapshot.add(*known, value.as_bytes());
        }
        assert_eq!(read_multi(&snapshot), *expected, "{values:?}");
    }
    assert!(ROWS.len() >= 40);
}

#[test]
fn of_repeated_headers_the_first_value_counts() {
    let mut snapshot = Snapshot::default();
    for value in ["64fe8b2a57d3eff7", "1111111111111111"] {
        snapshot.add(Known::B3TraceId, value.as_bytes());
    }
    snapshot.add(Known::B3SpanId, b"e457b5a2e4d86bd1");
    assert_eq!(read_multi(&snapshot), context(SHORT, 0, Decision::Deferred));
}

#[test]
fn debug_is_written_without_a_decision_beside_it() {
    let Reading::Context(debug) = context(LONG, PARENT, Decision::Debug) else { panic!() };
    assert_eq!(
        single_text(&debug),
        b"80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-d-05e3ac9a4f6e3b90"
    );
    let written = multi(&debug);
    assert!(written.iter().any(|part| part == (Known::B3Flags, b"1")));
    assert!(!written.has(Known::B3Sampled));
}

#[test]
fn an_open_decision_is_not_written_and_takes_the_parent_along_in_one_header() {
    let Reading::Context(open) = context(SHORT, PARENT, Decision::Deferred) else { panic!() };
    assert_eq!(single_text(&open), b"64fe8b2a57d3eff7-e457b5a2e4d86bd1");
    let names: Vec<Known> = multi(&open).iter().map(|(known, _)| known).collect();
    assert_eq!(names, [Known::B3TraceId, Known::B3SpanId, Known::B3ParentSpanId]);
}

use super::*;
use crate::context::Decision;
use filter_api::Environment;
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const WRITTEN: [Format; 9] = [
    Format::Tracecontext,
    Format::B3,
    Format::B3multi,
    Format::Jaeger,
    Format::Datadog,
    Format::Xray,
    Format::Gcp,
    Format::Ottrace,
    Format::GrpcTraceBin,
];

/// A context of random ids, with every decision in turn.
fn random_context(env: &mut SimEnvironment, round: usize) -> TraceContext {
    let decisions = [Decision::Deferred, Decision::Drop, Decision::Keep, Decision::Debug];
    TraceContext {
        // Every other trace id is of a 64-bit system.
        trace_id: TraceId {
            high: if round.is_multiple_of(2) { env.random() } else { 0 },
            low: env.random() | 1,
        },
        span_id: env.random() | 1,
        parent_span_id: if round.is_multiple_of(3) { env.random() | 1 } else { 0 },
        decision: decisions[round % decisions.len()],
        is_random: round.is_multiple_of(5),
    }
}

/// Writes the context in a format and reads it again.
fn round_trip(format: Format, context: &TraceContext) -> TraceContext {
    let written = write(format, context, None);
    let mut snapshot = Snapshot::default();
    for (known, value) in written.iter() {
        assert!(headers(format).contains(&known), "{format:?} writes a header that is not its own");
        snapshot.add(known, value);
    }
    match read(format, &snapshot) {
        Reading::Context(context) => context,
        other => panic!("{format:?} reads what it wrote as {other:?}: {written:?}"),
    }
}

/// B3 in one header has no place for a parent without a decision.
fn expected(format: Format, context: TraceContext) -> TraceContext {
    let mut expected = project(format, context);
    if format == Format::B3 && expected.decision == Decision::Deferred {
        expected.parent_span_id = 0;
    }
    expected
}

#[test]
fn what_is_written_in_a_format_is_read_again_in_every_pair_of_formats() {
    let mut env = SimEnvironment::seeded(7);
    let mut pairs = 0;
    for round in 0..60 {
        let context = random_context(&mut env, round);
        for first in WRITTEN {
            let once = round_trip(first, &context);
            assert_eq!(once, expected(first, context), "{first:?}");
            assert!(agrees(first, &once, &context), "{first:?}");
            for second in WRITTEN {
                let twice = round_trip(second, &once);
                assert_eq!(twice, expected(second, once), "{first:?} to {second:?}");
                assert!(has_same_ids(&twice, &context), "{first:?} to {second:?}");
                pairs += 1;
            }
        }
    }
    assert_eq!(pairs, 60 * 9 * 9);
}

#[test]
fn a_format_agrees_with_what_it_can_carry_of_a_context_and_with_nothing_else() {
    let mut env = SimEnvironment::seeded(8);
    let context = TraceContext { decision: Decision::Keep, ..random_context(&mut env, 2) };
    for format in WRITTEN {
        let own = project(format, context);
        assert!(agrees(format, &own, &context), "{format:?}");
        let other_trace = TraceId { low: own.trace_id.low ^ 1, ..own.trace_id };
        for other in [
            TraceContext { trace_id: other_trace, ..own },
            TraceContext { span_id: own.span_id ^ 2, ..own },
            TraceContext { decision: Decision::Drop, ..own },
        ] {
            assert!(!agrees(format, &other, &context), "{format:?}");
        }
        // Of a 64-bit system.
        let short = TraceContext { trace_id: TraceId { high: 0, ..own.trace_id }, ..own };
        assert!(agrees(format, &short, &context), "{format:?}");
    }
}

#[test]
fn one_header_is_enough_to_find_a_request_again() {
    const LOW: TraceId = TraceId { high: 0, low: 0x64fe_8b2a_57d3_eff7 };
    const LONG: TraceId = TraceId { high: 0x80f1_98ee_5634_3ba8, ..LOW };
    for (known, value, id) in [
        (Known::Traceparent, "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01", Some(LONG)),
        (Known::B3, "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1", Some(LONG)),
        (Known::B3TraceId, "80f198ee56343ba864fe8b2a57d3eff7", Some(LONG)),
        (Known::B3TraceId, "64fe8b2a57d3eff7", Some(LOW)),
        (Known::UberTraceId, "64fe8b2a57d3eff7:1:0:1", Some(LOW)),
        (Known::DatadogTraceId, "7277407061855694839", Some(LOW)),
        (Known::AmznTraceId, "Root=1-80f198ee-56343ba864fe8b2a57d3eff7", Some(LONG)),
        (Known::CloudTraceContext, "80f198ee56343ba864fe8b2a57d3eff7", Some(LONG)),
        (Known::OtTraceId, "64fe8b2a57d3eff7", Some(LOW)),
        (Known::GrpcTraceBin, "AACA8ZjuVjQ7qGT+iypX0+/3AeRXtaLk2GvRAgE", Some(LONG)),
        (Known::B3SpanId, "64fe8b2a57d3eff7", None),
        (Known::B3TraceId, "nonsense", None),
        (Known::DatadogTraceId, "0", None),
        (Known::Tracestate, "a=b", None),
    ] {
        let mut snapshot = Snapshot::default();
        snapshot.add(known, value.as_bytes());
        assert_eq!(lone_trace_id(&snapshot), id, "{known:?}");
    }
}

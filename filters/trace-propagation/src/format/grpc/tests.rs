use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const TRACE_ID: TraceId = TraceId { high: 0x80f1_98ee_5634_3ba8, low: 0x64fe_8b2a_57d3_eff7 };
const SPAN_ID: u64 = 0xe457_b5a2_e4d8_6bd1;
const TEXT: &[u8] = b"AACA8ZjuVjQ7qGT+iypX0+/3AeRXtaLk2GvRAgE";

fn context(decision: Decision) -> TraceContext {
    TraceContext { trace_id: TRACE_ID, span_id: SPAN_ID, decision, ..TraceContext::default() }
}

/// The fields of a whole context; those of these places are left out.
fn without(left_out: &[usize]) -> Vec<u8> {
    let trace = [&[TRACE][..], &TRACE_ID.high.to_be_bytes(), &TRACE_ID.low.to_be_bytes()].concat();
    let span = [&[SPAN][..], &SPAN_ID.to_be_bytes()].concat();
    let fields = [vec![VERSION], trace, span, vec![OPTIONS, SAMPLED]];
    let kept = fields.into_iter().enumerate().filter(|(place, _)| !left_out.contains(place));
    kept.flat_map(|(_, field)| field).collect()
}

#[test]
fn the_encoding_to_the_letter() {
    let whole = without(&[]);
    let with = |end: &[u8]| [&whole, end].concat();
    let swapped = |place: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[place] = byte;
        bytes
    };
    let zeroed = |from: usize, length: usize| {
        let mut bytes = whole.clone();
        bytes[from..from + length].fill(0);
        bytes
    };
    for (bytes, expected) in [
        (whole.clone(), Some(Decision::Keep)),
        (without(&[3]), Some(Decision::Drop)),
        (swapped(28, 0), Some(Decision::Drop)),
        (swapped(28, 0xfe), Some(Decision::Drop)),
        (swapped(28, 0xff), Some(Decision::Keep)),
        // Of a later day.
        (with(&[3, 1, 2]), Some(Decision::Keep)),
        (with(&[9]), Some(Decision::Keep)),
        (without(&[0]), None),
        (without(&[1]), None),
        (without(&[2]), None),
        (without(&[1, 2, 3]), None),
        (swapped(0, 1), None),
        (swapped(1, 1), None),
        (swapped(18, 0), None),
        (with(&[2, 1]), None),
        (with(&[0]), None),
        (whole[..28].to_vec(), None),
        (whole[..26].to_vec(), None),
        (zeroed(2, 16), None),
        (zeroed(19, 8), None),
        (Vec::new(), None),
    ] {
        assert_eq!(parse(&bytes), expected.map(context), "{bytes:?}");
    }
}

#[test]
fn it_is_base64_with_padding_or_without() {
    let padded = [TEXT, b"="].concat();
    for text in [TEXT, &padded] {
        assert_eq!(read(text), Reading::Context(context(Decision::Keep)));
    }
    for text in [&b""[..], b"not base64!", &TEXT[..20], &[TEXT, b",", TEXT].concat()] {
        assert_eq!(read(text), Reading::Malformed, "{text:?}");
    }
}

#[test]
fn it_is_written_without_padding() {
    assert_eq!(text(&context(Decision::Keep)), TEXT);
    assert_eq!(text(&context(Decision::Debug)), TEXT);
    for decision in [Decision::Drop, Decision::Deferred] {
        assert_eq!(read(&text(&context(decision))), Reading::Context(context(Decision::Drop)));
    }
}

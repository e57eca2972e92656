use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn hex_is_lower_case_digits_and_nothing_else() {
    for (text, value) in [
        ("0", Some(0)),
        ("00f", Some(15)),
        ("ffffffffffffffff", Some(u64::MAX)),
        ("", None),
        ("F", None),
        ("+1", None),
        ("1 ", None),
        ("g", None),
        ("fffffffffffffffff", None),
    ] {
        assert_eq!(hex(text.as_bytes()), value, "{text:?}");
    }
}

#[test]
fn each_byte_is_judged_in_each_place_of_a_whole_id() {
    for place in 0..16 {
        for byte in 0..=u8::MAX {
            let mut text = *b"0123456789abcdef";
            text[place] = byte;
            let digit = (byte as char).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
            let shift = 60 - 4 * place;
            let value = digit
                .map(|digit| 0x0123_4567_89ab_cdef & !(0xf << shift) | u64::from(digit) << shift);
            assert_eq!(hex(&text), value, "{byte:#x} at {place}");
        }
    }
    for byte in 0..=u8::MAX {
        let (value, mut text) = (u64::from_le_bytes([byte; 8]), Vec::new());
        push_hex(&mut text, value, 16);
        assert_eq!(String::from_utf8(text).unwrap(), format!("{value:016x}"));
    }
}

#[test]
fn decimals_fit_into_64_bits_or_are_none() {
    for (text, value) in [
        ("0", Some(0)),
        ("007", Some(7)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("99999999999999999999999", None),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1.0", None),
        ("0x1", None),
    ] {
        assert_eq!(decimal(text.as_bytes()), value, "{text:?}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    for value in [0, 1, 0x0123_4567_89ab_cdef, u64::MAX] {
        let mut text = Vec::new();
        push_hex(&mut text, value, 16);
        assert_eq!(hex(&text), Some(value));
        assert_eq!(decimal(&decimal_text(value)), Some(value));
    }
    for id in [TraceId { high: 0, low: 7 }, TraceId { high: 1, low: 0 }] {
        let mut text = Vec::new();
        push_trace_id(&mut text, id);
        assert_eq!(trace_id(&text), Some(id));
        let mut text = Vec::new();
        push_short_trace_id(&mut text, id);
        assert_eq!(trace_id(&text), Some(id));
        assert_eq!(unpadded_trace_id(&text), Some(id));
    }
}

#[test]
fn blanks_are_trimmed_at_both_ends_only() {
    assert_eq!(trim(b" \ta b\t "), b"a b");
    assert_eq!(trim(b" \t "), b"");
}

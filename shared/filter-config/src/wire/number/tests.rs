use super::{Decimal, UInt};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn uint(json: &str) -> Option<u64> {
    serde_json::from_str::<UInt>(json).ok().map(UInt::get)
}

#[test]
fn whole_doubles_are_integers() {
    for (json, expected) in [
        ("0", 0),
        ("-0.0", 0),
        ("503", 503),
        ("503.0", 503),
        ("5.03e2", 503),
        ("1e19", 10_000_000_000_000_000_000),
        ("18446744073709551615", u64::MAX),
        ("18446744073709549568.0", 18_446_744_073_709_549_568),
    ] {
        assert_eq!(uint(json), Some(expected), "{json}");
    }
}

#[test]
fn fractions_negatives_and_other_types_are_refused() {
    for json in [
        "-1",
        "-1.0",
        "0.5",
        "503.0000001",
        "1e-3",
        "18446744073709551616",
        "1e20",
        "1e300",
        "\"5\"",
        "true",
        "null",
        "[]",
        "{}",
    ] {
        assert_eq!(uint(json), None, "{json}");
    }
}

#[test]
fn decimals_are_any_finite_number() {
    for (json, expected) in [("0", 0.0), ("10", 10.0), ("0.57", 0.57), ("-1e-3", -0.001)] {
        assert_eq!(serde_json::from_str::<Decimal>(json).unwrap().get(), expected, "{json}");
    }
    for json in ["1e999", "\"1\"", "null", "NaN"] {
        assert!(serde_json::from_str::<Decimal>(json).is_err(), "{json}");
    }
}

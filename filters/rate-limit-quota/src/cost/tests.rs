use super::*;
use filter_api::{HeaderPairs, encode_pairs};
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn cost(expression: Option<&str>, headers: &[(&str, &[u8])]) -> u64 {
    let otherwise = Units::parse(expression).unwrap();
    let bytes = encode_pairs(headers.iter().map(|(name, value)| (*name, *value)));
    let request = RequestHead::new(HeaderPairs::parse(&bytes));
    Cost { table: Vec::new(), otherwise }.of(&request, &mut SimEnvironment::seeded(1))
}

#[test]
fn a_request_says_its_cost_and_never_less_than_one() {
    let expression = Some("request.headers[\"x-cost\"] | \"3\"");
    assert_eq!(cost(expression, &[]), 3);
    for (said, units) in [
        (&b"7"[..], 7),
        (b" 7 ", 7),
        (b"0", 1),
        (b"-5", 1),
        (b"1e9", 1),
        (b"", 1),
        (b"\xff", 1),
        (b"99999999999999999999999", u64::MAX),
    ] {
        assert_eq!(cost(expression, &[("x-cost", said)]), units, "{said:?}");
    }
}

#[test]
fn a_fixed_cost_may_be_nothing() {
    assert_eq!(cost(Some("\"0\""), &[]), 0);
    assert_eq!(cost(Some(" \"12\" "), &[]), 12);
    assert_eq!(cost(None, &[]), 1);
    assert!(Units::parse(Some("12")).is_err());
}

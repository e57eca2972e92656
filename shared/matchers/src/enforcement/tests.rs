use super::{Enforcement, Mode};
use crate::Percentage;
use filter_api::{ConfigError, HeaderPairs, RequestHead, encode_pairs};
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const HALF: &str = r#"{"value":50,"key":"request.headers[end-user]"}"#;

fn enforcement(
    own: Option<Mode>,
    of_filter: Option<Mode>,
    percentage: Option<&str>,
) -> Result<Enforcement, ConfigError> {
    let percentage: Option<Percentage> = percentage.map(|json| serde_json::from_str(json).unwrap());
    Enforcement::from_wire(own, of_filter, percentage.as_ref(), "rule.enforce", "rules[0]")
}

/// For how many of 1000 users the rule is enforced.
fn enforced(enforcement: &Enforcement) -> usize {
    let mut env = SimEnvironment::seeded(1);
    (0..1000)
        .filter(|user| {
            let bytes = encode_pairs([("end-user", format!("user-{user}"))]);
            let request = RequestHead::new(HeaderPairs::parse(&bytes));
            enforcement.decide(&request, &mut env) == Mode::Enforce
        })
        .count()
}

#[test]
fn the_rules_own_mode_comes_first_and_enforcing_is_the_default() {
    for (own, of_filter, count) in [
        (None, None, 1000),
        (Some(Mode::Enforce), Some(Mode::Shadow), 1000),
        (Some(Mode::Shadow), Some(Mode::Enforce), 0),
        (None, Some(Mode::Shadow), 0),
    ] {
        let enforcement = enforcement(own, of_filter, None).unwrap();
        assert_eq!(enforced(&enforcement), count);
        assert_eq!(enforcement.is_shadow(), count == 0);
        assert!(!enforcement.needs_request_headers());
    }
}

#[test]
fn a_share_is_enforced_the_same_for_the_same_key_and_the_rest_is_shadow() {
    let half = enforcement(None, None, Some(HALF)).unwrap();
    let count = enforced(&half);
    // 99.9 % of all salts give 448 to 552 of 1000.
    assert!((448..=552).contains(&count), "{count}");
    assert_eq!(enforced(&half), count, "the same users again");
    assert!(half.needs_request_headers() && !half.is_shadow());
    let none = enforcement(None, None, Some(r#"{"value":0}"#)).unwrap();
    assert_eq!(enforced(&none), 0);
    let filter_says = enforcement(None, Some(Mode::Shadow), Some(HALF)).unwrap();
    assert_eq!(enforced(&filter_says), 0);
    assert!(!filter_says.needs_request_headers());
}

#[test]
fn a_percentage_of_nothing_is_refused() {
    let error = enforcement(Some(Mode::Shadow), None, Some(HALF)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "rules[0].enforcePercentage: found it beside mode: SHADOW, allowed is it with mode: \
         ENFORCE, or no such field"
    );
    let error = enforcement(None, None, Some(r#"{"value":101}"#)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "rules[0].enforcePercentage.value: found 101, allowed is a number from 0 to 100"
    );
}

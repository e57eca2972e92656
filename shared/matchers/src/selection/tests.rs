use super::{Percentage, Selection};
use crate::{FractionalPercent, sticky};
use filter_api::{
    Cas, Environment, Gauge, HeaderPairs, Permit, RequestHead, SharedDataError, UnixTime,
    encode_pairs,
};
use filter_config::wire::UInt;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A host whose random numbers are a counter's hash, and which counts them.
#[derive(Default)]
struct Host {
    drawn: u64,
}

impl Environment for Host {
    fn monotonic(&mut self) -> u64 {
        0
    }

    fn unix_time(&mut self) -> UnixTime {
        UnixTime(0)
    }

    fn random(&mut self) -> u64 {
        self.drawn += 1;
        sticky::position(&self.drawn.to_le_bytes(), "random")
    }

    fn try_acquire(&mut self, _: Gauge, _: u64) -> Option<Permit> {
        None
    }

    fn property(&mut self, _: &[&str]) -> Option<Vec<u8>> {
        None
    }

    fn shared_data(&mut self, _: &str) -> Option<(Vec<u8>, Cas)> {
        None
    }

    fn set_shared_data(&mut self, _: &str, _: &[u8], _: Cas) -> Result<(), SharedDataError> {
        Err(SharedDataError::Host)
    }
}

fn percentage(json: &str) -> Percentage {
    serde_json::from_str(json).unwrap()
}

fn selection(json: &str) -> Selection {
    Selection::from_wire(Some(&percentage(json)), None, "rule.delay", "").unwrap()
}

/// How many of `keys` a sticky selection takes, and which.
fn selected(selection: &Selection, keys: u32) -> Vec<u32> {
    let mut host = Host::default();
    let selected = (0..keys)
        .filter(|key| {
            let bytes = encode_pairs([("end-user", format!("user-{key}"))]);
            selection.selects(&RequestHead::new(HeaderPairs::parse(&bytes)), &mut host)
        })
        .collect();
    assert_eq!(host.drawn, 0, "a sticky selection draws nothing");
    selected
}

/// Whether `hits` of `of` are within the 99.9 % bounds of a share (normal approximation: 3.29
/// standard deviations).
fn is_plausible(hits: usize, of: u32, share: f64) -> bool {
    let expected = f64::from(of) * share;
    let deviation = (expected * (1.0 - share)).sqrt();
    (hits as f64 - expected).abs() <= 3.29 * deviation
}

#[test]
fn a_sticky_share_is_met_and_raising_it_only_adds_keys() {
    const KEYS: u32 = 10_000;
    let mut before: Vec<u32> = Vec::new();
    for percent in [1, 10, 50, 90] {
        let json = format!(r#"{{"value":{percent},"key":"request.headers[end-user]"}}"#);
        let now = selected(&selection(&json), KEYS);
        assert!(
            is_plausible(now.len(), KEYS, f64::from(percent) / 100.0),
            "{percent}: {}",
            now.len()
        );
        assert!(before.iter().all(|key| now.contains(key)), "{percent}");
        assert_eq!(selected(&selection(&json), KEYS), now, "the same keys again");
        before = now;
    }
}

#[test]
fn different_salts_are_independent() {
    const KEYS: u32 = 10_000;
    let half = |salt: &str| {
        let json = format!(r#"{{"value":50,"key":"request.headers[end-user]","salt":"{salt}"}}"#);
        selected(&selection(&json), KEYS)
    };
    let (one, two) = (half("exp-1"), half("exp-2"));
    let both = one.iter().filter(|key| two.contains(key)).count();
    assert!(is_plausible(both, KEYS, 0.25), "{both}");
    assert_eq!(
        half("rule.delay"),
        selected(&selection(r#"{"value":50,"key":"request.headers[end-user]"}"#), KEYS)
    );
}

#[test]
fn the_position_of_a_key_never_changes() {
    // XXH64 of nothing with seed 0 is a published vector; the last was computed with the reference
    // implementation: xxh64(b"jason", seed=xxh64(b"exp-1", seed=0)).
    assert_eq!(xxhash_rust::xxh64::xxh64(b"", 0), 0xef46_db37_51d8_e999);
    let seed = xxhash_rust::xxh64::xxh64(b"exp-1", 0);
    assert_eq!(sticky::position(b"jason", "exp-1"), xxhash_rust::xxh64::xxh64(b"jason", seed));
    assert_eq!(sticky::position(b"", ""), xxhash_rust::xxh64::xxh64(b"", 0xef46_db37_51d8_e999));
    assert_eq!(sticky::position(b"jason", "exp-1"), 0xb32e_d3a8_e2f5_9a1b);
    assert_eq!(sticky::Seed::of("exp-1").position(b"jason"), 0xb32e_d3a8_e2f5_9a1b);
}

#[test]
fn without_a_key_and_for_requests_without_it_the_draw_is_random() {
    const REQUESTS: u32 = 20_000;
    for json in [r#"{"value":10}"#, r#"{"value":10,"key":"request.headers[end-user]"}"#] {
        let (selection, mut host) = (selection(json), Host::default());
        let hits =
            (0..REQUESTS).filter(|_| selection.selects(&RequestHead::default(), &mut host)).count();
        assert!(is_plausible(hits, REQUESTS, 0.1), "{hits}");
        assert_eq!(host.drawn, u64::from(REQUESTS));
    }
}

#[test]
fn all_and_none_draw_nothing_and_read_nothing() {
    let mut host = Host::default();
    for (value, expected) in [(0, false), (100, true)] {
        let json = format!(r#"{{"value":{value},"key":"request.headers[end-user]"}}"#);
        let selection = selection(&json);
        assert_eq!(selection.selects(&RequestHead::default(), &mut host), expected);
        assert!(!selection.needs_request_headers());
    }
    assert_eq!(host.drawn, 0);
    assert!(selection(r#"{"value":1,"key":"request.headers[end-user]"}"#).needs_request_headers());
    assert!(!selection(r#"{"value":1,"key":"source.ip"}"#).needs_request_headers());
    assert!(!selection(r#"{"value":1}"#).needs_request_headers());
}

#[test]
fn a_cap_lowers_the_share_and_keeps_the_key() {
    let json = r#"{"value":50,"key":"request.headers[end-user]"}"#;
    let capped = selection(json).with_cap(FractionalPercent::from_parts_per_million(100_000));
    let ten = selection(&json.replace("50", "10"));
    assert_eq!(selected(&capped, 1000), selected(&ten, 1000));
    assert_eq!(ten.with_cap(FractionalPercent::ALWAYS).threshold(), ten.threshold());
}

#[test]
fn percentage_or_the_older_percent_is_needed_and_only_one() {
    let older = |percent| Selection::from_wire(None, Some(UInt::from(percent)), "s", "a.b");
    assert_eq!(older(50).unwrap().threshold().parts_per_million(), 500_000);
    assert_eq!(older(0).unwrap().threshold(), FractionalPercent::NEVER);
    assert_eq!(
        older(101).unwrap_err().to_string(),
        "a.b.percent: found 101, allowed is a whole number from 0 to 100"
    );
    let whole = percentage(r#"{"value":1}"#);
    for (percentage, percent, line) in [
        (
            None,
            None,
            "a.b.percentage: missing, but required: Istio reads a missing percentage as 0, \
                      people as 100; write percentage: {value: 100} for every request",
        ),
        (
            Some(&whole),
            Some(UInt::from(1)),
            "a.b.percent: found it beside percentage, allowed is one of them",
        ),
    ] {
        let error = Selection::from_wire(percentage, percent, "s", "a.b").unwrap_err();
        assert_eq!(error.to_string(), line);
    }
}

#[test]
fn what_is_wrong_in_a_percentage_is_refused_by_its_path() {
    for (json, start) in [
        (
            r#"{"value":100.1}"#,
            "f.percentage.value: found 100.1, allowed is a number from 0 to 100",
        ),
        (
            r#"{"value":0.00001}"#,
            "f.percentage.value: found 0.00001, allowed are at most four decimals",
        ),
        (r#"{"value":1,"salt":"x"}"#, "f.percentage.salt: means nothing without a key"),
        (
            r#"{"value":1,"key":"user"}"#,
            "f.percentage.key: found `user`, allowed is request.headers[..], ",
        ),
    ] {
        let error = Selection::from_wire(Some(&percentage(json)), None, "s", "f").unwrap_err();
        assert!(error.to_string().starts_with(start), "{error}");
    }
    for json in ["{}", r#"{"value":"1"}"#, r#"{"value":1,"denominator":"HUNDRED"}"#] {
        assert!(serde_json::from_str::<Percentage>(json).is_err(), "{json}");
    }
}

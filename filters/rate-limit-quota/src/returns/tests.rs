use super::*;
use crate::filter::QuotaFilter;
use crate::stream::QuotaStream;
use filter_api::{Effect, Effects, HttpFilter, RequestHead, Verdict};
use filter_testing::SimEnvironment;
use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Enough for the releases that are to fail.
const MANY_CONFLICTS: u32 = 1_000_000;

fn filter(most: usize, env: &mut SimEnvironment) -> QuotaFilter {
    let quota = format!(r#"{{"name": "q", "maxAmount": {most}, "algorithm": "CONCURRENCY"}}"#);
    let config = format!(r#"{{"quotas": [{quota}]}}"#);
    QuotaFilter::configure(config.as_bytes(), &mut env.metrics).unwrap()
}

/// Counts, and says when the plugin wants to be asked.
fn carry_out(effects: Effects, env: &mut SimEnvironment) -> Option<Duration> {
    let mut wakes = None;
    for effect in effects {
        match effect {
            Effect::Count(counter, by) => env.metrics.count_by(counter, by),
            Effect::WakeRoot(time) => wakes = Some(time),
            _ => {}
        }
    }
    wakes
}

fn passes(quota: &QuotaFilter, stream: &mut QuotaStream, env: &mut SimEnvironment) -> bool {
    let decision = quota.on_request_headers(stream, &RequestHead::default(), env);
    carry_out(decision.effects, env);
    decision.verdict == Verdict::Continue
}

fn ends(
    quota: &QuotaFilter,
    stream: &mut QuotaStream,
    env: &mut SimEnvironment,
) -> Option<Duration> {
    let effects = quota.on_stream_end(stream, env);
    carry_out(effects, env)
}

fn wakes(quota: &QuotaFilter, env: &mut SimEnvironment) -> Option<Duration> {
    let effects = quota.on_root_deadline(env).effects;
    carry_out(effects, env)
}

const SOON: Option<Duration> = Some(Duration::from_millis(20));

/// The unit of a stream whose end could not be written is back with the next request.
#[test]
fn the_next_request_finds_what_could_not_be_given_back() {
    let mut env = SimEnvironment::seeded(1);
    let (quota, mut stream) = (filter(1, &mut env), QuotaStream::default());
    for conflicts in [0, MANY_CONFLICTS] {
        assert!(passes(&quota, &mut stream, &mut env));
        (env.shared_data_fails, env.conflicts) = (conflicts == 0, conflicts);
        assert_eq!(ends(&quota, &mut stream, &mut env), SOON);
        // While it lasts nothing passes, and nothing is forgotten.
        assert!(!passes(&quota, &mut QuotaStream::default(), &mut env));
        (env.shared_data_fails, env.conflicts) = (false, 0);
        assert!(passes(&quota, &mut stream, &mut env));
        assert_eq!(ends(&quota, &mut stream, &mut env), None);
    }
    assert_eq!(env.metrics.value("units_returned_late"), Some(2));
    assert_eq!(env.metrics.value("units_lost"), Some(0));
}

/// Other workers find it soon, even if no request comes to this one.
#[test]
fn without_a_request_it_is_given_back_soon() {
    let mut env = SimEnvironment::seeded(1);
    let (quota, mut stream) = (filter(1, &mut env), QuotaStream::default());
    assert!(passes(&quota, &mut stream, &mut env));
    env.shared_data_fails = true;
    assert_eq!(ends(&quota, &mut stream, &mut env), SOON);
    assert_eq!(wakes(&quota, &mut env), SOON);
    env.shared_data_fails = false;
    assert_eq!(wakes(&quota, &mut env), None);
    assert_eq!(env.metrics.value("units_returned_late"), Some(1));
    let another = filter(1, &mut env);
    assert!(passes(&another, &mut stream, &mut env));
}

#[test]
fn a_thousand_are_kept_and_the_rest_is_counted() {
    let mut env = SimEnvironment::seeded(1);
    let quota = filter(2_000, &mut env);
    let mut streams: Vec<QuotaStream> = (0..MOST + 7).map(|_| QuotaStream::default()).collect();
    for stream in &mut streams {
        assert!(passes(&quota, stream, &mut env));
    }
    env.shared_data_fails = true;
    for stream in &mut streams {
        ends(&quota, stream, &mut env);
    }
    env.shared_data_fails = false;
    assert_eq!(wakes(&quota, &mut env), None);
    assert_eq!(env.metrics.value("units_returned_late"), Some(1_024));
    assert_eq!(env.metrics.value("units_lost"), Some(7));
}

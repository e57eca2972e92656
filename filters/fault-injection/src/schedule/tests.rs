use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SECOND: u64 = 1_000_000_000;

fn at(seconds: u64) -> UnixTime {
    UnixTime(seconds * SECOND)
}

#[test]
fn the_window_includes_its_start_and_excludes_its_end() {
    let schedule = Schedule { from: Some(at(10)), until: Some(at(20)), ramp_up: None };
    assert_eq!(schedule.share(UnixTime(10 * SECOND - 1)), Share::Closed);
    assert_eq!(schedule.share(at(10)), Share::Full);
    assert_eq!(schedule.share(UnixTime(20 * SECOND - 1)), Share::Full);
    assert_eq!(schedule.share(at(20)), Share::Closed);
}

#[test]
fn either_end_may_be_open() {
    let until = Schedule { until: Some(at(20)), ..Schedule::default() };
    assert_eq!((until.share(at(1)), until.share(at(20))), (Share::Full, Share::Closed));
    let from = Schedule { from: Some(at(10)), ..Schedule::default() };
    assert_eq!((from.share(at(9)), from.share(UnixTime(u64::MAX))), (Share::Closed, Share::Full));
    assert!(Schedule::default().is_always() && !until.is_always() && !from.is_always());
}

#[test]
fn the_ramp_is_linear() {
    let schedule =
        Schedule { from: Some(at(100)), until: None, ramp_up: Some(Duration::from_secs(200)) };
    for (seconds, percent_of_half) in [(100, 0), (101, 2_500), (150, 125_000), (200, 250_000)] {
        assert_eq!(schedule.share(at(seconds)).of(500_000), percent_of_half, "{seconds}");
    }
    assert_eq!(schedule.share(at(299)), Share::Part(995_000));
    assert_eq!(schedule.share(at(300)), Share::Full);
}

#[test]
fn extremes_neither_overflow_nor_exceed_the_configured() {
    let schedule = Schedule { from: Some(UnixTime(0)), until: None, ramp_up: Some(Duration::MAX) };
    assert_eq!(schedule.share(UnixTime(u64::MAX)).of(1_000_000), 0);
    assert_eq!(Share::Part(999_999).of(1_000_000), 999_999);
    assert_eq!(Share::Closed.of(1_000_000), 0);
}

#[test]
fn without_the_time_no_fault_outlives_its_end() {
    let untold = UnixTime::default();
    let ended = Schedule { from: None, until: Some(at(100)), ramp_up: None };
    assert_eq!(ended.share(at(99)), Share::Full);
    assert_eq!(ended.share(untold), Share::Closed);
    assert_eq!(Schedule::default().share(untold), Share::Full);
}

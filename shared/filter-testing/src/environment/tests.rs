use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn shared_data_compares_versions_as_envoy_does() {
    let mut env = SimEnvironment::seeded(1);
    assert_eq!(env.shared_data("k"), None);
    // A value that is not there is set whatever the version.
    assert_eq!(env.set_shared_data("k", b"1", Cas(77)), Ok(()));
    let (value, cas) = env.shared_data("k").unwrap();
    assert_eq!(value, b"1");
    assert_eq!(env.set_shared_data("k", b"2", cas), Ok(()));
    assert_eq!(env.set_shared_data("k", b"3", cas), Err(SharedDataError::CasMismatch));
    assert_eq!(env.set_shared_data("k", b"3", Cas(0)), Ok(()));
}

#[test]
fn conflicts_and_failures_come_when_asked_for() {
    let mut env = SimEnvironment::seeded(1);
    env.conflicts = 1;
    assert_eq!(env.set_shared_data("k", b"1", Cas(0)), Err(SharedDataError::CasMismatch));
    assert_eq!(env.set_shared_data("k", b"1", Cas(0)), Ok(()));
    env.shared_data_fails = true;
    assert_eq!(env.set_shared_data("k", b"1", Cas(0)), Err(SharedDataError::Host));
}

#[test]
fn both_clocks_move_together_and_only_when_told() {
    let mut env = SimEnvironment::seeded(1);
    env.set_unix_time(UnixTime(5));
    let before = env.monotonic();
    assert_eq!(env.unix_time(), UnixTime(5));
    env.advance(Duration::from_nanos(7));
    assert_eq!((env.monotonic() - before, env.unix_time()), (7, UnixTime(12)));
    assert_eq!(env.asked.clocks, 4);
}

#[test]
fn a_seed_gives_the_same_numbers_again() {
    let mut numbers = [1, 1, 2].map(|seed| SimEnvironment::seeded(seed).random());
    assert_eq!(numbers[0], numbers[1]);
    numbers.sort_unstable();
    assert_ne!(numbers[0], numbers[2]);
}

#[test]
fn a_gauge_neither_exceeds_its_limit_nor_falls_below_zero() {
    let mut env = SimEnvironment::seeded(1);
    let gauge = Gauge(0);
    assert!(env.try_acquire(gauge, 1).is_some());
    assert!(env.try_acquire(gauge, 1).is_none());
    assert!(env.metrics.lower(gauge));
    assert!(!env.metrics.lower(gauge));
}

use super::*;
use filter_api::Cas;
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn halt() -> Halt {
    Halt::new("r", Duration::from_secs(10), 0.5, 4)
}

fn observe(halt: &Halt, env: &mut SimEnvironment, failures: u32, successes: u32) {
    for index in 0..failures + successes {
        assert_eq!(halt.observe(index < failures, env), Update::Done);
    }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn it_halts_above_the_ratio_not_at_it() {
    let (halt, mut env) = (halt(), SimEnvironment::seeded(1));
    observe(&halt, &mut env, 2, 2);
    assert!(!halt.is_halted(&mut env), "half is not more than half");
    observe(&halt, &mut env, 1, 0);
    assert!(halt.is_halted(&mut env));
    observe(&halt, &mut env, 0, 1);
    assert!(!halt.is_halted(&mut env), "successes bring it back");
}

#[test]
fn too_few_answers_say_nothing() {
    let (halt, mut env) = (halt(), SimEnvironment::seeded(1));
    assert!(!halt.is_halted(&mut env), "no answer at all");
    observe(&halt, &mut env, 3, 0);
    assert!(!halt.is_halted(&mut env));
    observe(&halt, &mut env, 1, 0);
    assert!(halt.is_halted(&mut env));
}

#[test]
fn a_ratio_of_zero_halts_on_one_failure() {
    let halt = Halt::new("r", seconds(10), 0.0, 1);
    let mut env = SimEnvironment::seeded(1);
    observe(&halt, &mut env, 0, 100);
    assert!(!halt.is_halted(&mut env));
    observe(&halt, &mut env, 1, 0);
    assert!(halt.is_halted(&mut env));
}

#[test]
fn failures_leave_the_window_by_themselves() {
    let (halt, mut env) = (halt(), SimEnvironment::seeded(1));
    observe(&halt, &mut env, 4, 0);
    env.advance(seconds(9));
    assert!(halt.is_halted(&mut env));
    env.advance(seconds(1));
    assert!(!halt.is_halted(&mut env), "ten seconds later they are gone");
}

#[test]
fn tenths_are_reused_after_the_window_has_turned() {
    let (halt, mut env) = (halt(), SimEnvironment::seeded(1));
    for _ in 0..25 {
        observe(&halt, &mut env, 0, 1);
        env.advance(seconds(1));
    }
    observe(&halt, &mut env, 8, 0);
    assert!(!halt.is_halted(&mut env), "9 successes and 8 failures");
    observe(&halt, &mut env, 2, 0);
    assert!(halt.is_halted(&mut env), "9 successes and 10 failures");
    env.advance(seconds(1_000_000));
    assert!(!halt.is_halted(&mut env));
    observe(&halt, &mut env, 4, 0);
    assert!(halt.is_halted(&mut env));
}

#[test]
fn a_worker_whose_clock_is_a_callback_behind_loses_nothing() {
    let mut window = Window::default();
    window.add(100, true);
    window.add(99, true);
    assert_eq!(window.newest, 100);
    assert_eq!(window.sums(99), (2, 2));
}

#[test]
fn a_foreign_value_is_an_empty_window() {
    let (halt, mut env) = (halt(), SimEnvironment::seeded(1));
    for foreign in [&b""[..], b"x", &[0xff; 87], &[0xff; 89]] {
        env.set_shared_data(&halt.key, foreign, Cas(0)).unwrap();
        assert!(!halt.is_halted(&mut env));
        observe(&halt, &mut env, 4, 0);
        assert!(halt.is_halted(&mut env), "and can be counted into");
    }
}

#[test]
fn a_window_survives_its_bytes_and_never_overflows() {
    let mut window = Window { newest: u64::MAX, ..Window::default() };
    window.slots = [Slot { answers: u32::MAX, failures: u32::MAX }; SLOTS];
    let mut read = Window::decode(Some(&window.encode()));
    assert_eq!(read, window);
    read.add(u64::MAX, true);
    assert_eq!(read, window);
    assert_eq!(read.sums(u64::MAX), (10 * u64::from(u32::MAX), 10 * u64::from(u32::MAX)));
}

#[test]
fn what_cannot_be_counted_is_said() {
    let (halt, mut env) = (halt(), SimEnvironment::seeded(1));
    env.shared_data_fails = true;
    assert_eq!(halt.observe(true, &mut env), Update::Failed);
}

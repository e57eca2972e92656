use super::*;
use filter_api::Cas;
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn window() -> ErrorWindow {
    ErrorWindow::new("r", seconds(10))
}

fn observe(window: &ErrorWindow, env: &mut SimEnvironment, failures: u32, successes: u32) {
    for index in 0..failures + successes {
        assert_eq!(window.observe(index < failures, env), Update::Done);
    }
}

fn sums(answers: u64, failures: u64) -> Sums {
    Sums { answers, failures }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn more_than_the_ratio_of_enough_answers_exceeds_it() {
    for (answers, failures, ratio, exceeds) in [
        (4, 2, 0.5, false),
        (5, 3, 0.5, true),
        (3, 3, 0.5, false),
        (100, 0, 0.0, false),
        (100, 1, 0.0, true),
        (0, 0, 0.0, false),
    ] {
        let sums = sums(answers, failures);
        assert_eq!(sums.exceed(ratio, 4), exceeds, "{sums:?} {ratio}");
    }
}

#[test]
fn failures_leave_the_window_by_themselves() {
    let (window, mut env) = (window(), SimEnvironment::seeded(1));
    assert_eq!(window.sums(&mut env), sums(0, 0));
    observe(&window, &mut env, 4, 1);
    env.advance(seconds(9));
    assert_eq!(window.sums(&mut env), sums(5, 4));
    env.advance(seconds(1));
    assert_eq!(window.sums(&mut env), sums(0, 0), "ten seconds later they are gone");
}

#[test]
fn tenths_are_reused_after_the_window_has_turned() {
    let (window, mut env) = (window(), SimEnvironment::seeded(1));
    for _ in 0..25 {
        observe(&window, &mut env, 0, 1);
        env.advance(seconds(1));
    }
    observe(&window, &mut env, 8, 0);
    assert_eq!(window.sums(&mut env), sums(17, 8));
    env.advance(seconds(1_000_000));
    assert_eq!(window.sums(&mut env), sums(0, 0));
    observe(&window, &mut env, 4, 0);
    assert_eq!(window.sums(&mut env), sums(4, 4));
}

#[test]
fn a_worker_whose_clock_is_a_callback_behind_loses_nothing() {
    let mut window = Window::default();
    window.add(100, true);
    window.add(99, true);
    assert_eq!(window.newest, 100);
    assert_eq!(window.sums(99), sums(2, 2));
}

#[test]
fn a_foreign_value_is_an_empty_window() {
    let (window, mut env) = (window(), SimEnvironment::seeded(1));
    for foreign in [&b""[..], b"x", &[0xff; 87], &[0xff; 89]] {
        env.set_shared_data(&window.key, foreign, Cas(0)).unwrap();
        assert_eq!(window.sums(&mut env), sums(0, 0));
        observe(&window, &mut env, 4, 0);
        assert_eq!(window.sums(&mut env), sums(4, 4), "and can be counted into");
    }
}

#[test]
fn a_new_length_starts_anew() {
    let mut env = SimEnvironment::seeded(1);
    observe(&window(), &mut env, 1, 0);
    assert_eq!(ErrorWindow::new("r", seconds(11)).sums(&mut env), sums(0, 0));
}

#[test]
fn a_window_survives_its_bytes_and_never_overflows() {
    let mut window = Window { newest: u64::MAX, ..Window::default() };
    window.slots = [Slot { answers: u32::MAX, failures: u32::MAX }; SLOTS];
    let mut read = Window::decode(Some(&window.encode()));
    assert_eq!(read, window);
    read.add(u64::MAX, true);
    assert_eq!(read, window);
    let full = 10 * u64::from(u32::MAX);
    assert_eq!(read.sums(u64::MAX), sums(full, full));
}

#[test]
fn what_cannot_be_counted_is_said() {
    let (window, mut env) = (window(), SimEnvironment::seeded(1));
    env.shared_data_fails = true;
    assert_eq!(window.observe(true, &mut env), Update::Failed);
}

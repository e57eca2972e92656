use super::*;
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn halt() -> Halt {
    Halt::new("r", seconds(10), 0.5, 4)
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

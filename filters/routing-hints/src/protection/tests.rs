use super::*;
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const WINDOW: Duration = Duration::from_secs(10);

fn protection(excess: f64) -> Protection {
    Protection::new("r", ["v1", "v2", "v3"].into_iter(), (WINDOW, excess, 4), false)
}

fn sums(answers: u64, failures: u64) -> Sums {
    Sums { answers, failures }
}

#[test]
fn a_variant_is_held_while_it_fails_more_than_all_others_together() {
    let none = sums(0, 0);
    for (excess, all, held) in [
        (0.25, [sums(8, 0), sums(4, 1), none], 0b000),
        (0.25, [sums(8, 0), sums(4, 2), none], 0b010),
        (0.25, [sums(8, 4), sums(4, 3), none], 0b000),
        (0.25, [sums(4, 0), sums(4, 4), sums(8, 0)], 0b010),
        (0.0, [sums(100, 1), sums(100, 1), none], 0b000),
        (0.0, [sums(100, 1), sums(100, 2), none], 0b010),
        (0.0, [sums(100, 0), sums(3, 3), none], 0b000),
        (0.0, [none, sums(100, 100), none], 0b000),
        (0.1, [sums(10, 9), sums(10, 9), sums(1000, 0)], 0b011),
    ] {
        assert_eq!(protection(excess).judge(&all), held, "{excess} {all:?}");
    }
    // Not all can be worse than the others.
    assert_ne!(protection(0.0).judge(&[sums(9, 9), sums(9, 8), sums(9, 7)]), 0b111);
}

#[test]
fn a_verdict_holds_for_a_hundredth_of_the_window_and_ends_with_the_failures() {
    let (protection, mut env) = (protection(0.5), SimEnvironment::seeded(1));
    assert_eq!(protection.held(&mut env), 0);
    for variant in [0, 1, 1, 1, 1] {
        assert_eq!(protection.observe(variant, variant == 1, &mut env), Update::Done);
    }
    let asked = env.asked.shared_data;
    assert_eq!(protection.held(&mut env), 0, "as it was");
    assert_eq!(env.asked.shared_data, asked, "and not asked for");
    env.advance(WINDOW / 100);
    assert_eq!(protection.held(&mut env), 0b010);
    env.advance(WINDOW);
    assert_eq!(protection.held(&mut env), 0);
    assert_eq!(protection.observe(9, true, &mut env), Update::Declined);
}

use super::*;
use filter_api::Environment as _;
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const MS: f64 = 1e6;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The same on every run.
fn seeded() -> impl FnMut() -> u64 {
    let mut env = SimEnvironment::seeded(7);
    move || env.random()
}

fn samples(distribution: &Distribution) -> Vec<f64> {
    let mut random = seeded();
    let mut times: Vec<f64> =
        (0..20_000).map(|_| nanos(distribution.sample(&mut random)) / MS).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn mean(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() / times.len() as f64
}

fn all() -> [Distribution; 5] {
    [
        Distribution::Fixed(ms(7)),
        Distribution::Uniform { min: ms(10), max: ms(30) },
        Distribution::Normal {
            mean: ms(100),
            standard_deviation: ms(20),
            min: ms(1),
            max: LONGEST,
        },
        Distribution::Exponential { mean: ms(100), max: LONGEST },
        Distribution::Percentiles(vec![(0.0, MS), (0.5, 20.0 * MS), (0.99, 2000.0 * MS)]),
    ]
}

#[test]
fn the_extremes_of_the_generator_stay_within_bounds() {
    for distribution in all() {
        for bits in [0, 1, u64::MAX, u64::MAX - 1, 1 << 63, 1 << 11, !(1 << 11)] {
            let time = distribution.sample(&mut || bits);
            assert!((SHORTEST..=LONGEST).contains(&time), "{distribution:?} {bits:#x} {time:?}");
        }
    }
}

#[test]
fn fixed_draws_nothing() {
    let time = Distribution::Fixed(ms(7)).sample(&mut || panic!("drew"));
    assert_eq!(time, ms(7));
}

#[test]
fn uniform_fills_its_range_evenly() {
    let times = samples(&Distribution::Uniform { min: ms(10), max: ms(30) });
    assert!(times[0] >= 10.0 && times[0] < 10.1, "{}", times[0]);
    assert!(times[19_999] <= 30.0 && times[19_999] > 29.9);
    // Standard error of the mean: 20 / sqrt(12 × 20000) = 0.041; five of them.
    assert!((mean(&times) - 20.0).abs() < 0.21, "{}", mean(&times));
    assert!((times[5_000] - 15.0).abs() < 0.4);
}

#[test]
fn normal_has_its_mean_and_its_deviation() {
    let times = samples(&Distribution::Normal {
        mean: ms(100),
        standard_deviation: ms(20),
        min: ms(1),
        max: LONGEST,
    });
    // Standard error 20 / sqrt(20000) = 0.14; five of them.
    assert!((mean(&times) - 100.0).abs() < 0.71, "{}", mean(&times));
    let (low, high) = (times[3_173], times[16_827]);
    assert!((low - 80.0).abs() < 1.5 && (high - 120.0).abs() < 1.5, "{low} {high}");
}

#[test]
fn normal_is_clamped_at_both_ends() {
    let times = samples(&Distribution::Normal {
        mean: ms(100),
        standard_deviation: ms(20),
        min: ms(90),
        max: ms(110),
    });
    assert_eq!((times[0], times[19_999]), (90.0, 110.0));
}

#[test]
fn exponential_has_its_median_and_its_maximum() {
    let times = samples(&Distribution::Exponential { mean: ms(100), max: ms(300) });
    assert!((times[10_000] - 69.3).abs() < 3.5, "{}", times[10_000]);
    assert_eq!(times[19_999], 300.0);
    assert!(times[0] >= 1.0);
}

#[test]
fn percentiles_are_met() {
    let times = samples(&Distribution::Percentiles(vec![
        (0.0, MS),
        (0.5, 20.0 * MS),
        (0.9, 100.0 * MS),
        (0.99, 2000.0 * MS),
    ]));
    assert!((times[10_000] - 20.0).abs() < 1.5, "p50 {}", times[10_000]);
    assert!((times[18_000] - 100.0).abs() < 10.0, "p90 {}", times[18_000]);
    assert_eq!(times[19_999], 2000.0, "nothing above the last percentile");
    assert!(times[0] >= 1.0);
}

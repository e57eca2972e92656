use super::FractionalPercent;
use filter_config::wire::Decimal;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn every_percentage_of_two_decimals_is_exact() {
    for hundredths in 0..=10_000_u32 {
        let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        let share = FractionalPercent::from_percent(text.parse().unwrap()).unwrap();
        assert_eq!(share.parts_per_million(), hundredths * 100, "{text}");
    }
}

#[test]
fn every_millionth_is_exact() {
    for parts in 0..=1_000_000_u32 {
        let text = format!("{}.{:04}", parts / 10_000, parts % 10_000);
        // Through the reader of configurations, whose doubles have to be the nearest ones too.
        let percent: Decimal = serde_json::from_str(&text).unwrap();
        let share = FractionalPercent::from_percent(percent.get());
        assert_eq!(share, Ok(FractionalPercent::from_parts_per_million(parts)));
    }
}

#[test]
fn what_is_finer_or_out_of_range_is_refused() {
    for percent in [0.000_01, 33.333_33, 99.999_99, 0.1 + 0.2, 1e-300] {
        let error = FractionalPercent::from_percent(percent).unwrap_err();
        assert!(error.ends_with("allowed are at most four decimals (one millionth)"), "{error}");
    }
    for percent in [-0.0001, 100.0001, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        let error = FractionalPercent::from_percent(percent).unwrap_err();
        assert!(error.ends_with("allowed is a number from 0 to 100"), "{error}");
    }
    assert_eq!(FractionalPercent::from_percent(-0.0), Ok(FractionalPercent::NEVER));
}

#[test]
fn more_than_the_whole_is_the_whole_and_the_smaller_share_wins() {
    let all = FractionalPercent::from_parts_per_million(u32::MAX);
    assert_eq!(all, FractionalPercent::ALWAYS);
    assert_eq!(all.min(FractionalPercent::NEVER), FractionalPercent::NEVER);
}

#[test]
fn a_draw_is_exact_at_the_edges_of_its_bucket() {
    for parts in [0, 1, 2, 5_700, 499_999, 500_000, 999_999, 1_000_000_u32] {
        let share = FractionalPercent::from_parts_per_million(parts);
        // The first number whose bucket is `parts`: the ceiling of parts * 2^64 / 10^6.
        let edge = ((u128::from(parts) << 64).div_ceil(1_000_000)).try_into();
        let Ok(edge) = edge else {
            assert!(share.draw(u64::MAX), "{parts}");
            continue;
        };
        let edge: u64 = edge;
        assert!(!share.draw(edge), "{parts}");
        assert_eq!(share.draw(edge.wrapping_sub(1)), parts > 0, "{parts}");
    }
}

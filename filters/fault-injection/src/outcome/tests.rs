use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The lowest position of bucket `part` of `sum`.
fn position(part: u64, sum: u64) -> u64 {
    ((u128::from(part) << 64).div_ceil(u128::from(sum))) as u64
}

#[test]
fn bounds_are_exact_and_a_weight_of_nothing_never_happens() {
    let table = Table::new([(5_700, 'a'), (0, 'b'), (1, 'c'), (994_299, 'd')]).unwrap();
    for (part, entry) in [(0, 'a'), (5_699, 'a'), (5_700, 'c'), (5_701, 'd'), (999_999, 'd')] {
        assert_eq!(table.at(position(part, 1_000_000)), Some(&entry), "{part}");
    }
    assert_eq!(table.at(u64::MAX), Some(&'d'));
    assert_eq!(table.iter().collect::<String>(), "abcd");
}

#[test]
fn only_proportions_count() {
    let small = Table::new([(1, 'a'), (3, 'b')]).unwrap();
    let great = Table::new([(10_000_000, 'a'), (30_000_000, 'b')]).unwrap();
    for part in 0..1_000 {
        let position = position(part, 1_000);
        assert_eq!(small.at(position), great.at(position), "{part}");
        assert_eq!(small.at(position), Some(if part < 250 { &'a' } else { &'b' }), "{part}");
    }
}

#[test]
fn weights_of_nothing_are_refused() {
    assert!(Table::new([(0, 'a')]).is_none());
    assert!(Table::<char>::new([]).is_none());
}

use super::*;

/// The lowest position of bucket `parts` of a million.
fn position(parts: u32) -> u64 {
    ((u128::from(parts) << 64).div_ceil(1_000_000)) as u64
}

#[test]
fn bounds_are_exact_to_a_millionth_and_the_rest_is_nothing() {
    let table = Table::new([(5_700, 'a'), (0, 'b'), (1, 'c')]).unwrap();
    for (parts, entry) in
        [(0, Some('a')), (5_699, Some('a')), (5_700, Some('c')), (5_701, None), (999_999, None)]
    {
        assert_eq!(table.at(position(parts)).copied(), entry, "{parts}");
    }
    assert_eq!(table.at(u64::MAX), None);
}

#[test]
fn a_full_table_always_has_an_entry() {
    let table = Table::new([(400_000, 'a'), (600_000, 'b')]).unwrap();
    assert_eq!((table.at(0), table.at(u64::MAX)), (Some(&'a'), Some(&'b')));
    assert_eq!(table.iter().collect::<String>(), "ab");
}

#[test]
fn more_than_everything_and_nothing_are_refused() {
    assert!(Table::new([(1_000_000, 'a'), (1, 'b')]).is_none());
    assert!(Table::new([(u32::MAX, 'a'), (1, 'b')]).is_none());
    assert!(Table::new([(0, 'a')]).is_none());
    assert!(Table::<char>::new([]).is_none());
}

#[test]
fn raising_the_last_weight_moves_no_other_entry() {
    let small = Table::new([(300_000, 'a'), (100_000, 'b')]).unwrap();
    let great = Table::new([(300_000, 'a'), (200_000, 'b')]).unwrap();
    for parts in (0..1_000_000).step_by(997) {
        let before = small.at(position(parts));
        assert!(before.is_none() || before == great.at(position(parts)), "{parts}");
    }
}

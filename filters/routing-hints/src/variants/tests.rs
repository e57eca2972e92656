use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NAMES: [&str; 5] = ["v1", "v2", "v3", "v4", "v5"];

fn variants(weights: &[u64]) -> Variants {
    Variants::new(NAMES.into_iter().zip(weights.iter().copied()))
}

/// The winner of each of `count` users.
fn winners(shares: Shares<'_>, count: u64) -> Vec<usize> {
    let seed = Seed::of("users");
    (0..count).map(|user: u64| shares.winner(seed.position(&user.to_le_bytes())).unwrap()).collect()
}

/// Half the width of the 99.9 % bounds of a count.
fn slack(count: f64, share: f64) -> f64 {
    3.29 * (count * share * (1.0 - share)).sqrt() + 0.5
}

#[test]
fn every_variant_gets_its_share() {
    const USERS: u32 = 40_000;
    for weights in [&[99, 1][..], &[90, 10], &[50, 50], &[10, 90], &[1, 2, 3, 4, 5], &[0, 7, 0, 1]]
    {
        let winners = winners(variants(weights).shares(), USERS.into());
        let sum: u64 = weights.iter().sum();
        for (variant, weight) in weights.iter().enumerate() {
            let share = *weight as f64 / sum as f64;
            let found = winners.iter().filter(|winner| **winner == variant).count() as f64;
            let expected = f64::from(USERS) * share;
            // Thirteen shares are looked at here: a little wider than for one.
            assert!(
                (found - expected).abs() <= 1.2 * slack(f64::from(USERS), share),
                "{weights:?} {found}"
            );
        }
    }
}

#[test]
fn raising_a_weight_moves_users_to_that_variant_and_nowhere_else() {
    let before = [40, 30, 20, 10, 0];
    for raised in 0..before.len() {
        for by in [1, 10, 1000] {
            let mut after = before;
            after[raised] += by;
            let (old, new) = (variants(&before), variants(&after));
            let pairs = winners(old.shares(), 4000).into_iter().zip(winners(new.shares(), 4000));
            let moved: Vec<(usize, usize)> = pairs.filter(|(old, new)| old != new).collect();
            assert!(moved.iter().all(|(_, to)| *to == raised), "{raised} by {by}: {moved:?}");
            assert!(!moved.is_empty(), "{raised} by {by}");
        }
    }
}

#[test]
fn a_variant_that_is_new_or_held_concerns_its_own_users_only() {
    let three = variants(&[1, 1, 1]);
    let with = winners(three.shares(), 3000);
    let without = winners(variants(&[1, 1]).shares(), 3000);
    let held = winners(Shares { held: 0b100, ..three.shares() }, 3000);
    assert_eq!(without, held);
    assert!(with.iter().zip(&without).all(|(with, without)| with == without || *with == 2));
}

#[test]
fn a_ramp_gives_its_share_whatever_the_weights_and_only_adds_users() {
    let variants = variants(&[60, 0, 40]);
    let at = |share| winners(Shares { ramp: Some((1, share)), ..variants.shares() }, 10_000);
    let mut earlier = at(0);
    assert!(!earlier.contains(&1));
    for share in [10_000, 100_000, 500_000, 900_000, 1_000_000] {
        let now = at(share);
        assert!(now.iter().zip(&earlier).all(|(now, earlier)| now == earlier || *now == 1));
        let found = now.iter().filter(|winner| **winner == 1).count() as f64;
        let part = share as f64 / 1e6;
        assert!((found - 1e4 * part).abs() <= slack(1e4, part), "{share}: {found}");
        earlier = now;
    }
    assert!(earlier.iter().all(|winner| *winner == 1));
}

#[test]
fn the_threshold_is_the_share_at_which_the_winner_begins_to_win() {
    for user in 0..500_u64 {
        let position = Seed::of("users").position(&user.to_le_bytes());
        let whole = variants(&[700_000, 300_000]);
        let winner = whole.shares().winner(position).unwrap();
        let choice = whole.shares().explain(winner, position);
        let own = [700_000, 300_000][winner];
        assert_eq!((choice.variant, choice.share), (winner, own));
        assert!(choice.threshold <= own, "{choice:?}");
        let at = |share: u64| {
            let mut weights = [WHOLE - share; 2];
            weights[winner] = share;
            variants(&weights).shares().winner(position) == Some(winner)
        };
        // The logarithm is rounded, so the threshold is exact to a millionth or two.
        assert!(at((choice.threshold + 3).min(WHOLE)), "{choice:?}");
        assert!(choice.threshold < 3 || !at(choice.threshold - 3), "{choice:?}");
    }
}

#[test]
fn nobody_wins_without_a_weight() {
    assert_eq!(variants(&[0, 0]).shares().winner(7), None);
    assert_eq!(variants(&[]).shares().winner(7), None);
    let held = Variants::new([("v1", 1)]);
    assert_eq!(Shares { held: 1, ..held.shares() }.winner(7), None);
}

#[test]
fn the_greatest_weights_do_not_overflow() {
    let names: Vec<String> = (0..MOST).map(|index| index.to_string()).collect();
    let greatest = Variants::new(names.iter().map(|name| (name.as_str(), 10_000_000_000)));
    for share in [0, 1, 500_000, WHOLE] {
        let shares = Shares { ramp: Some((63, share)), ..greatest.shares() };
        let winner = shares.winner(u64::MAX).unwrap();
        assert!(shares.explain(winner, u64::MAX).share <= WHOLE);
    }
}

/// What other hops, versions and platforms have to agree on.
#[test]
fn the_numbers_are_these() {
    assert_eq!(distance(1 << 63), 1 << 26);
    assert_eq!(distance(1 << 62), 2 << 26);
    assert_eq!(distance(u64::MAX), 1);
    assert_eq!(distance(0), 65 << 26);
    // log2(1.5) = 0.584962500721156
    assert_eq!(distance(0b11 << 62), (1 << 26) - 39_256_168);
    let users = winners(variants(&[50, 30, 20]).shares(), 16);
    assert_eq!(users, [2, 1, 0, 1, 2, 2, 0, 0, 0, 2, 2, 1, 0, 2, 0, 0]);
}

#[test]
fn the_first_bits_decide_as_all_of_them_do() {
    let seed = Seed::of("draws");
    let numbers = (0..200_u64).map(|n| seed.position(&n.to_le_bytes()) >> (n % 64));
    let numbers: Vec<u64> = numbers.chain([0, 1, u64::MAX, 1 << 63]).collect();
    for number in &numbers {
        let (least, greatest) = bounds(*number, 5);
        assert!((least..=greatest).contains(&distance(*number)), "{number}");
        for other in &numbers {
            for (weight, other_weight) in [(1, 1), (90, 10), (1, 9999)] {
                let exact = u128::from(distance(*number)) * other_weight
                    < u128::from(distance(*other)) * weight;
                let draw = |number: u64, weight: u128| Draw { number, weight: weight as u64 };
                let rough = draw(*number, weight).is_nearer_than(&draw(*other, other_weight));
                assert_eq!(rough, exact, "{number} {other} {weight} {other_weight}");
            }
        }
    }
}

//! Which variant a number falls to.
//!
//! Weighted rendezvous hashing: every variant draws its own number for the user, and the one with the
//! least −log2(number) / weight wins, which happens as often as its weight is among all. Raising one
//! weight changes the result of that variant alone, so users move to it and none between others; a
//! variant that is new or gone concerns its own users only. (A table of bounds cannot do that for more
//! than two variants: raising one moves the bounds of all.)

use matchers::sticky::Seed;

#[cfg(test)]
mod tests;

/// The most variants of a split: one bit each in [`Shares::held`].
pub(crate) const MOST: usize = 64;
/// The whole of a share, in millionths.
pub(crate) const WHOLE: u64 = 1_000_000;
/// Bits behind the point of a logarithm.
const FRACTION: u32 = 26;

/// What there is to choose from: each variant's seed and weight, in ten thousandths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variants {
    entries: Vec<(Seed, u64)>,
    sum: u64,
}

/// The weights of the moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares<'v> {
    variants: &'v Variants,
    /// A variant with its share in millionths, in place of its weight.
    pub(crate) ramp: Option<(usize, u64)>,
    /// Variants that get nobody, one bit each.
    pub(crate) held: u64,
}

/// The winner, and what it took, in millionths of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) variant: usize,
    /// The variant's share.
    pub(crate) share: u64,
    /// The least share with which it would have won, the proportions of the others being what they
    /// are.
    pub(crate) threshold: u64,
}

impl Variants {
    /// Variants by name and weight, at most [`MOST`], each of at most 10^10.
    pub(crate) fn new<'a>(weighted: impl IntoIterator<Item = (&'a str, u64)>) -> Self {
        let entries: Vec<(Seed, u64)> =
            weighted.into_iter().map(|(name, weight)| (Seed::of(name), weight)).collect();
        let sum = entries.iter().map(|(_, weight)| weight).sum();
        Self { entries, sum }
    }

    /// The weights as they are configured.
    pub(crate) fn shares(&self) -> Shares<'_> {
        Shares { variants: self, ramp: None, held: 0 }
    }

    /// The sum of all weights but one.
    pub(crate) fn sum_without(&self, variant: usize) -> u64 {
        self.sum - self.entries.get(variant).map_or(0, |(_, weight)| *weight)
    }
}

impl Shares<'_> {
    /// The winner for a user's number; `None` where all weights are 0.
    pub(crate) fn winner(&self, position: u64) -> Option<usize> {
        let position = position.to_le_bytes();
        let mut best: Option<(usize, Draw)> = None;
        for (variant, (seed, weight)) in self.weighted() {
            let draw = Draw { number: seed.position(&position), weight };
            if best.as_ref().is_none_or(|(_, best)| draw.is_nearer_than(best)) {
                best = Some((variant, draw));
            }
        }
        best.map(|(variant, _)| variant)
    }

    /// What `winner` won with.
    pub(crate) fn explain(&self, winner: usize, position: u64) -> Choice {
        // Weights are small numbers; the threshold lies between them.
        const FINER: u128 = 1 << 10;
        let position = position.to_le_bytes();
        let distance = |seed: Seed| u128::from(distance(seed.position(&position)));
        let entry = self.variants.entries.get(winner);
        let reach = entry.map_or(0, |(seed, _)| distance(*seed));
        let (mut own, mut others, mut enough) = (0, 0, 0);
        for (variant, (seed, weight)) in self.weighted() {
            let weight = u128::from(weight) * FINER;
            if variant == winner {
                own = weight;
            } else {
                others += weight;
                // The weight at which the winner is as near as this one.
                enough = enough.max(reach * weight / distance(seed));
            }
        }
        let part = |weight: u128| {
            let whole = (weight + others).max(1);
            u64::try_from(weight * u128::from(WHOLE) / whole).unwrap_or(WHOLE)
        };
        Choice { variant: winner, share: part(own), threshold: part(enough) }
    }

    /// Variants with their weights of the moment, but those without one.
    fn weighted(&self) -> impl Iterator<Item = (usize, (Seed, u64))> {
        let ramp = self.ramp.map(|(ramped, share)| {
            let share = share.min(WHOLE);
            (ramped, share, self.variants.sum_without(ramped))
        });
        self.variants.entries.iter().enumerate().filter_map(move |(variant, (seed, weight))| {
            let weight = match ramp {
                None => *weight,
                Some((ramped, share, others)) if ramped == variant => share * others,
                Some((_, share, _)) => (WHOLE - share) * weight,
            };
            let is_held = self.held.checked_shr(variant as u32).is_some_and(|bits| bits & 1 == 1);
            (weight > 0 && !is_held).then_some((variant, (*seed, weight)))
        })
    }
}

/// The number that a variant draws for a user.
struct Draw {
    number: u64,
    weight: u64,
}

impl Draw {
    /// Whether distance by weight is less. Most are told apart by the first few bits of the
    /// logarithms, which are much cheaper than all.
    fn is_nearer_than(&self, other: &Self) -> bool {
        const ROUGH: u32 = 5;
        let ((own, own_end), (others, others_end)) =
            (bounds(self.number, ROUGH), bounds(other.number, ROUGH));
        let is_less = |distance: u64, than: u64| {
            u128::from(distance) * u128::from(other.weight)
                < u128::from(than) * u128::from(self.weight)
        };
        if is_less(own_end, others) {
            return true;
        }
        if !is_less(own, others_end) {
            return false;
        }
        is_less(distance(self.number), distance(other.number))
    }
}

/// −log2((number + ½) / 2^64), greater than 0, with [`FRACTION`] bits behind the point. By integers
/// alone, so that it is the same on every platform.
fn distance(number: u64) -> u64 {
    bounds(number, FRACTION).1
}

/// The least and the greatest that the distance can be, by so many of its bits.
fn bounds(number: u64, bits: u32) -> (u64, u64) {
    let zeros = number.leading_zeros();
    // 1 to 2, with 31 bits behind the point; squaring it doubles its logarithm.
    let mut mantissa = number.checked_shl(zeros).unwrap_or(1 << 63) >> 32;
    let mut log: u64 = 0;
    for _ in 0..bits {
        mantissa = (mantissa * mantissa) >> 31;
        let bit = mantissa >> 32;
        mantissa >>= bit;
        log = log << 1 | bit;
    }
    let unknown = FRACTION.saturating_sub(bits);
    let end = (u64::from(zeros + 1) << FRACTION) - (log << unknown);
    (end - ((1 << unknown) - 1), end)
}

//! Percentages, exact to one millionth.

use filter_config::number_text;

#[cfg(test)]
mod tests;

/// A share in parts per million (Envoy's `FractionalPercent` with the denominator `MILLION`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FractionalPercent {
    parts_per_million: u32,
}

const MILLION: u32 = 1_000_000;
/// Millionths in one percent.
const PER_PERCENT: f64 = 10_000.0;

impl FractionalPercent {
    /// 0 %.
    pub const NEVER: Self = Self { parts_per_million: 0 };
    /// 100 %.
    pub const ALWAYS: Self = Self { parts_per_million: MILLION };

    /// A share of a million; more than that is 100 %, as in Envoy.
    #[must_use]
    pub const fn from_parts_per_million(parts: u32) -> Self {
        Self { parts_per_million: if parts < MILLION { parts } else { MILLION } }
    }

    /// The share that `percent` is written as: 0.57 gives 5700 parts, not 5699.
    ///
    /// # Errors
    /// What was found and what is allowed: a number outside 0–100, or finer than a millionth.
    pub fn from_percent(percent: f64) -> Result<Self, String> {
        if !(0.0..=100.0).contains(&percent) {
            return Err(format!(
                "found {}, allowed is a number from 0 to 100",
                number_text(percent)
            ));
        }
        let parts = (percent * PER_PERCENT).round();
        // The division gives the double nearest to the decimal number that `parts` stands for. Read
        // from text, `percent` is that very double, unless it was written with more digits.
        if parts / PER_PERCENT != percent {
            return Err(format!(
                "found {}, allowed are at most four decimals (one millionth)",
                number_text(percent)
            ));
        }
        // Within 0 to 1 000 000, so the cast is exact.
        Ok(Self { parts_per_million: parts as u32 })
    }

    /// Parts per million, 0 to 1 000 000.
    #[must_use]
    pub const fn parts_per_million(self) -> u32 {
        self.parts_per_million
    }

    /// Whether 64 uniformly distributed bits fall within the share.
    ///
    /// `random * 1_000_000 >> 64` is one of a million buckets, as even as 64 bits can make them;
    /// those below the share are in it. So a greater share contains a smaller one.
    #[must_use]
    #[inline]
    pub const fn draw(self, random: u64) -> bool {
        let high = (random >> 32) * MILLION as u64;
        let low = (random & 0xffff_ffff) * MILLION as u64;
        (high + (low >> 32)) >> 32 < self.parts_per_million as u64
    }

    /// The smaller of both shares.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Ord::min(self, other)
    }
}

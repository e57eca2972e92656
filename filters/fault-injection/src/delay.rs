//! How long a request, or an answer, is held.

use std::time::Duration;

#[cfg(test)]
mod tests;

/// The shortest time that is held.
pub(crate) const SHORTEST: Duration = Duration::from_millis(1);
/// The longest time a configuration may ask for.
pub(crate) const LONGEST: Duration = Duration::from_secs(60 * 60);

/// A distribution of times, checked: each bound within [`SHORTEST`]..=[`LONGEST`], `min` < `max`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Distribution {
    /// Exponential, clamped to at most `max`.
    Exponential { mean: Duration, max: Duration },
    /// Always the same.
    Fixed(Duration),
    /// Normal, clamped.
    Normal { mean: Duration, standard_deviation: Duration, min: Duration, max: Duration },
    /// Linear between points (share of requests 0..=1, nanoseconds), both ascending.
    Percentiles(Vec<(f64, f64)>),
    /// Uniform.
    Uniform { min: Duration, max: Duration },
}

impl Distribution {
    /// Draws a time within [`SHORTEST`]..=[`LONGEST`], whatever `random` gives.
    pub(crate) fn sample(&self, random: &mut dyn FnMut() -> u64) -> Duration {
        match self {
            Self::Exponential { mean, max } => {
                // 1 - unit is never 0, so the logarithm is finite.
                clamped(nanos(*mean) * -(1.0 - unit(random)).ln(), SHORTEST, *max)
            }
            Self::Fixed(time) => *time,
            Self::Normal { mean, standard_deviation, min, max } => {
                let time = nanos(*mean) + nanos(*standard_deviation) * standard_normal(random);
                clamped(time, *min, *max)
            }
            Self::Percentiles(points) => {
                clamped(interpolate(points, unit(random)), SHORTEST, LONGEST)
            }
            Self::Uniform { min, max } => {
                clamped(nanos(*min) + unit(random) * (nanos(*max) - nanos(*min)), *min, *max)
            }
        }
    }
}

/// A number in [0, 1) with all 53 bits of a double's precision.
fn unit(random: &mut dyn FnMut() -> u64) -> f64 {
    (random() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Marsaglia's polar method: exact, and needs no trigonometry in the module.
fn standard_normal(random: &mut dyn FnMut() -> u64) -> f64 {
    // A try fails with probability 1 - π/4; all 32 fail once in 10^21.
    for _ in 0..32 {
        let (x, y) = (2.0 * unit(random) - 1.0, 2.0 * unit(random) - 1.0);
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * (-2.0 * square.ln() / square).sqrt();
        }
    }
    0.0
}

/// The value at `share`: linear between neighbours, flat outside.
fn interpolate(points: &[(f64, f64)], share: f64) -> f64 {
    let mut below: Option<(f64, f64)> = None;
    for &(x, y) in points {
        if share < x {
            return below.map_or(y, |(x0, y0)| y0 + (y - y0) * (share - x0) / (x - x0));
        }
        below = Some((x, y));
    }
    below.map_or(0.0, |(_, y)| y)
}

fn nanos(time: Duration) -> f64 {
    time.as_nanos() as f64
}

/// The cast is exact: both bounds are below 2^53 nanoseconds.
fn clamped(time: f64, min: Duration, max: Duration) -> Duration {
    Duration::from_nanos(time.max(nanos(min)).min(nanos(max)) as u64)
}

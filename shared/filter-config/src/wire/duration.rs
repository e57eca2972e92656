//! A span of time.

use serde::{Deserialize, Deserializer};
use std::time;

#[cfg(test)]
mod tests;

const ALLOWED: &str = "a duration such as 7s, 0.5s, 100ms, 1h2m3s (units h, m, s, ms, us, ns)";

/// A span of time, not negative: `7s`, `7.000s`, `100ms`, `1h2m3s` (units h, m, s, ms, us, ns).
///
/// The union of what protobuf's JSON and Go's `time.ParseDuration` read, as Istio does. Digits
/// finer than a nanosecond are cut off; more than 584 years are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(time::Duration);

impl Duration {
    /// The span. Zero is possible: whether it means anything is the field's business.
    #[must_use]
    pub fn get(self) -> time::Duration {
        self.0
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::text::deserialize(deserializer, ALLOWED, |text| {
            parse(text).map(|nanos| Self(time::Duration::from_nanos(nanos)))
        })
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "duration, e.g. 7s, 0.5s, 100ms, 1h2m3s",
            "pattern": r"^(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(h|m|s|ms|us|µs|ns))+)$",
        })
    }
}

/// Nanoseconds of a duration's text.
fn parse(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut sum: u64 = 0;
    // At least one term: the empty text is none.
    loop {
        let (nanos, tail) = term(rest)?;
        sum = sum.checked_add(nanos)?;
        if tail.is_empty() {
            return Some(sum);
        }
        rest = tail;
    }
}

/// One number with its unit, in nanoseconds, and what follows.
fn term(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (unit, rest) = unit(rest)?;
    let mut nanos: u64 = 0;
    for digit in whole.bytes() {
        nanos = nanos.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    // From the last digit to the first, every step exact to the floor: the sum is exact to it too.
    let part = fraction.bytes().rev().fold(0, |sum, d| (sum + u64::from(d - b'0') * unit) / 10);
    Some((nanos.checked_mul(unit)?.checked_add(part)?, rest))
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Nanoseconds of the unit in front, and what follows. Longer names first: `ms` is not `m`.
fn unit(text: &str) -> Option<(u64, &str)> {
    const UNITS: [(&str, u64); 8] = [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("μs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    UNITS.iter().find_map(|(name, nanos)| Some((*nanos, text.strip_prefix(name)?)))
}

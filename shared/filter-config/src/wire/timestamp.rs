//! A point in time.

use filter_api::UnixTime;
use serde::{Deserialize, Deserializer};

#[cfg(test)]
mod tests;

const ALLOWED: &str = "an RFC 3339 time from 1970 to 2554 such as 2026-11-20T09:00:00Z or \
                       2026-11-20T10:00:00.5+01:00";

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A point in time as in RFC 3339, with an offset: `2026-11-20T09:00:00Z`,
/// `2026-11-20T10:00:00.5+01:00`; 1970 to 2554, no leap seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(UnixTime);

impl Timestamp {
    /// Nanoseconds since the Unix epoch; digits finer than that are cut off.
    #[must_use]
    pub fn get(self) -> UnixTime {
        self.0
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::text::deserialize(deserializer, ALLOWED, |text| {
            parse(text.as_bytes()).map(|nanos| Self(UnixTime(nanos)))
        })
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// Nanoseconds since the epoch of `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`.
fn parse(text: &[u8]) -> Option<u64> {
    let (head, rest) = text.split_first_chunk::<19>()?;
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        mo1,
        mo2,
        b'-',
        d1,
        d2,
        b'T' | b't' | b' ',
        h1,
        h2,
        b':',
        mi1,
        mi2,
        b':',
        s1,
        s2,
    ] = *head
    else {
        return None;
    };
    let year = number(&[y1, y2, y3, y4], 9999)?;
    let month = number(&[mo1, mo2], 12)?;
    let day = number(&[d1, d2], days_in(year, month)?)?;
    let clock =
        number(&[h1, h2], 23)? * 3600 + number(&[mi1, mi2], 59)? * 60 + number(&[s1, s2], 59)?;
    let (nanos, zone) = fraction(rest)?;
    if day == 0 {
        return None;
    }
    let seconds = days_since_epoch(year, month, day) * 86_400 + clock - offset(zone)?;
    u64::try_from(seconds).ok()?.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos)
}

/// A number of decimal digits only, at most `max`.
fn number(digits: &[u8], max: i64) -> Option<i64> {
    let value = digits.iter().try_fold(0, |sum, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + i64::from(*digit - b'0'))
    })?;
    (value <= max).then_some(value)
}

/// The nanoseconds of an optional fraction, and what follows it.
fn fraction(text: &[u8]) -> Option<(u64, &[u8])> {
    let Some(rest) = text.strip_prefix(b".") else {
        return Some((0, text));
    };
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, zone) = rest.split_at_checked(end)?;
    let nanos = digits
        .iter()
        .rev()
        .fold(0, |sum, digit| (sum + u64::from(*digit - b'0') * NANOS_PER_SECOND) / 10);
    (!digits.is_empty()).then_some((nanos, zone))
}

/// Seconds that a zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    match *zone {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let seconds = number(&[h1, h2], 23)? * 3600 + number(&[m1, m2], 59)? * 60;
            Some(if sign == b'+' { seconds } else { -seconds })
        }
        _ => None,
    }
}

fn days_in(year: i64, month: i64) -> Option<i64> {
    match month {
        4 | 6 | 9 | 11 => Some(30),
        2 if is_leap(year) => Some(29),
        2 => Some(28),
        1..=12 => Some(31),
        _ => None,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. A year is counted from March, so that
/// the leap day is its last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719 468 days lie between 0000-03-01 and 1970-01-01.
    year * 365 + leap_days + day_of_year - 719_468
}

//! Checks that the settings of several filters make, with their messages.

use crate::wire::{Map, UInt};
use filter_api::{ConfigError, HeaderName, HeaderValue};
use std::fmt::Display;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// A rule's name is part of metric names and details.
const LONGEST_NAME: usize = 64;

/// Refuses a rule's `name` that is not 1 to 64 of `A-Z`, `a-z`, `0-9`, `_`, `.`, `-`, or that one of
/// the `earlier` rules has.
///
/// # Errors
/// At the path `name`.
pub fn rule_name<'a>(
    name: &str,
    mut earlier: impl Iterator<Item = &'a str>,
) -> Result<(), ConfigError> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_word) {
        let shown: String = name.chars().take(LONGEST_NAME).collect();
        let allowed = "1 to 64 of A-Z, a-z, 0-9, `_`, `.`, `-`";
        return Err(ConfigError::found("name", format_args!("`{shown}`"), allowed));
    }
    if earlier.any(|other| other == name) {
        let allowed = "a name that no other rule has";
        return Err(ConfigError::found("name", format_args!("`{name}` twice"), allowed));
    }
    Ok(())
}

/// Checks that exactly one of the fields is there, or at most one unless `at_least_one`.
///
/// # Errors
/// At the object itself, with the fields that were found.
pub fn one_of(fields: &[(&str, bool)], at_least_one: bool) -> Result<(), ConfigError> {
    let present: Vec<&str> =
        fields.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
    if present.len() == 1 || (present.is_empty() && !at_least_one) {
        return Ok(());
    }
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let found = if present.is_empty() { "none".to_owned() } else { present.join(" and ") };
    let count = if at_least_one { "exactly" } else { "at most" };
    Err(ConfigError::found("", found, format_args!("{count} one of {}", names.join(", "))))
}

/// Refuses a number outside `lowest..=highest`; `None` where the field is absent.
///
/// # Errors
/// At the path `field`.
pub fn whole(
    field: &str,
    number: Option<UInt>,
    lowest: u32,
    highest: u32,
) -> Result<Option<u32>, ConfigError> {
    let Some(number) = number.map(UInt::get) else { return Ok(None) };
    match u32::try_from(number) {
        Ok(number) if (lowest..=highest).contains(&number) => Ok(Some(number)),
        _ => Err(ConfigError::found(field, number, format_args!("{lowest} to {highest}"))),
    }
}

/// Refuses a time outside `lowest..=highest`.
///
/// # Errors
/// At the path `field`.
pub fn duration_within(
    field: &str,
    time: Duration,
    lowest: Duration,
    highest: Duration,
) -> Result<(), ConfigError> {
    if (lowest..=highest).contains(&time) {
        return Ok(());
    }
    let allowed = [duration_text(lowest), duration_text(highest)].join(" to ");
    Err(ConfigError::found(field, duration_text(time), allowed))
}

/// A status that an answer may have, 200 to 599.
///
/// # Errors
/// At the path `field`.
pub fn http_status(field: &str, status: u64) -> Result<u16, ConfigError> {
    u16::try_from(status)
        .ok()
        .filter(|status| (200..=599).contains(status))
        .ok_or_else(|| ConfigError::found(field, status, "200 to 599"))
}

/// A header's name that stands in the map or list at `field`.
///
/// # Errors
/// At the path `field`.
pub fn header_name(field: &str, name: &str) -> Result<HeaderName, ConfigError> {
    HeaderName::new(name).map_err(|why| invalid_header(field, name, why))
}

/// Every header of the map at `field`.
///
/// # Errors
/// At the path `field` for a name, `field.<name>` for a value.
pub fn headers(
    field: &str,
    map: &Map<String>,
) -> Result<Vec<(HeaderName, HeaderValue)>, ConfigError> {
    let mut checked = Vec::new();
    for (name, text) in map {
        let value = HeaderValue::new(text)
            .map_err(|why| invalid_header(&[field, ".", name].concat(), text, why));
        checked.push((header_name(field, name)?, value?));
    }
    Ok(checked)
}

/// An error about the name or the value of a header.
#[must_use]
pub fn invalid_header(path: &str, found: &str, why: impl Display) -> ConfigError {
    let shown: String = found.chars().take(LONGEST_NAME).collect();
    ConfigError::new(path, format!("found `{shown}`: {why}"))
}

/// A time in the greatest unit that is exact, without the standard library's larger machinery.
#[must_use]
pub fn duration_text(time: Duration) -> String {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let units = [(3_600_000_000_000, "h"), (1_000_000_000, "s"), (1_000_000, "ms")];
    let exact = units.into_iter().find(|(size, _)| nanos > 0 && nanos.is_multiple_of(*size));
    let (size, unit) = exact.unwrap_or((1, "ns"));
    format!("{}{unit}", nanos / size)
}

//! What went wrong while a wire type read a node, already in the words of a [`ConfigError`].

use filter_api::ConfigError;
use serde::de::{self, Expected, Unexpected};
use std::fmt::{self, Display};

#[cfg(test)]
mod tests;

const MISSING: &str = "missing, but required";

/// Longest piece of the user's text that a message repeats, in characters.
const LONGEST_QUOTE: usize = 64;

/// serde's error, built from its parts instead of from its text.
#[derive(Debug)]
pub(crate) enum Error {
    /// The field at this position of a struct is required and not there. The struct's reader, which
    /// knows the names, turns it into the other one.
    Missing(usize),
    /// Anything else.
    Refused(ConfigError),
}

impl Error {
    /// Puts an object's key in front of the path.
    #[cold]
    #[inline(never)]
    pub(crate) fn within_key(self, key: &str) -> Self {
        Self::Refused(ConfigError::from(self).within(&path_segment(key)))
    }

    /// Puts a list's index in front of the path.
    #[cold]
    #[inline(never)]
    pub(crate) fn within_index(self, index: usize) -> Self {
        Self::Refused(ConfigError::from(self).within(&format!("[{index}]")))
    }

    /// Names the missing field of a struct with these fields.
    #[cold]
    #[inline(never)]
    pub(crate) fn of_struct(self, fields: &[&str]) -> Self {
        match self {
            Self::Missing(position) => {
                let name = fields.get(position).copied().unwrap_or_default();
                Self::Refused(ConfigError::new(name, MISSING))
            }
            refused @ Self::Refused(_) => refused,
        }
    }

    /// An error about the value at hand.
    pub(crate) fn found(found: impl Display, allowed: impl Display) -> Self {
        Self::Refused(ConfigError::found("", found, allowed))
    }

    /// An object has the same key twice.
    pub(crate) fn repeated_key(key: &str) -> Self {
        Self::Refused(ConfigError::found(path_segment(key), "it twice", "once"))
    }

    /// An object has a field in camelCase and in snake_case.
    pub(crate) fn both_spellings(field: &str) -> Self {
        Self::Refused(ConfigError::found(field, "it in both spellings", "one of them"))
    }

    /// An object has a key that is no field of its struct.
    pub(crate) fn no_field(key: &str, fields: &[&str]) -> Self {
        let found = format!("unknown field `{}`", shorten(key));
        Self::Refused(ConfigError::found(path_segment(key), found, list(fields)))
    }
}

impl From<Error> for ConfigError {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing(_) => Self::new("", MISSING),
            Error::Refused(error) => error,
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(_) => f.write_str(MISSING),
            Self::Refused(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Self::Refused(ConfigError::new("", message.to_string()))
    }

    /// A derived struct asked for the field at this position and was told that there is none.
    #[cold]
    #[inline(never)]
    fn invalid_length(position: usize, _: &dyn Expected) -> Self {
        Self::Missing(position)
    }

    #[cold]
    #[inline(never)]
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::found(describe(found), allowed(&expected.to_string()))
    }

    #[cold]
    #[inline(never)]
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    #[cold]
    #[inline(never)]
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::found(describe(Unexpected::Str(variant)), list(expected))
    }
}

/// A key as a step of a path; in brackets where a dotted path would be ambiguous or break the line.
#[must_use]
pub fn path_segment(key: &str) -> String {
    let is_plain =
        |byte: &u8| !byte.is_ascii() || byte.is_ascii_alphanumeric() || b"_-:$".contains(byte);
    if !key.is_empty() && key.bytes().all(|byte| is_plain(&byte)) {
        shorten(key)
    } else {
        format!("[{}]", quoted(key))
    }
}

/// At most 64 characters of what a user wrote, in quotes, on one line. (`{:?}` would put Unicode's
/// tables into every module.)
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in shorten(text).chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// At most 64 characters of what a user wrote, for a message.
#[must_use]
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn describe(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Float(value) => number_text(value),
        Unexpected::Map => "an object".to_owned(),
        Unexpected::Other(text) => shorten(text),
        Unexpected::Seq => "an array".to_owned(),
        Unexpected::Signed(value) => value.to_string(),
        Unexpected::Str(text) => format!("string {}", quoted(text)),
        Unexpected::Unit => "null".to_owned(),
        Unexpected::Unsigned(value) => value.to_string(),
        // serde's data model is wider than JSON; `Display` of it would put the formatting of
        // floats, 18 KB, into every module.
        _ => "something else".to_owned(),
    }
}

/// A number for a message, to nine decimals, by integer arithmetic: the standard library's exact
/// formatting of floats would be 18 KB in every module.
#[must_use]
pub fn number_text(value: f64) -> String {
    const DECIMALS: f64 = 1e9;
    let size = value.abs();
    let sign = if value < 0.0 { "-" } else { "" };
    let whole = size.trunc();
    let fraction = ((size - whole) * DECIMALS).round();
    match (size < 1e15, whole as u64, fraction as u64) {
        (true, 0, 0) if size > 0.0 => format!("{sign}0.000000000…"),
        (true, whole, 0) => format!("{sign}{whole}"),
        (true, whole, fraction) => {
            let text = format!("{sign}{whole}.{fraction:09}");
            text.trim_end_matches('0').to_owned()
        }
        (false, ..) => format!("{sign}1000000000000000 or more"),
    }
}

/// serde names Rust's types; the user knows JSON's.
fn allowed(expected: &str) -> &str {
    match expected {
        "u8" => "an integer from 0 to 255",
        "u16" => "an integer from 0 to 65535",
        "u32" => "an integer from 0 to 4294967295",
        "u64" => "an integer from 0 to 18446744073709551615",
        "i32" | "i64" => "an integer",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        _ if expected.starts_with("enum ") || expected.starts_with("variant ") => "a string",
        _ => expected,
    }
}

/// Names in backticks.
fn list(names: &[&str]) -> String {
    if names.is_empty() {
        return "no field at all".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

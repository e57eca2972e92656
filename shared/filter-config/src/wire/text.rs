//! Reading a value that is written as text.

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use std::fmt;

/// Reads text and parses it; `allowed` says what may stand there.
pub(super) fn deserialize<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    allowed: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(TextVisitor { allowed, parse })
}

struct TextVisitor<T> {
    allowed: &'static str,
    parse: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.allowed)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

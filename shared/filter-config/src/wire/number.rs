//! Numbers that may have travelled through a protobuf Struct.

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use std::fmt;

#[cfg(test)]
mod tests;

/// 2^64, the first double beyond `u64`.
const BEYOND_U64: f64 = 18_446_744_073_709_551_616.0;

/// A whole number from 0 to 2^64 − 1.
///
/// Envoy gives a module the numbers of a protobuf Struct as doubles, so `503.0` and `5.03e2` are
/// 503; a fraction or a negative number is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UInt(u64);

impl UInt {
    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for UInt {
    fn from(value: u64) -> Self {
        Self(value)
    }
}

impl<'de> Deserialize<'de> for UInt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UIntVisitor)
    }
}

struct UIntVisitor;

impl Visitor<'_> for UIntVisitor {
    type Value = UInt;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 0 up")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<UInt, E> {
        Ok(UInt(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<UInt, E> {
        u64::try_from(value)
            .map(UInt)
            .map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<UInt, E> {
        whole(value).map(UInt).ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }
}

/// The integer that a double stands for, if it is one within `u64`.
pub(crate) fn whole(value: f64) -> Option<u64> {
    // The cast is exact: the value is whole and in range.
    ((0.0..BEYOND_U64).contains(&value) && value.fract() == 0.0).then_some(value as u64)
}

/// A number, with or without a fraction; always finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Decimal(f64);

impl Decimal {
    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        if value.is_finite() {
            Ok(Self(value))
        } else {
            Err(D::Error::invalid_value(Unexpected::Float(value), &"a finite number"))
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for UInt {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "UInt".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 0 })
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Decimal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number" })
    }
}

//! The wire form of a gRPC status.

use serde::Deserialize;
use serde::de::{self, Visitor};
use std::fmt;

/// A gRPC status, by number or by its canonical name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrpcStatus(pub u32);

/// The canonical names, at the index that is their number.
const GRPC_STATUS_NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

// === impl GrpcStatus ===

impl<'de> Deserialize<'de> for GrpcStatus {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GrpcStatusVisitor)
    }
}

struct GrpcStatusVisitor;

impl Visitor<'_> for GrpcStatusVisitor {
    type Value = GrpcStatus;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer from 0 to 4294967295 or a name such as UNAVAILABLE")
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<GrpcStatus, E> {
        u32::try_from(value)
            .map(GrpcStatus)
            .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<GrpcStatus, E> {
        u32::try_from(value)
            .map(GrpcStatus)
            .map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
    }

    /// A protobuf `Struct` knows no integers: 14 arrives as 14.0.
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<GrpcStatus, E> {
        if value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value) {
            Ok(GrpcStatus(value as u32))
        } else {
            Err(E::invalid_value(de::Unexpected::Float(value), &self))
        }
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<GrpcStatus, E> {
        (0..)
            .zip(GRPC_STATUS_NAMES)
            .find_map(|(code, name)| (name == value).then_some(GrpcStatus(code)))
            .ok_or_else(|| E::invalid_value(de::Unexpected::Str(value), &self))
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for GrpcStatus {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "GrpcStatus".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A gRPC status, by number or by its canonical name.",
            "anyOf": [
                { "type": "integer", "minimum": 0, "maximum": u32::MAX },
                { "type": "string", "enum": GRPC_STATUS_NAMES },
            ],
        })
    }
}

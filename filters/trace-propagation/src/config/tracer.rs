//! `tracer: ON`, which YAML 1.1, and so Envoy, reads as `true`.

use super::Tracer;
use serde::de::value::StrDeserializer;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;

/// Reads a [`Tracer`] or what YAML made of one.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Tracer>, D::Error> {
    deserializer.deserialize_any(TracerVisitor).map(Some)
}

struct TracerVisitor;

impl Visitor<'_> for TracerVisitor {
    type Value = Tracer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bool<E: Error>(self, is_on: bool) -> Result<Tracer, E> {
        Ok(if is_on { Tracer::On } else { Tracer::Off })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tracer, E> {
        Tracer::deserialize(StrDeserializer::new(text))
    }
}

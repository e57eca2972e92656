//! From the host's bytes to a wire type.

use crate::node::{Node, protobuf};
use filter_api::ConfigError;
use serde::de::DeserializeOwned;

#[cfg(test)]
mod tests;

/// Reads a configuration: JSON text, or a `google.protobuf.Struct` in binary form, which is what Envoy
/// makes of YAML. Empty or blank bytes mean `{}`.
///
/// # Errors
/// [`ConfigError`] with the JSON path (`rules[0].fault.abort.httpStatus`), what was found there and
/// what is allowed. What the user wrote is shortened to 64 characters.
pub fn load<T: DeserializeOwned>(config: &[u8]) -> Result<T, ConfigError> {
    let node = match parse(config) {
        Ok(node) => node,
        // A message is no JSON, and what is neither is told as JSON.
        Err(error) => protobuf::object(config).ok_or(error)?,
    };
    if !node.is_object() {
        return Err(ConfigError::found("", node.kind(), "an object"));
    }
    T::deserialize(node).map_err(ConfigError::from)
}

fn parse(config: &[u8]) -> Result<Node<'_>, ConfigError> {
    let text = std::str::from_utf8(config).map_err(|error| {
        ConfigError::found("", format_args!("byte {}", error.valid_up_to()), "UTF-8 text")
    })?;
    let text = if text.trim_ascii().is_empty() { "{}" } else { text };
    serde_json::from_str(text)
        .map_err(|error| ConfigError::new("", format!("not valid JSON: {error}")))
}

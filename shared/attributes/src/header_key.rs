//! The name of a header to look at.

use filter_api::{HeaderName, InvalidHeader};
use std::fmt;

/// The name of a header to look up, lower case. Unlike a name to write, it may be one that frames
/// the message or a pseudo-header; `host` means `:authority`, as Envoy stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderKey(Box<[u8]>);

/// A text that no header of a request is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidHeaderKey;

impl HeaderKey {
    /// Checks `name` and folds it to lower case.
    ///
    /// # Errors
    /// [`InvalidHeaderKey`] where it is neither a token of RFC 9110 nor one of a request's
    /// pseudo-headers.
    pub fn new(name: &str) -> Result<Self, InvalidHeaderKey> {
        const PSEUDO: [&str; 5] = [":authority", ":method", ":path", ":protocol", ":scheme"];
        let lower = name.to_ascii_lowercase();
        if lower == "host" {
            return Ok(Self(b":authority"[..].into()));
        }
        let is_name = PSEUDO.contains(&lower.as_str())
            || matches!(HeaderName::new(&lower), Ok(_) | Err(InvalidHeader::Framing));
        if is_name { Ok(Self(lower.into_bytes().into())) } else { Err(InvalidHeaderKey) }
    }

    /// The lower-case bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for InvalidHeaderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a header name, :authority, :method, :path, :protocol or :scheme \
             (letters, digits and !#$%&'*+-.^_`|~)",
        )
    }
}

impl std::error::Error for InvalidHeaderKey {}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn names_of_requests_are_folded_and_all_others_refused() {
        for (name, key) in [
            ("X-User", "x-user"),
            ("Host", ":authority"),
            (":PATH", ":path"),
            ("content-length", "content-length"),
            ("x_y.z~", "x_y.z~"),
        ] {
            assert_eq!(HeaderKey::new(name).unwrap().as_bytes(), key.as_bytes());
        }
        for name in ["", ":", ":status", ":host", "a b", "a:b", "a\r\n", "é", "a\0"] {
            assert_eq!(HeaderKey::new(name), Err(InvalidHeaderKey), "{name:?}");
        }
    }
}

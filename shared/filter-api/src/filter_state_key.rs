//! The key of a filter-state entry.

use std::borrow::Cow;
use std::fmt;

/// The key of filter state, `wasm.<key>` to the host's access logs and matchers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FilterStateKey(Cow<'static, str>);

/// A key that no access log could name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidFilterStateKey;

impl FilterStateKey {
    /// Checks a key that a user chose.
    ///
    /// # Errors
    /// [`InvalidFilterStateKey`] where it is empty or holds anything but letters, digits, `_` and
    /// `-`: the host splits a path at dots, and an access log's operator at `:` and `%`.
    pub fn new(key: &str) -> Result<Self, InvalidFilterStateKey> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if key.is_empty() || !key.bytes().all(is_plain) {
            return Err(InvalidFilterStateKey);
        }
        Ok(Self(Cow::Owned(key.to_owned())))
    }

    /// The key, without the host's `wasm.`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key that is part of the code: one token without dots.
impl From<&'static str> for FilterStateKey {
    fn from(key: &'static str) -> Self {
        Self(Cow::Borrowed(key))
    }
}

impl fmt::Display for InvalidFilterStateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key of letters, digits, _ and -")
    }
}

impl std::error::Error for InvalidFilterStateKey {}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_key_is_one_token_of_an_access_log() {
        assert_eq!(FilterStateKey::new("route_hint-2").unwrap().as_str(), "route_hint-2");
        for key in ["", "a.b", "a b", "a:PLAIN", "a%", "\u{e9}", "a\0"] {
            assert_eq!(FilterStateKey::new(key), Err(InvalidFilterStateKey), "{key:?}");
        }
    }
}

//! One text to compare with: `exact`, `prefix*`, `*suffix` or `*`.

use filter_api::ConfigError;
use filter_config::quoted;

/// How a text has to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TextMatcher {
    Exact(Box<[u8]>),
    Prefix(Box<[u8]>),
    /// Any text.
    Present,
    Suffix(Box<[u8]>),
}

/// Makes a matcher of what stands beside the asterisk.
type Make = fn(Box<[u8]>) -> TextMatcher;

impl TextMatcher {
    /// Reads a text. An asterisk may stand only at the beginning or at the end.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let (rest, make): (&str, Make) = match (text.strip_prefix('*'), text.strip_suffix('*')) {
            (Some(""), _) => return Ok(Self::Present),
            (Some(suffix), _) => (suffix, Self::Suffix),
            (None, Some(prefix)) => (prefix, Self::Prefix),
            (None, None) => (text, Self::Exact),
        };
        if rest.is_empty() || rest.contains('*') {
            return Err(refused(text, "a text, prefix*, *suffix or *"));
        }
        Ok(make(rest.as_bytes().into()))
    }

    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Exact(exact) => **exact == *text,
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::Present => true,
            Self::Suffix(suffix) => text.ends_with(suffix),
        }
    }
}

/// An error about one of the user's texts.
pub(crate) fn refused(found: &str, allowed: &str) -> ConfigError {
    ConfigError::found("", quoted(found), allowed)
}

#[cfg(test)]
mod tests {
    use super::TextMatcher;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_asterisk_at_one_end_leaves_that_end_open() {
        for (pattern, matching, other) in [
            ("a/b", &["a/b"][..], &["a/bc", "xa/b", "A/b", ""][..]),
            ("a/*", &["a/", "a/b"], &["a", "b/a/"]),
            ("*/b", &["/b", "a/b"], &["b", "/bc"]),
            ("*", &["", "a"], &[]),
        ] {
            let matcher = TextMatcher::parse(pattern).unwrap();
            assert!(matching.iter().all(|text| matcher.matches(text.as_bytes())), "{pattern}");
            assert!(!other.iter().any(|text| matcher.matches(text.as_bytes())), "{pattern}");
        }
        assert!(TextMatcher::parse("*\u{e9}").unwrap().matches(b"\xff\xc3\xa9"));
    }

    #[test]
    fn other_asterisks_and_nothing_are_refused() {
        for text in ["", "**", "a*b", "*a*", "*a*b", "***"] {
            let error = TextMatcher::parse(text).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("found \"{text}\", allowed is a text, prefix*, *suffix or *")
            );
        }
    }
}

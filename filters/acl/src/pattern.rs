//! Istio's way to write a text: whole, `prefix*`, `*suffix`, or `*` for any that is there.

use crate::gate::Letters;

/// A text as a rule writes it, compiled. It compares bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Any text, the empty one too.
    Any,
    Exact(Box<[u8]>),
    Prefix(Box<[u8]>),
    Suffix(Box<[u8]>),
}

impl Pattern {
    /// Compiles `text`. A `*` that is neither first nor last stands for itself, as in Istio.
    pub(crate) fn new(text: &str) -> Self {
        let bytes = |text: &str| text.as_bytes().into();
        match (text.strip_prefix('*'), text.strip_suffix('*')) {
            (Some(""), _) => Self::Any,
            (Some(suffix), _) => Self::Suffix(bytes(suffix)),
            (None, Some(prefix)) => Self::Prefix(bytes(prefix)),
            (None, None) => Self::Exact(bytes(text)),
        }
    }

    /// Whether the text is as the rule writes it.
    pub(crate) fn matches(&self, text: &[u8], ignore_case: bool) -> bool {
        let (written, part) = match self {
            Self::Any => return true,
            Self::Exact(exact) => (exact, (text.len() == exact.len()).then_some(text)),
            Self::Prefix(prefix) => (prefix, text.get(..prefix.len())),
            Self::Suffix(suffix) => {
                let start = text.len().checked_sub(suffix.len());
                (suffix, start.and_then(|start| text.get(start..)))
            }
        };
        match part {
            Some(part) if ignore_case => part.eq_ignore_ascii_case(written),
            Some(part) => *part == **written,
            None => false,
        }
    }

    /// The letters with which a text may begin, and may end, that matches.
    pub(crate) fn letters(&self) -> (Letters, Letters) {
        match self {
            Self::Any => (Letters::ALL, Letters::ALL),
            Self::Exact(text) => (Letters::of(text.first()), Letters::of(text.last())),
            Self::Prefix(text) => (Letters::of(text.first()), Letters::ALL),
            Self::Suffix(text) => (Letters::ALL, Letters::of(text.last())),
        }
    }

    /// Whether every text that `other` matches is matched by this one.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (_, Self::Exact(exact)) => self.matches(exact, false),
            (Self::Prefix(mine), Self::Prefix(theirs)) => theirs.starts_with(mine),
            (Self::Suffix(mine), Self::Suffix(theirs)) => theirs.ends_with(mine),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_four_forms_match_what_istio_says() {
        for (pattern, text, matches) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*a", "ba", true),
            ("*a", "ab", false),
            ("*", "", true),
            ("*", "x", true),
            ("a*b", "a*b", true),
            ("a*b", "axb", false),
            ("*a*", "xa*", true),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(text.as_bytes(), false),
                matches,
                "{pattern} {text}"
            );
        }
        assert!(
            Pattern::new("A*").matches(b"ab", true) && !Pattern::new("A*").matches(b"ab", false)
        );
        assert!(Pattern::new("\u{e9}*").matches("\u{e9}x".as_bytes(), true));
    }

    #[test]
    fn covering_is_matching_all_of_the_other() {
        for (wide, narrow, covers) in [
            ("*", "a*", true),
            ("a*", "ab*", true),
            ("ab*", "a*", false),
            ("*b", "*ab", true),
            ("a*", "*a", false),
            ("a*", "abc", true),
            ("a", "*", false),
        ] {
            assert_eq!(Pattern::new(wide).covers(&Pattern::new(narrow)), covers, "{wide} {narrow}");
        }
    }
}

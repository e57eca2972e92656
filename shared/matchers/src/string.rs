//! Matching one text.

use filter_api::ConfigError;
use pattern::Pattern;
use serde::Deserialize;

mod pattern;
#[cfg(test)]
mod tests;

/// How a text has to look; exactly one of the fields (Istio's `StringMatch`, with `suffix`,
/// `contains` and `present` added).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct StringMatch {
    /// The whole text.
    pub exact: Option<String>,
    /// The text's beginning.
    pub prefix: Option<String>,
    /// The text's end.
    pub suffix: Option<String>,
    /// Any part of the text.
    pub contains: Option<String>,
    /// Regular expression that matches the whole text, not a part of it.
    pub regex: Option<String>,
    /// For headers and query parameters only: true asks for its presence, if only with an empty
    /// value, and so does `{}`; false for its absence.
    pub present: Option<bool>,
}

/// A [`StringMatch`] compiled. It compares bytes: a text need not be UTF-8.
#[derive(Clone, Debug)]
pub struct StringMatcher {
    test: Test,
    ignore_case: bool,
}

#[derive(Clone, Debug)]
enum Test {
    Contains(Box<[u8]>),
    Exact(Box<[u8]>),
    Prefix(Box<[u8]>),
    Regex(Pattern),
    Suffix(Box<[u8]>),
}

impl StringMatch {
    /// The tests against a fixed text.
    fn texts(&self, ignore_case: bool) -> Result<Vec<Test>, ConfigError> {
        let mut tests = Vec::new();
        let mut add = |name: &str, text: &Option<String>, test: fn(Box<[u8]>) -> Test| {
            match text.as_deref() {
                None => {}
                Some("") if name != "exact" => {
                    return Err(ConfigError::found(name, "an empty text", "one character or more"));
                }
                Some(text) => tests.push(test(fold(text, ignore_case))),
            }
            Ok(())
        };
        add("exact", &self.exact, Test::Exact)?;
        add("prefix", &self.prefix, Test::Prefix)?;
        add("suffix", &self.suffix, Test::Suffix)?;
        add("contains", &self.contains, Test::Contains)?;
        Ok(tests)
    }
}

impl StringMatcher {
    /// Compiles a match that stands at `path`. ASCII letters are compared without their case if
    /// `ignore_case`, also in a regex.
    ///
    /// # Errors
    /// None or several of the fields, `present` (which says nothing about a text), an empty text
    /// other than `exact`, a pattern that does not compile.
    pub fn from_wire(
        wire: &StringMatch,
        ignore_case: bool,
        path: &str,
    ) -> Result<Self, ConfigError> {
        let mut tests = wire.texts(ignore_case).map_err(|error| error.within(path))?;
        if let Some(pattern) = &wire.regex {
            let pattern = Pattern::compile(pattern, ignore_case)
                .map_err(|why| ConfigError::new("regex", why).within(path))?;
            tests.push(Test::Regex(pattern));
        }
        let found = match (tests.pop(), tests.len(), wire.present) {
            (Some(test), 0, None) => return Ok(Self { test, ignore_case }),
            (None, _, None) => "none of them",
            (_, _, None) => "several",
            (_, _, Some(_)) => "present",
        };
        let allowed = "exactly one of exact, prefix, suffix, contains, regex";
        Err(ConfigError::found(path, found, allowed))
    }

    /// A regular expression that matches the whole text, for filters that know no other match.
    ///
    /// # Errors
    /// Why `pattern` is none, in words for a user.
    pub fn regex(pattern: &str) -> Result<Self, String> {
        let test = Test::Regex(Pattern::compile(pattern, false)?);
        Ok(Self { test, ignore_case: false })
    }

    /// Whether the text is as asked for.
    ///
    /// A regex reads a text that is not UTF-8 as Latin-1, every byte one character, so that such a
    /// byte neither ends the matching nor hides the rest.
    #[must_use]
    pub fn matches(&self, text: &[u8]) -> bool {
        match &self.test {
            Test::Exact(exact) => self.is_same(text, exact),
            Test::Prefix(prefix) => {
                text.get(..prefix.len()).is_some_and(|part| self.is_same(part, prefix))
            }
            Test::Suffix(suffix) => {
                let start = text.len().checked_sub(suffix.len());
                let part = start.and_then(|start| text.get(start..));
                part.is_some_and(|part| self.is_same(part, suffix))
            }
            Test::Contains(part) => self.contains(text, part),
            Test::Regex(pattern) => pattern.matches(text),
        }
    }

    /// Looks for the first byte before it compares the rest.
    fn contains(&self, mut text: &[u8], part: &[u8]) -> bool {
        let Some((first, rest)) = part.split_first() else { return true };
        let other = if self.ignore_case { first.to_ascii_uppercase() } else { *first };
        while text.len() >= part.len() {
            let at = text.iter().position(|byte| byte == first || *byte == other);
            let Some(at) = at else { return false };
            text = text.get(at + 1..).unwrap_or_default();
            if text.get(..rest.len()).is_some_and(|head| self.is_same(head, rest)) {
                return true;
            }
        }
        false
    }

    fn is_same(&self, a: &[u8], b: &[u8]) -> bool {
        if self.ignore_case { a.eq_ignore_ascii_case(b) } else { a == b }
    }
}

fn fold(text: &str, ignore_case: bool) -> Box<[u8]> {
    let text = if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
    text.into_bytes().into()
}

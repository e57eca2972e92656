//! Regular expressions over a whole text.

use super::{StringMatcher, Test, fold};
use regex_lite::{Regex, RegexBuilder};

/// Memory that a compiled pattern may take, in bytes: enough for any written by hand.
const SIZE_LIMIT: usize = 1 << 20;

/// A pattern that matches the whole text.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// Plain characters, with `.*` on either side or none. Most patterns of real configurations are
    /// of this kind, and comparing bytes is a hundred times cheaper than running the automaton.
    Plain(Box<StringMatcher>),
    Regex(Box<Regex>),
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// Why it is none, in words for a user.
    pub(super) fn compile(pattern: &str, ignore_case: bool) -> Result<Self, String> {
        if pattern.is_empty() {
            return Err("found an empty pattern, allowed is at least one character".to_owned());
        }
        if let Some(test) = plain(pattern, ignore_case) {
            return Ok(Self::Plain(Box::new(StringMatcher { test, ignore_case })));
        }
        let build = |pattern: &str| {
            RegexBuilder::new(pattern)
                .case_insensitive(ignore_case)
                .size_limit(SIZE_LIMIT)
                .build()
                .map_err(|why| format!("not a regular expression: {why}"))
        };
        // By itself first: `a)(b` is refused, though it would compile between the parentheses below.
        build(pattern)?;
        // A pattern in (?x) mode may end in a comment, which swallows what follows on its line.
        // There a line break means nothing; elsewhere it would be part of the pattern.
        build(&format!(r"\A(?:{pattern})\z"))
            .or_else(|_| build(&format!("\\A(?:{pattern}\n)\\z")))
            .map(|regex| Self::Regex(Box::new(regex)))
    }

    /// Whether the whole text matches.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        match self {
            // `.` is any character but a line break.
            Self::Plain(matcher) => matcher.matches(text) && !text.contains(&b'\n'),
            Self::Regex(regex) => match std::str::from_utf8(text) {
                Ok(text) => regex.is_match(text),
                Err(_) => {
                    let latin_1: String = text.iter().map(|byte| char::from(*byte)).collect();
                    regex.is_match(&latin_1)
                }
            },
        }
    }
}

/// The test that a pattern amounts to, if it is plain ASCII with `.*` on either side or none.
///
/// ASCII only: what is not UTF-8 is matched as Latin-1, where only ASCII has the same bytes.
fn plain(pattern: &str, ignore_case: bool) -> Option<Test> {
    let (open_start, rest) =
        pattern.strip_prefix(".*").map_or((false, pattern), |rest| (true, rest));
    let (open_end, rest) = rest.strip_suffix(".*").map_or((false, rest), |rest| (true, rest));
    let mut literal = String::new();
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        literal.push(match c {
            // `\<` and `\>` are borders of words.
            '\\' => chars.next().filter(|c| c.is_ascii_punctuation() && !matches!(c, '<' | '>'))?,
            ' ' | '-' | '_' | '/' | ':' | ';' | ',' | '=' | '@' | '%' | '&' | '~' | '!' | '"'
            | '\'' | '#' => c,
            _ if c.is_ascii_alphanumeric() => c,
            _ => return None,
        });
    }
    if literal.is_empty() {
        return None;
    }
    let literal = fold(&literal, ignore_case);
    Some(match (open_start, open_end) {
        (false, false) => Test::Exact(literal),
        (false, true) => Test::Prefix(literal),
        (true, false) => Test::Suffix(literal),
        (true, true) => Test::Contains(literal),
    })
}

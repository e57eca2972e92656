//! The entries of a list, and whether a value is among them.

use crate::config::EntryType;
use addresses::{IpPrefix, IpPrefixSet, parse_ip};
use matchers::StringMatcher;
use strings::StringSet;

mod strings;
#[cfg(test)]
mod tests;

/// More patterns than this would be tried one after the other on every request.
const MOST_PATTERNS: usize = 1_000;

/// The entries of a list, ready to be asked.
#[derive(Debug)]
pub(crate) enum Entries {
    Addresses(IpPrefixSet),
    Patterns(Vec<StringMatcher>),
    Strings(StringSet),
}

/// A value that the entries cannot be compared with: no address, where the list holds addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoAddress;

/// The first line of a text that is no entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// From 1.
    line: usize,
    why: String,
}

impl Entries {
    /// Reads one entry per line. Blanks around an entry do not count, empty lines and those that
    /// begin with `#` are none.
    ///
    /// # Errors
    /// The first line that is no entry of this type.
    pub(crate) fn read(entry_type: EntryType, text: Vec<u8>) -> Result<Self, BadLine> {
        match entry_type {
            EntryType::Strings | EntryType::CaseInsensitiveStrings => {
                strings(&text)?;
                let ignores_case = entry_type == EntryType::CaseInsensitiveStrings;
                Ok(Self::Strings(StringSet::new(text, ignores_case)))
            }
            EntryType::IpAddresses => {
                prefixes(&text).collect::<Result<_, _>>().map(Self::Addresses)
            }
            EntryType::Regex => patterns(&text).map(Self::Patterns),
        }
    }

    /// How many entries a text has, without keeping any of them.
    ///
    /// # Errors
    /// The first line that is no entry of this type.
    pub(crate) fn check(entry_type: EntryType, text: &[u8]) -> Result<usize, BadLine> {
        match entry_type {
            EntryType::Strings | EntryType::CaseInsensitiveStrings => strings(text),
            EntryType::IpAddresses => {
                prefixes(text).try_fold(0, |count, prefix| prefix.map(|_| count + 1))
            }
            EntryType::Regex => patterns(text).map(|patterns| patterns.len()),
        }
    }

    /// Whether the value is an entry, lies in one, or is matched by one.
    ///
    /// # Errors
    /// [`NoAddress`].
    pub(crate) fn contains(&self, value: &[u8]) -> Result<bool, NoAddress> {
        match self {
            Self::Addresses(set) => parse_ip(value).map(|ip| set.contains(ip)).ok_or(NoAddress),
            Self::Patterns(patterns) => Ok(patterns.iter().any(|one| one.matches(value))),
            Self::Strings(set) => Ok(set.contains(value)),
        }
    }

    /// How many there are, after doubles.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Addresses(set) => set.len(),
            Self::Patterns(patterns) => patterns.len(),
            Self::Strings(set) => set.len(),
        }
    }
}

/// The entries of a text with the numbers of their lines, from 1.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    (1..).zip(lines).filter(|(_, entry)| !entry.is_empty() && !entry.starts_with(b"#"))
}

/// Counts entries that are texts. What is none, or holds control characters, is no list: a picture,
/// an archive, a page cut in two.
fn strings(text: &[u8]) -> Result<usize, BadLine> {
    if let Err(error) = std::str::from_utf8(text) {
        let before = text.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        return Err(BadLine { line, why: "not UTF-8".to_owned() });
    }
    lines(text).try_fold(0, |count, (line, entry)| {
        if entry.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err(BadLine { line, why: "a control character".to_owned() });
        }
        Ok(count + 1)
    })
}

fn prefixes(text: &[u8]) -> impl Iterator<Item = Result<IpPrefix, BadLine>> {
    lines(text).map(|(line, entry)| {
        let entry = String::from_utf8_lossy(entry);
        IpPrefix::parse(&entry).map_err(|why| BadLine { line, why })
    })
}

/// Patterns as Mixer's: they match any part of a value.
fn patterns(text: &[u8]) -> Result<Vec<StringMatcher>, BadLine> {
    let mut patterns = Vec::new();
    for (line, entry) in lines(text) {
        if patterns.len() == MOST_PATTERNS {
            return Err(BadLine { line, why: "more than 1000 patterns".to_owned() });
        }
        let pattern = std::str::from_utf8(entry);
        let pattern = pattern.map_err(|_| BadLine { line, why: "not UTF-8".to_owned() })?;
        patterns.push(unanchored(pattern).map_err(|why| BadLine { line, why })?);
    }
    Ok(patterns)
}

fn unanchored(pattern: &str) -> Result<StringMatcher, String> {
    // By itself first: what is none by itself must not become one between the parentheses.
    StringMatcher::regex(pattern)?;
    let is_word =
        pattern.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/:@ ".contains(&byte));
    // The plain form is compared as text, without the automaton.
    let parts = if is_word { [".*", pattern, ".*"] } else { ["(?s:.*)(?:", pattern, ")(?s:.*)"] };
    StringMatcher::regex(&parts.concat())
}

impl BadLine {
    /// What is wrong with the line.
    pub(crate) fn reason(&self) -> &str {
        &self.why
    }
}

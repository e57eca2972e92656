//! Paths as rules write them: Istio's four forms of a text, or a template over segments.

use crate::gate::Letters;
use crate::pattern::Pattern;
use filter_api::ConfigError;
use filter_config::quoted;

#[cfg(test)]
mod tests;

/// `/admin`, `/api/*`, `*/info`, `*`, or `/v1/{*}/x/{**}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PathPattern {
    Template(Vec<Segment>),
    Text(Pattern),
}

/// What a segment of the path has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// `{**}`: one segment or more, empty ones too; Envoy's `**`.
    AnyNumber,
    Literal(Box<[u8]>),
    /// `{*}`: one segment, not empty.
    One,
}

impl PathPattern {
    /// Compiles `text`.
    ///
    /// # Errors
    /// A text that no path can match (it begins with neither `/` nor `*`, or holds a query or a
    /// fragment), and a template with anything but whole segments.
    pub(crate) fn new(text: &str) -> Result<Self, ConfigError> {
        let refuse = |allowed: &str| Err(ConfigError::found("", quoted(text), allowed));
        if text.contains(['?', '#']) {
            return refuse("a path without query and fragment: neither is compared");
        }
        if !text.starts_with('/') && !text.starts_with('*') {
            return refuse("a path that begins with / or *");
        }
        if !text.contains(['{', '}']) {
            return Ok(Self::Text(Pattern::new(text)));
        }
        let allowed = "a template of whole segments such as /v1/{*}/x/{**}, {**} once, no other *";
        let Some(rest) = text.strip_prefix('/') else { return refuse(allowed) };
        let mut segments = Vec::new();
        for part in rest.split('/') {
            segments.push(match part {
                "{*}" => Segment::One,
                "{**}" => Segment::AnyNumber,
                _ if part.contains(['{', '}', '*']) => return refuse(allowed),
                _ => Segment::Literal(part.as_bytes().into()),
            });
        }
        if segments.iter().filter(|segment| **segment == Segment::AnyNumber).count() > 1 {
            return refuse(allowed);
        }
        Ok(Self::Template(segments))
    }

    /// The letters with which a path may go on after its first slash, and may end, that matches.
    pub(crate) fn letters(&self) -> (Letters, Letters) {
        match self {
            Self::Text(pattern @ (Pattern::Any | Pattern::Suffix(_))) => pattern.letters(),
            Self::Text(pattern @ (Pattern::Exact(text) | Pattern::Prefix(text))) => {
                (Letters::of(text.get(1)), pattern.letters().1)
            }
            Self::Template(segments) => match segments.first() {
                Some(Segment::Literal(literal)) => (Letters::of(literal.first()), Letters::ALL),
                _ => (Letters::ALL, Letters::ALL),
            },
        }
    }

    /// Whether one reading of a path is as the rule writes it.
    pub(crate) fn matches(&self, path: &[u8], ignore_case: bool) -> bool {
        match self {
            Self::Text(pattern) => pattern.matches(path, ignore_case),
            Self::Template(segments) => path
                .strip_prefix(b"/")
                .is_some_and(|rest| matches_segments(segments, rest, ignore_case)),
        }
    }
}

/// Whether what follows the first slash is made of these segments.
fn matches_segments(segments: &[Segment], path: &[u8], ignore_case: bool) -> bool {
    let mut parts = path.split(|byte| *byte == b'/');
    for (at, segment) in segments.iter().enumerate() {
        if *segment == Segment::AnyNumber {
            // Before it from the front, behind it from the back; it takes what is between.
            return has_at_least(segments.len(), path)
                && are_last(segments.get(at + 1..).unwrap_or_default(), path, ignore_case);
        }
        if !parts.next().is_some_and(|part| segment.is(part, ignore_case)) {
            return false;
        }
    }
    parts.next().is_none()
}

fn has_at_least(count: usize, path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').take(count).count() == count
}

fn are_last(segments: &[Segment], path: &[u8], ignore_case: bool) -> bool {
    let parts = path.rsplit(|byte| *byte == b'/');
    segments.iter().rev().zip(parts).all(|(segment, part)| segment.is(part, ignore_case))
}

impl Segment {
    fn is(&self, part: &[u8], ignore_case: bool) -> bool {
        match self {
            Self::AnyNumber => true,
            Self::Literal(literal) if ignore_case => part.eq_ignore_ascii_case(literal),
            Self::Literal(literal) => *part == **literal,
            Self::One => !part.is_empty(),
        }
    }
}

//! One condition on a request.

use super::HttpMatchRequest;
use crate::{StringMatch, StringMatcher};
use attributes::{HeaderKey, percent_decode, query_values};
use filter_api::{ConfigError, RequestHead};
use filter_config::{path_segment, shorten};
use std::borrow::Cow;
use std::collections::BTreeMap;

const AUTHORITY: &str = ":authority";

/// What is looked at, and how it has to be.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    subject: Subject,
    test: Test,
}

#[derive(Clone, Debug)]
enum Subject {
    /// Every value of a header.
    Header(HeaderKey),
    /// The path without the query.
    Path,
    /// Every value of a query parameter.
    Query(Box<[u8]>),
}

#[derive(Clone, Debug)]
enum Test {
    Absent,
    AnyMatches(StringMatcher),
    NoneMatches(StringMatcher),
    Present,
}

/// The conditions of an entry, cheapest and most telling first.
pub(super) fn compile(entry: &HttpMatchRequest) -> Result<Vec<Condition>, ConfigError> {
    let mut conditions = Vec::new();
    let pseudo = [
        (":method", "method", &entry.method),
        (":scheme", "scheme", &entry.scheme),
        (AUTHORITY, "authority", &entry.authority),
    ];
    for (header, field, wire) in pseudo {
        if let Some(wire) = wire {
            let matcher = StringMatcher::from_wire(wire, header == AUTHORITY, field)?;
            let subject = Subject::Header(header_key(header)?);
            conditions.push(Condition { subject, test: Test::AnyMatches(matcher) });
        }
    }
    if let Some(wire) = &entry.uri {
        let matcher = StringMatcher::from_wire(wire, entry.ignore_uri_case, "uri")?;
        conditions.push(Condition { subject: Subject::Path, test: Test::AnyMatches(matcher) });
    }
    headers(&entry.headers, false, &mut conditions).map_err(|error| error.within("headers"))?;
    headers(&entry.without_headers, true, &mut conditions)
        .map_err(|error| error.within("withoutHeaders"))?;
    query_params(&entry.query_params, &mut conditions)
        .map_err(|error| error.within("queryParams"))?;
    Ok(conditions)
}

fn headers(
    wire: &BTreeMap<String, StringMatch>,
    negated: bool,
    conditions: &mut Vec<Condition>,
) -> Result<(), ConfigError> {
    for (name, wire) in wire {
        let segment = path_segment(name);
        let key = header_key(name).map_err(|error| error.within(&segment))?;
        let ignore_case = key.as_bytes() == AUTHORITY.as_bytes();
        let test = Test::from_wire(wire, ignore_case, &segment)?;
        let test = if negated { test.negated() } else { test };
        conditions.push(Condition { subject: Subject::Header(key), test });
    }
    Ok(())
}

fn query_params(
    wire: &BTreeMap<String, StringMatch>,
    conditions: &mut Vec<Condition>,
) -> Result<(), ConfigError> {
    for (name, wire) in wire {
        let segment = path_segment(name);
        if name.is_empty() {
            return Err(ConfigError::found(segment, "\"\"", "the name of a query parameter"));
        }
        let test = Test::from_wire(wire, false, &segment)?;
        conditions.push(Condition { subject: Subject::Query(name.as_bytes().into()), test });
    }
    Ok(())
}

fn header_key(name: &str) -> Result<HeaderKey, ConfigError> {
    HeaderKey::new(name)
        .map_err(|allowed| ConfigError::found("", format!("{:?}", shorten(name)), allowed))
}

impl Test {
    /// What a header or query parameter has to be, the error's path being `path`.
    fn from_wire(wire: &StringMatch, ignore_case: bool, path: &str) -> Result<Self, ConfigError> {
        let presence = StringMatch { present: wire.present, ..StringMatch::default() };
        match wire.present {
            _ if *wire != presence => {
                StringMatcher::from_wire(wire, ignore_case, path).map(Self::AnyMatches)
            }
            Some(false) => Ok(Self::Absent),
            Some(true) | None => Ok(Self::Present),
        }
    }

    fn negated(self) -> Self {
        match self {
            Self::Absent => Self::Present,
            Self::AnyMatches(matcher) => Self::NoneMatches(matcher),
            Self::NoneMatches(matcher) => Self::AnyMatches(matcher),
            Self::Present => Self::Absent,
        }
    }

    /// Whether the values are as they have to be.
    #[inline]
    fn is_met<V: AsRef<[u8]>>(&self, mut values: impl Iterator<Item = V>) -> bool {
        match self {
            Self::Absent => values.next().is_none(),
            Self::AnyMatches(matcher) => values.any(|value| matcher.matches(value.as_ref())),
            Self::NoneMatches(matcher) => !values.any(|value| matcher.matches(value.as_ref())),
            Self::Present => values.next().is_some(),
        }
    }
}

impl Condition {
    /// Whether the request meets the condition.
    pub(super) fn is_met(&self, request: &RequestHead<'_>) -> bool {
        match &self.subject {
            Subject::Header(key) => self.test.is_met(request.headers().values(key.as_bytes())),
            Subject::Path => {
                let has_path = request.headers().contains(b":path");
                self.test.is_met(has_path.then(|| request.path()).into_iter())
            }
            Subject::Query(name) => {
                let query = request.query().unwrap_or_default();
                self.test.is_met(query_values(query, name).flat_map(readings))
            }
        }
    }
}

/// A value as it stands, and percent-decoded where that is something else.
fn readings(value: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let decoded = percent_decode(value);
    let raw = matches!(decoded, Cow::Owned(_)).then_some(Cow::Borrowed(value));
    raw.into_iter().chain([decoded])
}

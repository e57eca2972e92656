//! One condition on a request.

use super::HttpMatchRequest;
use crate::header_index::{HeaderIndex, Held, Slot, Snapshot};
use crate::{StringMatch, StringMatcher};
use attributes::{HeaderKey, percent_decode, query_values};
use filter_api::ConfigError;
use filter_config::wire::Map;
use filter_config::{path_segment, quoted};
use std::borrow::Cow;

const AUTHORITY: &str = ":authority";
const PATH: &str = ":path";

/// What is looked at, and how it has to be.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// The header that holds what is looked at.
    key: HeaderKey,
    slot: Option<Slot>,
    part: Part,
    test: Test,
}

/// What of the header's values is looked at.
#[derive(Clone, Debug)]
enum Part {
    /// Of a path, what stands before the query.
    Path,
    /// Of a path, every value of a query parameter.
    Query(Box<[u8]>),
    Whole,
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
            let test = Test::AnyMatches(matcher);
            conditions.push(Condition::new(header_key(header)?, Part::Whole, test));
        }
    }
    if let Some(wire) = &entry.uri {
        let matcher = StringMatcher::from_wire(wire, entry.ignore_uri_case, "uri")?;
        conditions.push(Condition::new(header_key(PATH)?, Part::Path, Test::AnyMatches(matcher)));
    }
    headers(&entry.headers, false, &mut conditions).map_err(|error| error.within("headers"))?;
    headers(&entry.without_headers, true, &mut conditions)
        .map_err(|error| error.within("withoutHeaders"))?;
    query_params(&entry.query_params, &mut conditions)
        .map_err(|error| error.within("queryParams"))?;
    Ok(conditions)
}

fn headers(
    wire: &Map<StringMatch>,
    negated: bool,
    conditions: &mut Vec<Condition>,
) -> Result<(), ConfigError> {
    for (name, wire) in wire {
        let segment = path_segment(name);
        let key = header_key(name).map_err(|error| error.within(&segment))?;
        let ignore_case = key.as_bytes() == AUTHORITY.as_bytes();
        let test = Test::from_wire(wire, ignore_case, &segment)?;
        let test = if negated { test.negated() } else { test };
        conditions.push(Condition::new(key, Part::Whole, test));
    }
    Ok(())
}

fn query_params(
    wire: &Map<StringMatch>,
    conditions: &mut Vec<Condition>,
) -> Result<(), ConfigError> {
    for (name, wire) in wire {
        let segment = path_segment(name);
        if name.is_empty() {
            return Err(ConfigError::found(segment, "\"\"", "the name of a query parameter"));
        }
        let test = Test::from_wire(wire, false, &segment)?;
        conditions.push(Condition::new(
            header_key(PATH)?,
            Part::Query(name.as_bytes().into()),
            test,
        ));
    }
    Ok(())
}

fn header_key(name: &str) -> Result<HeaderKey, ConfigError> {
    HeaderKey::new(name).map_err(|allowed| ConfigError::found("", quoted(name), allowed))
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

    /// Whether a header that is not there is as it has to be.
    fn is_met_by_nothing(&self) -> bool {
        matches!(self, Self::Absent | Self::NoneMatches(_))
    }

    /// Whether a header with this one value is as it has to be.
    fn is_met_by_one(&self, value: &[u8]) -> bool {
        match self {
            Self::Absent => false,
            Self::AnyMatches(matcher) => matcher.matches(value),
            Self::NoneMatches(matcher) => !matcher.matches(value),
            Self::Present => true,
        }
    }

    /// Whether the values are as they have to be.
    fn is_met(&self, mut values: &mut dyn Iterator<Item = Cow<'_, [u8]>>) -> bool {
        let values = &mut values;
        match self {
            Self::Absent => values.next().is_none(),
            Self::AnyMatches(matcher) => Iterator::any(values, |value| matcher.matches(&value)),
            Self::NoneMatches(matcher) => !Iterator::any(values, |value| matcher.matches(&value)),
            Self::Present => values.next().is_some(),
        }
    }
}

impl Condition {
    fn new(key: HeaderKey, part: Part, test: Test) -> Self {
        Self { key, slot: None, part, test }
    }

    /// Has the header read through `index`. The slot is returned if the header has to be there.
    pub(super) fn index(&mut self, index: &mut HeaderIndex) -> Option<Slot> {
        self.slot = index.slot(&self.key);
        self.slot.filter(|_| !self.test.is_met_by_nothing())
    }

    /// Whether the request meets the condition.
    pub(super) fn is_met(&self, snapshot: &Snapshot<'_>) -> bool {
        match snapshot.held(self.slot) {
            Held::Nothing => self.test.is_met_by_nothing(),
            Held::One(value) => match &self.part {
                Part::Path => self.test.is_met_by_one(split_query(value).0),
                Part::Whole => self.test.is_met_by_one(value),
                Part::Query(_) => self.is_met_by(&mut std::iter::once(value)),
            },
            Held::Several => self.is_met_by(&mut snapshot.values(&self.key)),
        }
    }

    /// Whatever the number of values. One value is the rule and has a way of its own, so this one may
    /// be slow: it is compiled once, and not into its callers.
    #[inline(never)]
    fn is_met_by(&self, values: &mut dyn Iterator<Item = &[u8]>) -> bool {
        match &self.part {
            Part::Path => {
                self.test.is_met(&mut values.map(|path| Cow::Borrowed(split_query(path).0)))
            }
            Part::Query(name) => {
                let queries = values.map(|path| split_query(path).1);
                let params = queries.flat_map(|query| query_values(query, name));
                self.test.is_met(&mut params.flat_map(readings))
            }
            Part::Whole => self.test.is_met(&mut values.map(Cow::Borrowed)),
        }
    }
}

/// A path up to the first `?`, and what follows that.
fn split_query(path: &[u8]) -> (&[u8], &[u8]) {
    let end = path.iter().position(|byte| *byte == b'?').unwrap_or(path.len());
    let (path, query) = path.split_at_checked(end).unwrap_or((path, &[]));
    (path, query.get(1..).unwrap_or_default())
}

/// A value as it stands, and percent-decoded where that is something else.
fn readings(value: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let decoded = percent_decode(value);
    let raw = matches!(decoded, Cow::Owned(_)).then_some(Cow::Borrowed(value));
    raw.into_iter().chain([decoded])
}

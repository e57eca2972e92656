//! The matchers of all rules of a filter.

use super::RequestMatcher;
use crate::header_index::{HeaderIndex, Snapshot};
use filter_api::RequestHead;
use std::iter::Enumerate;
use std::slice;

/// The matchers of a filter's rules, asked for the first that matches or for all. It reads the headers
/// once for all of them, where each matcher by itself would read them again.
///
/// ```
/// use filter_api::{HeaderPairs, RequestHead, encode_pairs};
/// use matchers::{MatchTable, RequestMatcher};
///
/// let rule = |json| RequestMatcher::from_wire(&serde_json::from_str::<Vec<_>>(json).unwrap(), "match");
/// let table = MatchTable::new(vec![
///     rule(r#"[{"headers": {"end-user": {"exact": "jason"}}}]"#)?,
///     rule(r#"[{"uri": {"prefix": "/reviews"}}]"#)?,
/// ]);
/// let bytes = encode_pairs([(":path", "/reviews/7")]);
/// assert_eq!(table.first(&RequestHead::new(HeaderPairs::parse(&bytes))), Some(1));
/// # Ok::<(), filter_api::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MatchTable {
    index: HeaderIndex,
    matchers: Vec<RequestMatcher>,
}

impl MatchTable {
    /// A table of the matchers in the order of their rules.
    #[must_use]
    pub fn new(mut matchers: Vec<RequestMatcher>) -> Self {
        let mut index = HeaderIndex::default();
        matchers.iter_mut().for_each(|matcher| matcher.index(&mut index));
        Self { index, matchers }
    }

    /// The index of the first matcher that matches.
    #[must_use]
    pub fn first(&self, request: &RequestHead<'_>) -> Option<usize> {
        if !self.needs_request_headers() {
            return (!self.matchers.is_empty()).then_some(0);
        }
        let snapshot = self.index.read(request);
        self.matchers
            .iter()
            .position(|matcher| !matcher.needs_request_headers() || matcher.is_met(&snapshot))
    }

    /// The indices of all matchers that match, in order. The headers are read at once, each matcher
    /// is asked when its turn comes.
    pub fn all<'a>(&'a self, request: &RequestHead<'a>) -> Matching<'a> {
        let rest = self.matchers.iter().enumerate();
        let mut matching = Matching { snapshot: Snapshot::unindexed(request), rest };
        if self.any_needs_request_headers() {
            self.index.read_into(&mut matching.snapshot);
        }
        matching
    }

    /// Calls `visit` with the index of every matcher that matches, in order, until it returns `false`.
    pub fn visit(&self, request: &RequestHead<'_>, mut visit: impl FnMut(usize) -> bool) {
        let _stopped = self.all(request).find(|index| !visit(*index));
    }

    /// Whether [`all`](Self::all) reads the request's headers: it does unless every rule is for every
    /// request.
    #[must_use]
    pub fn any_needs_request_headers(&self) -> bool {
        self.matchers.iter().any(RequestMatcher::needs_request_headers)
    }

    /// Whether [`first`](Self::first) reads the request's headers: it does unless the first rule is
    /// for every request.
    #[must_use]
    pub fn needs_request_headers(&self) -> bool {
        self.matchers.first().is_some_and(RequestMatcher::needs_request_headers)
    }
}

/// The iterator of [`MatchTable::all`].
#[derive(Clone, Debug)]
pub struct Matching<'a> {
    snapshot: Snapshot<'a>,
    rest: Enumerate<slice::Iter<'a, RequestMatcher>>,
}

impl Iterator for Matching<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let snapshot = &self.snapshot;
        let matches =
            |matcher: &RequestMatcher| !matcher.needs_request_headers() || matcher.is_met(snapshot);
        self.rest.find(|(_, matcher)| matches(matcher)).map(|(index, _)| index)
    }
}

//! Sources compiled.

use crate::SourceEntry;
use crate::peer::{Identity, Known, Peer};
use crate::text::TextMatcher;
use addresses::IpPrefixSet;
use filter_api::{ConfigError, Environment};
use matchers::MatchResult;
use std::net::IpAddr;

mod compile;
#[cfg(test)]
mod tests;

/// A list of [`SourceEntry`] compiled: the caller has to be any of them.
#[derive(Clone, Debug, Default)]
pub struct SourceMatcher {
    /// Empty where every caller matches.
    alternatives: Vec<Vec<Condition>>,
}

/// A field of a source.
#[derive(Clone, Debug)]
struct Condition {
    test: Test,
    negated: bool,
}

#[derive(Clone, Debug)]
enum Test {
    DirectIp(IpPrefixSet),
    Namespace(Vec<TextMatcher>),
    Principal(Vec<TextMatcher>),
    RemoteIp(IpPrefixSet),
    RequestPrincipal(Vec<TextMatcher>),
    ServiceAccount(Vec<TextMatcher>),
    TrustDomain(Vec<TextMatcher>),
}

impl SourceMatcher {
    /// Compiles the list that stands at `path`. An empty one matches every caller.
    ///
    /// # Errors
    /// A source that says nothing, an empty list, a text or an address that is none, by its path.
    pub fn from_wire(list: &[SourceEntry], path: &str) -> Result<Self, ConfigError> {
        let mut alternatives = Vec::with_capacity(list.len());
        for (index, entry) in list.iter().enumerate() {
            let conditions = compile::source(&entry.source);
            alternatives.push(conditions.map_err(|error| {
                error.within("source").within(&format!("[{index}]")).within(path)
            })?);
        }
        Ok(Self { alternatives })
    }

    /// The source that an entry of Istio's `when` speaks of, by its `key`, with the `values` and
    /// `notValues` that stand in the object at `path`: as the fields of a [`Source`](crate::Source)
    /// for `source.ip` (the direct peer's), `remote.ip`, `source.principal`, `source.namespace`,
    /// `source.serviceAccount`, `source.trustDomain` and `request.auth.principal`. `None` for any
    /// other key.
    ///
    /// # Errors
    /// As [`from_wire`](Self::from_wire).
    pub fn of_condition(
        key: &str,
        values: Option<&[String]>,
        not_values: Option<&[String]>,
        path: &str,
    ) -> Option<Result<Self, ConfigError>> {
        let conditions = compile::condition(key, values, not_values)?;
        let matcher = conditions.map(|conditions| Self { alternatives: vec![conditions] });
        Some(matcher.map_err(|error| error.within(path)))
    }

    /// Whether it is one of the sources that calls.
    pub fn matches(&self, peer: &mut Peer, env: &mut dyn Environment) -> MatchResult {
        if self.is_any() {
            return MatchResult::Match;
        }
        let mut result = MatchResult::NoMatch;
        for conditions in &self.alternatives {
            result = result.or(all(conditions, peer, env));
            if result == MatchResult::Match {
                break;
            }
        }
        result
    }

    /// Whether every caller matches.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.alternatives.is_empty()
    }
}

fn all(conditions: &[Condition], peer: &mut Peer, env: &mut dyn Environment) -> MatchResult {
    let mut result = MatchResult::Match;
    for condition in conditions {
        result = result.and(condition.matches(peer, env));
        if result == MatchResult::NoMatch {
            break;
        }
    }
    result
}

impl Condition {
    fn matches(&self, peer: &mut Peer, env: &mut dyn Environment) -> MatchResult {
        let result = match &self.test {
            Test::DirectIp(set) => is_in(set, peer.direct_ip(env)),
            Test::RemoteIp(set) => is_in(set, peer.remote_ip(env)),
            Test::RequestPrincipal(list) => {
                any(list, peer.request_principal(env).as_ref().map(Vec::as_slice))
            }
            Test::Principal(list) => {
                any(list, peer.identity(env).as_ref().map(|id| id.principal.as_slice()))
            }
            Test::TrustDomain(list) => {
                any(list, part(peer.identity(env), |id| Some(id.trust_domain.as_slice())))
            }
            Test::Namespace(list) => {
                any(list, part(peer.identity(env), |id| id.namespace.as_deref()))
            }
            Test::ServiceAccount(list) => {
                any(list, part(peer.identity(env), |id| id.service_account.as_deref()))
            }
        };
        if self.negated { result.negated() } else { result }
    }
}

/// A part that an identity may lack. Whether one that cannot be read has it is not known.
fn part(identity: &Known<Identity>, of: fn(&Identity) -> Option<&[u8]>) -> Known<&[u8]> {
    match identity {
        Known::Absent => Known::Absent,
        Known::Nothing | Known::Present => Known::Nothing,
        Known::Value(identity) => of(identity).map_or(Known::Absent, Known::Value),
    }
}

/// Whether any of the texts matches. `*` asks only whether there is one.
fn any(list: &[TextMatcher], known: Known<&[u8]>) -> MatchResult {
    let asks_for_presence = || list.contains(&TextMatcher::Present);
    match known {
        Known::Value(text) => list.iter().any(|matcher| matcher.matches(text)).into(),
        Known::Present if asks_for_presence() => MatchResult::Match,
        Known::Absent if asks_for_presence() => MatchResult::NoMatch,
        _ => MatchResult::Missing,
    }
}

fn is_in(set: &IpPrefixSet, known: &Known<IpAddr>) -> MatchResult {
    match known {
        Known::Value(ip) => set.contains(*ip).into(),
        _ => MatchResult::Missing,
    }
}

//! Whether a rule matches a request.
//!
//! A request can often be read in more than one way: a path by its escapes, a header by its lines. A
//! rule that refuses matches if any reading does, one that allows if all do; what is negated
//! (`notPaths`) is turned around within each reading, not afterwards.

use crate::facts::Facts;
use crate::gate::Gate;
use condition::{ConditionMatcher, HeaderMatcher};
use filter_api::{ConfigError, Environment};
use identity::SourceMatcher;
use matchers::MatchResult;
use matchers::header_index::{HeaderIndex, Slots};
use operation::OperationMatcher;

mod condition;
mod operation;
mod value;

use crate::config::{Action, OnMissing, Rule};

/// How a rule reads a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Any reading is enough; otherwise all are needed.
    any: bool,
    /// What an attribute counts as that is missing.
    missing: bool,
    /// Whether the case of ASCII letters in paths counts.
    ignore_path_case: bool,
}

/// `from`, `to` and `when` of a rule, compiled.
#[derive(Debug)]
pub(crate) struct RuleMatcher {
    reading: Reading,
    /// `None` where any caller will do.
    from: Option<SourceMatcher>,
    /// Empty where anything may be called.
    to: Vec<OperationMatcher>,
    /// Conditions on headers, which are asked first: they cost least.
    headers: Vec<HeaderMatcher>,
    when: Vec<ConditionMatcher>,
    /// Headers without which the rule cannot match: one comparison spares looking at the rest.
    required: Slots,
    /// The same for what `to` asks for.
    gate: Gate,
}

impl Reading {
    /// As the rule's action needs it, unless the rule says otherwise.
    pub(crate) fn of(
        action: Action,
        on_missing: Option<OnMissing>,
        ignore_path_case: bool,
    ) -> Self {
        let any = action != Action::Allow;
        let missing = on_missing.map_or(any, |on_missing| on_missing == OnMissing::Match);
        Self { any, missing, ignore_path_case }
    }

    fn settle(self, result: MatchResult) -> bool {
        match result {
            MatchResult::Match => true,
            MatchResult::Missing => self.missing,
            MatchResult::NoMatch => false,
        }
    }
}

impl RuleMatcher {
    /// Compiles a rule.
    ///
    /// # Errors
    /// The first part that is wrong, by its path within the rule.
    pub(crate) fn from_wire(
        rule: &Rule,
        reading: Reading,
        index: &mut HeaderIndex,
    ) -> Result<Self, ConfigError> {
        let from = match &rule.from {
            Some(from) => {
                not_empty("from", from)?;
                Some(SourceMatcher::from_wire(from, "from")?)
            }
            None => None,
        };
        let to = each("to", rule.to.as_deref(), |target| {
            OperationMatcher::from_wire(&target.operation).map_err(|e| e.within("operation"))
        })?;
        let (mut headers, mut of_request, mut of_host) = (Vec::new(), Vec::new(), Vec::new());
        for condition in each("when", rule.when.as_deref(), ConditionMatcher::from_wire)? {
            // Attributes of the host cost a call each; what the request says by itself is asked first.
            match condition {
                ConditionMatcher::Header(header) => headers.push(header),
                other if other.is_of_request() => of_request.push(other),
                other => of_host.push(other),
            }
        }
        of_request.extend(of_host);
        let mut required = Slots::default();
        headers
            .iter_mut()
            .filter_map(|one| one.index(index))
            .for_each(|slot| required.insert(slot));
        let from = from.filter(|from| !from.is_any());
        let gates = to.iter().map(OperationMatcher::gate).reduce(Gate::or);
        let gate = gates.unwrap_or(Gate::OPEN);
        Ok(Self { reading, from, to, headers, when: of_request, required, gate })
    }

    /// Whether the request is one that the rule is about.
    #[inline(never)]
    pub(crate) fn matches(&self, facts: &mut Facts<'_>, env: &mut dyn Environment) -> bool {
        facts.headers.has_all(self.required)
            && self.gate.admits(&facts.gate)
            && self.is_met(facts, env)
    }

    /// Not inlined, so that a rule whose headers are missing costs next to nothing.
    #[inline(never)]
    fn is_met(&self, facts: &mut Facts<'_>, env: &mut dyn Environment) -> bool {
        for header in &self.headers {
            if !header.matches(facts.headers, self.reading) {
                return false;
            }
        }
        self.to.is_empty() && self.when.is_empty() && self.from.is_none()
            || self.is_met_otherwise(facts, env)
    }

    #[inline(never)]
    fn is_met_otherwise(&self, facts: &mut Facts<'_>, env: &mut dyn Environment) -> bool {
        let reading = self.reading;
        (self.to.is_empty() || self.to.iter().any(|one| one.matches(facts, reading, env)))
            && self.when.iter().all(|one| one.matches(facts, reading, env))
            && self
                .from
                .as_ref()
                .is_none_or(|from| reading.settle(from.matches(&mut facts.peer, env)))
    }

    /// The letters of the requests that it may be about.
    pub(crate) fn gate(&self) -> Gate {
        self.gate
    }

    /// Whether [`matches`](Self::matches) reads the request's headers.
    pub(crate) fn needs_request_headers(&self) -> bool {
        !self.to.is_empty()
            || !self.headers.is_empty()
            || self.when.iter().any(ConditionMatcher::needs_request_headers)
    }
}

/// Compiles every entry of a list, which is not empty where it is there.
fn each<T, U>(
    field: &str,
    list: Option<&[T]>,
    compile: impl Fn(&T) -> Result<U, ConfigError>,
) -> Result<Vec<U>, ConfigError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    not_empty(field, list)?;
    let mut compiled = Vec::with_capacity(list.len());
    for (index, entry) in list.iter().enumerate() {
        compiled.push(compile(entry).map_err(|error| at(error, field, index))?);
    }
    Ok(compiled)
}

/// Puts the place of an entry in front of its error.
#[cold]
#[inline(never)]
pub(crate) fn at(error: ConfigError, field: &str, index: usize) -> ConfigError {
    error.within(&format!("[{index}]")).within(field)
}

/// An empty list would match nothing or everything, depending on who reads it.
fn not_empty<T>(field: &str, list: &[T]) -> Result<(), ConfigError> {
    if list.is_empty() {
        return Err(ConfigError::found(
            field,
            "an empty list",
            "one entry or more, or no such field",
        ));
    }
    Ok(())
}

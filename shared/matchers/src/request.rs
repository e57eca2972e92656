//! Matching a request, in Istio's words.

use crate::StringMatch;
use crate::header_index::{HeaderIndex, Slots, Snapshot};
use condition::Condition;
use filter_api::{ConfigError, RequestHead};
use filter_config::wire::Map;
use serde::Deserialize;
pub use table::{MatchTable, Matching};

mod condition;
mod table;
#[cfg(test)]
mod tests;

/// Conditions on a request, of which all have to be met (Istio's `HTTPMatchRequest`). `{}` is met
/// by every request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct HttpMatchRequest {
    /// A name for people; nothing depends on it.
    pub name: Option<String>,
    /// The path, without the query.
    pub uri: Option<StringMatch>,
    /// `http` or `https`.
    pub scheme: Option<StringMatch>,
    /// The HTTP method; its case counts.
    pub method: Option<StringMatch>,
    /// The host the request is for, with its port if it has one. Case does not count.
    pub authority: Option<StringMatch>,
    /// Headers by name; of a repeated header any value may match. Pseudo-headers such as `:path`
    /// are allowed; `host` means `:authority`.
    pub headers: Map<StringMatch>,
    /// Headers by name of which no value may match; a missing header meets this.
    pub without_headers: Map<StringMatch>,
    /// Query parameters by name; of a repeated one any value may match, as it stands or
    /// percent-decoded.
    pub query_params: Map<StringMatch>,
    /// Whether `uri` is compared without regard to case.
    pub ignore_uri_case: bool,
}

/// A list of [`HttpMatchRequest`] compiled: a request has to meet all conditions of any entry.
#[derive(Clone, Debug, Default)]
pub struct RequestMatcher {
    /// Empty where every request matches.
    alternatives: Vec<Alternative>,
}

/// Conditions of which all have to be met.
#[derive(Clone, Debug)]
struct Alternative {
    conditions: Vec<Condition>,
    /// Headers without which they cannot be met: one comparison spares looking at them.
    required: Slots,
}

impl Alternative {
    /// Not inlined, so that a rule whose headers are missing costs next to nothing.
    #[inline(never)]
    fn is_met(&self, snapshot: &Snapshot<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.is_met(snapshot))
    }
}

impl RequestMatcher {
    /// Compiles the list that stands at `path`. An empty list, and an entry without a condition,
    /// match every request.
    ///
    /// # Errors
    /// The first entry with an invalid name or match, by its path.
    pub fn from_wire(list: &[HttpMatchRequest], path: &str) -> Result<Self, ConfigError> {
        let mut alternatives = Vec::with_capacity(list.len());
        let mut matches_every = false;
        for (index, entry) in list.iter().enumerate() {
            let conditions = condition::compile(entry)
                .map_err(|error| error.within(&format!("[{index}]")).within(path))?;
            if conditions.is_empty() {
                matches_every = true;
            }
            alternatives.push(Alternative { conditions, required: Slots::default() });
        }
        if matches_every {
            alternatives.clear();
        }
        Ok(Self { alternatives })
    }

    /// Whether the request matches.
    #[must_use]
    pub fn matches(&self, request: &RequestHead<'_>) -> bool {
        self.alternatives.is_empty() || self.is_met(&Snapshot::unindexed(request))
    }

    /// Whether all conditions of any entry are met; there is at least one.
    #[inline]
    fn is_met(&self, snapshot: &Snapshot<'_>) -> bool {
        self.alternatives
            .iter()
            .any(|entry| snapshot.has_all(entry.required) && entry.is_met(snapshot))
    }

    /// Has all headers that the conditions look at read through `index`.
    fn index(&mut self, index: &mut HeaderIndex) {
        for entry in &mut self.alternatives {
            let required = entry.conditions.iter_mut().filter_map(|one| one.index(index));
            required.for_each(|slot| entry.required.insert(slot));
        }
    }

    /// Whether [`matches`](Self::matches) reads the request's headers.
    #[must_use]
    pub fn needs_request_headers(&self) -> bool {
        !self.alternatives.is_empty()
    }
}

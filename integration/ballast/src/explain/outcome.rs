//! What became of the requests: equal ones together.

use proxy_wasm_test_host::{Outcome, Request, Response};
use serde::Serialize;
use std::time::Duration;

/// Kinds of outcomes, in the order in which they were first seen.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Outcomes(pub(crate) Vec<Group>);

/// Requests of which the same became.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Group {
    pub(crate) count: u32,
    #[serde(flatten)]
    pub(crate) what: What,
    /// The shortest and the longest, in milliseconds.
    pub(crate) took_ms: (u128, u128),
    /// What the client saw, of the first of them.
    pub(crate) client_headers: Vec<(String, String)>,
    pub(crate) client_body: String,
    /// What the upstream was given beside what the client sent, of the first of them.
    pub(crate) upstream_added: Vec<(String, String)>,
    /// What the client sent and the upstream was not given, of the first of them.
    pub(crate) upstream_removed: Vec<(String, String)>,
}

/// What tells outcomes apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct What {
    /// `None` where the client got no answer.
    pub(crate) status: Option<u16>,
    /// `%RESPONSE_CODE_DETAILS%`.
    pub(crate) details: String,
    pub(crate) reset: bool,
    /// Held, and nothing will let it go on.
    pub(crate) held: bool,
    pub(crate) upstream_called: bool,
    /// `%FILTER_STATE(wasm.KEY:PLAIN)%`.
    pub(crate) filter_state: Vec<(String, String)>,
}

type Headers = Vec<(String, String)>;

impl Outcomes {
    pub(crate) fn add(&mut self, sent: &Request, answer: &Response, outcome: &Outcome) {
        let what = What::of(outcome);
        let took = Duration::as_millis(&outcome.elapsed);
        if let Some(group) = self.0.iter_mut().find(|group| group.what == what) {
            group.count += 1;
            let (shortest, longest) = group.took_ms;
            group.took_ms = (shortest.min(took), longest.max(took));
            return;
        }
        let given = outcome.upstream_request.as_ref();
        let given = given.map(|given| texts(given.headers.pairs()));
        let sent = texts(&sent.headers);
        let (added, removed) = match given {
            Some(given) => (without(&given, &sent), without(&sent, &given)),
            None => (Vec::new(), Vec::new()),
        };
        let response = outcome.downstream_response.as_ref();
        let got = response.map(|got| texts(got.headers.pairs())).unwrap_or_default();
        // Of the upstream's own answer only what was changed is worth telling.
        let mut news = without(&got, &texts(&answer.headers));
        news.retain(|(name, _)| name != ":status" && name != "content-length");
        self.0.push(Group {
            count: 1,
            what,
            took_ms: (took, took),
            client_headers: news,
            client_body: String::from_utf8_lossy(outcome.body()).into_owned(),
            upstream_added: added,
            upstream_removed: removed,
        });
    }
}

impl What {
    fn of(outcome: &Outcome) -> Self {
        let text = |value: &Vec<u8>| String::from_utf8_lossy(value).into_owned();
        let state = outcome.filter_state.iter();
        let state = state
            .filter_map(|(key, value)| Some((key.strip_prefix("wasm.")?.to_owned(), text(value))));
        Self {
            status: outcome.status(),
            details: outcome.details.clone().unwrap_or_default(),
            reset: outcome.reset,
            held: outcome.paused.is_some(),
            upstream_called: outcome.upstream_request.is_some(),
            filter_state: state.collect(),
        }
    }
}

fn texts(pairs: &[(Vec<u8>, Vec<u8>)]) -> Headers {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    pairs.iter().map(|(name, value)| (text(name), text(value))).collect()
}

/// The headers of `all` that are not among `known`; repeated ones count.
fn without(all: &Headers, known: &Headers) -> Headers {
    let mut known = known.clone();
    let is_new = |header: &&(String, String)| {
        let place = known.iter().position(|other| other == *header);
        place.map(|place| known.swap_remove(place)).is_none()
    };
    all.iter().filter(is_new).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_headers_count() {
        let headers = |texts: &[(&str, &str)]| -> Headers {
            texts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let (a, b) = (headers(&[("a", "1"), ("a", "1"), ("b", "2")]), headers(&[("a", "1")]));
        assert_eq!(without(&a, &b), headers(&[("a", "1"), ("b", "2")]));
        assert_eq!(without(&b, &a), headers(&[]));
    }
}

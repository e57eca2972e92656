//! Whether a request passes a list, as Mixer's `listchecker` decided it.

use crate::entries::{Entries, NoAddress};
use crate::facts::Facts;
use crate::provider::{Provider, Standing};
use crate::refusal::Refusal;
use crate::stats::Tally;
use attributes::Expression;
use filter_api::{Counter, Environment};
use matchers::Enforcement;

#[cfg(test)]
mod tests;

/// A value is repeated in an answer up to this many characters.
const LONGEST_VALUE: usize = 64;

/// A list, ready to be asked.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) value: Expression,
    pub(crate) is_blacklist: bool,
    /// What becomes of a request without the value.
    pub(crate) refuses_missing: bool,
    pub(crate) overrides: Entries,
    pub(crate) provider: Option<Provider>,
    /// Of a value that is, or is not, on the list.
    pub(crate) refusal: Refusal,
    /// While there is no list.
    pub(crate) unavailable: Refusal,
    pub(crate) enforcement: Enforcement,
    pub(crate) tally: Tally,
    /// Requests for which there was no valid list.
    pub(crate) expired: Counter,
}

/// What a list says of a request.
#[derive(Debug)]
pub(crate) struct Check {
    /// There is a remote list, and it does not hold right now.
    pub(crate) is_expired: bool,
    /// `None` where the request passes.
    pub(crate) finding: Option<Finding>,
}

/// Why a request does not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The text of Mixer's adapter.
    pub(crate) text: String,
    /// There is no list.
    pub(crate) is_unavailable: bool,
}

impl List {
    /// Asks the list.
    pub(crate) fn check(&self, facts: &mut Facts<'_>, env: &mut dyn Environment) -> Check {
        let remote = self.provider.as_ref().map(|provider| provider.standing(env));
        let is_expired = matches!(remote, Some(Standing::Open | Standing::Closed));
        // An identity that nobody verified is no value.
        let is_known = !self.value.reads_identity() || facts.peer.is_verified(env);
        let mut finding = None;
        let exists = is_known
            && self.value.visit(&facts.request, env, &mut |value| {
                if finding.is_none() {
                    finding = self.of_value(value, remote.as_ref());
                }
            });
        if !exists && self.refuses_missing {
            finding = Some(self.because("INVALID_ARGUMENT", "there is no value to compare"));
        }
        Check { is_expired, finding }
    }

    fn of_value(&self, value: &[u8], remote: Option<&Standing<'_>>) -> Option<Finding> {
        let is_on_list = match (self.overrides.contains(value), remote) {
            (Err(NoAddress), _) => {
                return Some(self.because("INVALID_ARGUMENT", &quote(value, " is no address")));
            }
            (Ok(true), _) => true,
            (Ok(false), None) => false,
            (Ok(false), Some(Standing::Valid(entries))) => entries.contains(value) == Ok(true),
            (Ok(false), Some(Standing::Open)) => return None,
            (Ok(false), Some(Standing::Closed)) => {
                let text = self.because("UNAVAILABLE", "there is no valid list");
                return Some(Finding { is_unavailable: true, ..text });
            }
        };
        match (self.is_blacklist, is_on_list) {
            (true, true) => {
                Some(self.because("PERMISSION_DENIED", &quote(value, " is blacklisted")))
            }
            (false, false) => Some(self.because("NOT_FOUND", &quote(value, " is not whitelisted"))),
            (true, false) | (false, true) => None,
        }
    }

    fn because(&self, code: &str, what: &str) -> Finding {
        let text = [code, ":", &self.name, ".listchecker.", &self.namespace, ":", what].concat();
        Finding { text, is_unavailable: false }
    }

    /// Whether asking reads the request's headers.
    pub(crate) fn needs_request_headers(&self) -> bool {
        self.value.needs_request_headers()
            || self.enforcement.needs_request_headers()
            || self.refusal.needs_request_headers()
            || self.unavailable.needs_request_headers()
    }
}

/// A value for an answer: short, on one line, nothing that a terminal or a browser acts on.
fn quote(value: &[u8], what: &str) -> String {
    let is_harmless = |byte: u8| byte.is_ascii_alphanumeric() || b" ./:@_-,;=+~*".contains(&byte);
    let short = value.get(..LONGEST_VALUE).unwrap_or(value);
    let mut quoted = String::with_capacity(value.len().min(LONGEST_VALUE) + what.len());
    if value.is_ascii() {
        let harmless = short.iter().map(|byte| if is_harmless(*byte) { *byte } else { b'_' });
        quoted.extend(harmless.map(char::from));
    } else {
        let text = String::from_utf8_lossy(value);
        let harmless = |c: char| c > '\u{9f}' || u8::try_from(c).is_ok_and(is_harmless);
        let chars = text.chars().take(LONGEST_VALUE);
        quoted.extend(chars.map(|c| if harmless(c) { c } else { '_' }));
    }
    quoted.push_str(what);
    quoted
}

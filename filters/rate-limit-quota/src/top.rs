//! The keys that are refused most: "space saving" (Metwally, Agrawal, El Abbadi), in which a key that
//! finds the list full takes over the place and the count of the least. So a key that is refused more
//! often than the least is always in it, and no count is too low.

mod shared;

use crate::filter::QuotaFilter;
use crate::hash::Digest;
use crate::ledger::Claim;
use crate::prepare::Entry;
use crate::reply::push_number;
use filter_api::{
    Decision, Effects, Environment, HeaderName, HeaderValue, LocalReply, RequestHead, Verdict,
};

#[cfg(test)]
mod tests;

/// Bytes of a key that are kept for people, a quota's name of at most 64 among them.
const LONGEST_LABEL: usize = 192;
/// Other workers see what this one has noted at the latest after this many refusals,
const FLUSH_AFTER: u64 = 64;
/// or with the first refusal after this time, in nanoseconds.
const FLUSH_EVERY: u64 = 1_000_000_000;

/// Counts of keys.
#[derive(Debug, Default)]
pub(crate) struct Top {
    size: usize,
    keys: Vec<Key>,
    /// Refusals noted since the others were told.
    unsaid: u64,
    /// Monotonic nanoseconds.
    said_at: u64,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) record: Digest,
    pub(crate) count: u64,
    /// The quota's name, NUL, and the key for people.
    pub(crate) label: Vec<u8>,
}

impl Top {
    pub(crate) fn new(size: usize) -> Self {
        Self { size, ..Self::default() }
    }

    /// Counts refusals of a key.
    pub(crate) fn note(&mut self, record: Digest, count: u64, label: impl FnOnce() -> Vec<u8>) {
        if let Some(key) = self.keys.iter_mut().find(|key| key.record == record) {
            key.count = key.count.saturating_add(count);
            return;
        }
        let mut key = Key { record, count, label: label() };
        key.label.truncate(LONGEST_LABEL);
        if self.keys.len() < self.size {
            self.keys.push(key);
        } else if let Some(least) = self.keys.iter_mut().min_by_key(|key| key.count) {
            key.count = least.count.saturating_add(count);
            *least = key;
        }
    }

    /// Whether others should be told.
    fn is_due(&self, now: u64) -> bool {
        self.unsaid >= FLUSH_AFTER || now.saturating_sub(self.said_at) >= FLUSH_EVERY
    }

    /// The list as JSON, the most refused first.
    fn json(&self) -> Vec<u8> {
        let mut left: Vec<&Key> = self.keys.iter().collect();
        let mut json = b"{\"topKeys\":[".to_vec();
        while let Some(most) =
            (0..left.len()).max_by_key(|index| left.get(*index).map_or(0, |key| key.count))
        {
            let key = left.swap_remove(most);
            if !json.ends_with(b"[") {
                json.push(b',');
            }
            let mut parts = key.label.splitn(2, |byte| *byte == 0);
            for lead in [&b"{\"quota\":\""[..], b"\",\"key\":\""] {
                json.extend_from_slice(lead);
                push_printable(&mut json, parts.next().unwrap_or_default());
            }
            json.extend_from_slice(b"\",\"refused\":");
            push_number(&mut json, key.count);
            json.push(b'}');
        }
        json.extend_from_slice(b"]}");
        json
    }
}

impl QuotaFilter {
    /// Notes the refusal of a key, and tells the other workers now and then.
    pub(crate) fn note_refusal(
        &self,
        entry: &Entry<'_>,
        claim: &Claim,
        now: u64,
        env: &mut dyn Environment,
    ) {
        let mut top = self.top.borrow_mut();
        top.note(claim.record, 1, || entry.label());
        top.unsaid = top.unsaid.saturating_add(1);
        if top.is_due(now) {
            top.tell(now, env);
        }
    }

    /// The list, for a request that asks for it.
    pub(crate) fn top_keys(
        &self,
        request: &RequestHead<'_>,
        env: &mut dyn Environment,
    ) -> Option<Decision> {
        let settings = self.settings.top.as_ref()?;
        if !settings.matcher.matches(request) {
            return None;
        }
        let now = env.monotonic();
        let mut top = self.top.borrow_mut();
        top.tell(now, env);
        let body = shared::read(settings.size, env).json();
        let content_type = HeaderName::new("content-type").ok()?;
        let json = HeaderValue::new("application/json").ok()?;
        let reply = LocalReply::new(200, "rate_limit_quota.top_keys").ok()?;
        let reply = reply.with_header(content_type, json).with_body(body);
        let verdict = Verdict::Reply(reply.into());
        Some(Decision { verdict, effects: Effects::default(), ..Decision::pass() })
    }
}

/// Adds text to a JSON text: what is not printable ASCII, and what JSON would escape, becomes `?`.
fn push_printable(json: &mut Vec<u8>, text: &[u8]) {
    let is_plain = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
    json.extend(text.iter().map(|byte| if is_plain(*byte) { *byte } else { b'?' }));
}

//! Temporary bans: who was refused too often is refused everything for a while.
//!
//! What is known of callers lies in a fixed number of shared values, each with a fixed number of
//! places: the host can neither delete a value nor let it expire, and callers are as many as an
//! attacker likes. Where a value is full, what has run out gives way first, then whoever was refused
//! longest ago, and a ban only to other bans.

use crate::facts::Facts;
use addresses::{aggregate, parse_ip};
use attributes::Expression;
use entry::Entry;
use filter_api::Environment;
use matchers::sticky::Seed;
use shared_state::{Update, update};
use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

mod entry;
#[cfg(test)]
mod tests;

/// Shared values per ban.
const VALUES: u64 = 256;
/// Callers per value.
const PLACES: usize = 16;
/// An IPv6 caller has this much of its address from its provider, and the rest for itself.
const IPV6_NETWORK: u8 = 64;

/// Who is banned for what, on all workers.
#[derive(Debug)]
pub(crate) struct Ban {
    name: String,
    key: Expression,
    seed: Seed,
    limit: Limit,
}

/// When a ban begins and how long it lasts, in monotonic nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Limit {
    denials: usize,
    within: u64,
    duration: u64,
}

/// What a refusal led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tallied {
    /// It was one more.
    OneMore,
    /// It was one too many: the ban began.
    Began,
    /// Shared data could not be changed.
    Failed,
}

// === impl Ban ===

impl Ban {
    pub(crate) fn new(
        name: &str,
        key: Expression,
        denials: usize,
        within: Duration,
        duration: Duration,
    ) -> Self {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let limit = Limit { denials, within: nanos(within), duration: nanos(duration) };
        Self { name: name.to_owned(), key, seed: Seed::of(name), limit }
    }

    /// Whether the request's caller is banned.
    pub(crate) fn holds(&self, facts: &mut Facts<'_>, env: &mut dyn Environment) -> bool {
        let Some(caller) = self.caller(facts, env) else { return false };
        let Some((value, _)) = env.shared_data(&self.place(caller)) else { return false };
        let now = env.monotonic();
        Entry::decode_all(&value).iter().any(|entry| entry.caller == caller && entry.is_banned(now))
    }

    /// The request was refused: counts it for its caller; `None` where it has none.
    pub(crate) fn count(
        &self,
        facts: &mut Facts<'_>,
        env: &mut dyn Environment,
    ) -> Option<Tallied> {
        let caller = self.caller(facts, env)?;
        let now = env.monotonic();
        let mut began = false;
        let done = update(env, &self.place(caller), |stored| {
            let mut entries = Entry::decode_all(stored.unwrap_or_default());
            began = self.limit.count(&mut entries, caller, now);
            Some(Entry::encode_all(&entries))
        });
        Some(match done {
            Update::Done if began => Tallied::Began,
            Update::Done | Update::Declined => Tallied::OneMore,
            Update::Failed => Tallied::Failed,
        })
    }

    /// Whether the key reads the request's headers.
    pub(crate) fn needs_request_headers(&self) -> bool {
        self.key.needs_request_headers()
    }

    fn caller(&self, facts: &mut Facts<'_>, env: &mut dyn Environment) -> Option<u64> {
        // An identity that nobody verified is nobody's.
        if self.key.reads_identity() && !facts.peer.is_verified(env) {
            return None;
        }
        let key = self.key.evaluate(&facts.request, env)?;
        let key = match parse_ip(&key).map(|ip| aggregate(ip, IPV6_NETWORK)) {
            Some(IpAddr::V4(ip)) => Cow::Owned(ip.octets().to_vec()),
            Some(IpAddr::V6(network)) => Cow::Owned(network.octets().to_vec()),
            None => key,
        };
        Some(self.seed.position(&key))
    }

    fn place(&self, caller: u64) -> String {
        ["ban/", &self.name, "/", &(caller % VALUES).to_string()].concat()
    }
}

// === impl Limit ===

impl Limit {
    /// Counts a refusal; true where a ban begins with it.
    fn count(self, entries: &mut Vec<Entry>, caller: u64, now: u64) -> bool {
        let known = entries.iter().position(|entry| entry.caller == caller);
        let mut entry = match known {
            Some(index) => entries.swap_remove(index),
            None => {
                self.make_room(entries, now);
                Entry::new(caller)
            }
        };
        if !entry.is_banned(now) {
            entry.refused_at.retain(|at| now.saturating_sub(*at) < self.within);
            entry.refused_at.push(now);
        }
        let begins = entry.refused_at.len() >= self.denials;
        if begins {
            entry.refused_at.clear();
            entry.banned_until = now.saturating_add(self.duration);
        }
        entries.push(entry);
        begins
    }

    fn make_room(self, entries: &mut Vec<Entry>, now: u64) {
        entries.retain(|entry| {
            entry.is_banned(now) || now.saturating_sub(entry.last_refused_at()) < self.within
        });
        while entries.len() >= PLACES {
            let worth = |entry: &Entry| {
                let until = if entry.is_banned(now) { entry.banned_until } else { 0 };
                (until, entry.last_refused_at())
            };
            let least = (0..).zip(entries.iter()).min_by_key(|(_, entry)| worth(entry));
            let Some((index, _)) = least else { return };
            entries.swap_remove(index);
        }
    }
}

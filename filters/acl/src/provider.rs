//! Entries that are fetched from a cluster, and shared by all workers.
//!
//! Every worker looks at a small record in shared data, once a second. Whoever finds that it is time
//! takes a lease on it and asks the cluster; the answer, once checked, goes into shared data, and
//! every worker, the one that fetched it too, takes it from there. Nothing that was fetched takes the
//! place of a list before all of it has been read and found good.

use crate::config::{EntryType, OnExpired};
use crate::entries::Entries;
use filter_api::{
    Callout, CalloutResult, Cas, Cluster, Counter, Effects, Environment, Gauge, HeaderName,
    HeaderValue,
};
use matchers::sticky::Seed;
use record::Record;
use shared_state::{Update, update};
use std::cell::{Ref, RefCell};
use std::time::Duration;

mod record;
#[cfg(test)]
mod tests;

/// How often a worker looks at the record.
const POLL: Duration = Duration::from_secs(1);
/// How often while it has no list: nothing, or not everything, passes meanwhile.
const EAGER_POLL: Duration = Duration::from_millis(100);
/// How long after a call's timeout its worker is given up.
const LEASE_SLACK: Duration = Duration::from_secs(1);
/// The first wait after a failure; it doubles up to the refresh interval.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);

/// What is known of a remote list when the configuration is loaded.
#[derive(Debug)]
pub(crate) struct ProviderSettings {
    /// Told apart from other lists' calls by this.
    pub(crate) tag: u32,
    pub(crate) entry_type: EntryType,
    pub(crate) cluster: Cluster,
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) refresh_interval: Duration,
    pub(crate) ttl: Duration,
    pub(crate) on_expired: OnExpired,
    pub(crate) timeout: Duration,
    pub(crate) max_size: usize,
    pub(crate) stats: ProviderStats,
}

/// The statistics of a remote list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProviderStats {
    pub(crate) updates: Counter,
    pub(crate) fetch_failures: Counter,
    pub(crate) entries: Gauge,
    pub(crate) shared_data_conflicts: Counter,
}

/// A remote list as this worker has it.
#[derive(Debug)]
pub(crate) struct Provider {
    settings: ProviderSettings,
    record_key: String,
    body_key: String,
    held: RefCell<Held>,
}

#[derive(Debug, Default)]
struct Held {
    entries: Option<Entries>,
    /// Of the entries; 0 where there are none.
    version: u64,
    /// When the cluster last said that they hold, in monotonic nanoseconds.
    confirmed_at: u64,
}

/// What a remote list says of a request.
pub(crate) enum Standing<'a> {
    /// It holds.
    Valid(Ref<'a, Entries>),
    /// There is none, and values that nothing else settles pass.
    Open,
    /// There is none, and such values are refused.
    Closed,
}

// === impl Provider ===

impl Provider {
    /// A list that is fetched as `settings` say. Lists of one name that are fetched alike share what
    /// was fetched, so that a new configuration begins with what the old one had.
    pub(crate) fn new(name: &str, settings: ProviderSettings) -> Self {
        let source = [
            settings.cluster.as_str(),
            &settings.authority,
            &settings.path,
            match settings.entry_type {
                EntryType::Strings => "s",
                EntryType::CaseInsensitiveStrings => "c",
                EntryType::IpAddresses => "i",
                EntryType::Regex => "r",
            },
        ];
        let place = digest(source.join("\n").as_bytes()).to_string();
        let key = |kind: &str| ["list/", name, "/", &place, "/", kind].concat();
        let (record_key, body_key) = (key("record"), key("body"));
        Self { settings, record_key, body_key, held: RefCell::default() }
    }

    pub(crate) fn tag(&self) -> u32 {
        self.settings.tag
    }

    /// What the list says right now.
    pub(crate) fn standing(&self, env: &mut dyn Environment) -> Standing<'_> {
        let held = self.held.borrow();
        // Without a clock nothing is known to hold.
        let age = env.monotonic().checked_sub(held.confirmed_at);
        let holds = age.is_some_and(|age| u128::from(age) < self.settings.ttl.as_nanos());
        let keeps = self.settings.on_expired == OnExpired::Keep;
        match Ref::filter_map(held, |held| held.entries.as_ref()) {
            Ok(entries) if holds || keeps => Standing::Valid(entries),
            _ if self.settings.on_expired == OnExpired::Allow => Standing::Open,
            _ => Standing::Closed,
        }
    }

    /// Takes what other workers, or an earlier configuration, fetched.
    pub(crate) fn adopt(&self, env: &mut dyn Environment, effects: &mut Effects) -> Record {
        let stored = env.shared_data(&self.record_key).map(|(bytes, _)| bytes);
        let record = Record::decode(stored.as_deref());
        let held_version = self.held.borrow().version;
        if record.version == held_version {
            self.held.borrow_mut().confirmed_at = record.confirmed_at;
            return record;
        }
        let body = env.shared_data(&self.body_key).map(|(bytes, _)| bytes);
        // A body of another version is about to be followed by its record, or the reverse.
        let Some(body) = body.filter(|body| digest(body) == record.version) else { return record };
        let mut held = self.held.borrow_mut();
        // The old one first: both at once may be more than a module has room for. The new one was
        // checked before it was published.
        *held = Held::default();
        if let Ok(entries) = Entries::read(self.settings.entry_type, body) {
            effects.set_gauge(self.settings.stats.entries, entries.len() as u64);
            *held = Held {
                entries: Some(entries),
                version: record.version,
                confirmed_at: record.confirmed_at,
            };
        }
        record
    }

    /// Looks at the record; the call to make, if it is this worker's turn, and when to look again.
    pub(crate) fn poll(
        &self,
        env: &mut dyn Environment,
        effects: &mut Effects,
    ) -> (Option<Callout>, Duration) {
        let record = self.adopt(env, effects);
        let wait = if self.held.borrow().entries.is_some() { POLL } else { EAGER_POLL };
        let now = env.monotonic();
        if !record.is_due(now) {
            return (None, wait);
        }
        let lease = nanos(self.settings.timeout.saturating_add(LEASE_SLACK));
        let taken = update(env, &self.record_key, |stored| {
            let mut record = Record::decode(stored);
            record.is_due(now).then(|| {
                record.lease_until = now.saturating_add(lease);
                record.encode()
            })
        });
        (matches!(taken, Update::Done).then(|| self.call(&record)), wait)
    }

    fn call(&self, record: &Record) -> Callout {
        let headers = HeaderName::new("if-none-match")
            .and_then(|name| Ok((name, HeaderValue::new(&record.etag)?)))
            .ok()
            .filter(|_| !record.etag.is_empty())
            .into_iter()
            .collect();
        Callout::HttpGet {
            tag: self.settings.tag,
            cluster: self.settings.cluster.clone(),
            authority: self.settings.authority.clone(),
            path: self.settings.path.clone(),
            headers,
            timeout: self.settings.timeout,
            max_body_size: self.settings.max_size,
        }
    }

    /// The cluster answered, or did not. The list is taken from shared data at the next look, which
    /// is due at once.
    pub(crate) fn answered(
        &self,
        result: &CalloutResult<'_>,
        env: &mut dyn Environment,
        effects: &mut Effects,
    ) -> Duration {
        let now = env.monotonic();
        let news = self.news(result, env);
        let (jitter, settings) = (env.random(), &self.settings);
        let done = update(env, &self.record_key, |stored| {
            let mut record = Record::decode(stored);
            record.lease_until = 0;
            let wait = match &news {
                Some(News::Unchanged) if record.version != 0 => {
                    record.confirm(now);
                    settings.refresh_interval
                }
                Some(News::List { version, etag }) => {
                    record.version = *version;
                    record.etag.clone_from(etag);
                    record.confirm(now);
                    settings.refresh_interval
                }
                Some(News::Unchanged) | None => {
                    record.failures = record.failures.saturating_add(1);
                    backoff(record.failures, settings.refresh_interval, jitter)
                }
            };
            record.next_attempt = now.saturating_add(nanos(wait));
            Some(record.encode())
        });
        let stats = &self.settings.stats;
        match news {
            Some(News::List { version, .. }) if version != self.held.borrow().version => {
                effects.count(stats.updates);
            }
            Some(_) => {}
            None => effects.count(stats.fetch_failures),
        }
        if done == Update::Failed {
            effects.count(stats.shared_data_conflicts);
        }
        Duration::from_millis(1)
    }

    /// What an answer brings; a new list is in shared data then. `None` where it brings nothing.
    fn news(&self, result: &CalloutResult<'_>, env: &mut dyn Environment) -> Option<News> {
        match result.status? {
            304 => return Some(News::Unchanged),
            200 => {}
            _ => return None,
        }
        if result.is_body_too_large || !is_list(result.headers.first(b"content-type")) {
            return None;
        }
        let count = Entries::check(self.settings.entry_type, result.body).ok()?;
        if count == 0 {
            return None;
        }
        let version = digest(result.body);
        if version != self.held.borrow().version {
            env.set_shared_data(&self.body_key, result.body, Cas(0)).ok()?;
        }
        let etag = result.headers.first(b"etag").unwrap_or_default().to_vec();
        Some(News::List { version, etag })
    }
}

enum News {
    List { version: u64, etag: Vec<u8> },
    Unchanged,
}

/// What a body is known by; never 0, which stands for none.
fn digest(body: &[u8]) -> u64 {
    Seed::of("acl.list.body").position(body).max(1)
}

/// Whether an answer of this type is meant as a list: an error page is not.
fn is_list(content_type: Option<&[u8]>) -> bool {
    let Some(value) = content_type else { return true };
    let media_type = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    [&b"text/plain"[..], b"application/octet-stream"]
        .iter()
        .any(|list| media_type.eq_ignore_ascii_case(list))
}

/// The wait after so many failures in a row: doubling, with up to half of it left to chance so that
/// many proxies do not come back at once.
fn backoff(failures: u32, longest: Duration, jitter: u64) -> Duration {
    let doubled = FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let half = doubled.min(longest) / 2;
    let chance = u32::try_from(jitter >> 32).unwrap_or(u32::MAX);
    let part = nanos(half).saturating_mul(u64::from(chance >> 16)) >> 16;
    half.saturating_add(Duration::from_nanos(part))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

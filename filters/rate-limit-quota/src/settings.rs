//! What the configuration means: checked, compiled, ready to be asked on every request.

mod quota;
mod terms;

use quota::entry_of;
pub(crate) use quota::{OverrideSettings, QuotaSettings};
pub(crate) use terms::Grade;

use crate::config::{Deduplication, RateLimitQuotaConfig, Store, TopKeys, WhenFull};
use crate::global::GlobalSettings;
use crate::reply::{Headers, ReplySettings};
use crate::stats::FilterStats;
use crate::store;
use filter_api::{ConfigError, HeaderName, MetricRegistry};
use filter_config::check::{duration_within, whole};
use matchers::{MatchTable, RequestMatcher};
use std::time::Duration;

pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3_600);

const DEFAULT_MAX_KEYS: u32 = 1_000_000;
const DEFAULT_RETRIES: u32 = 2;
const DEFAULT_TOP: u32 = 10;

/// The whole configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) quotas: Vec<QuotaSettings>,
    /// What each quota matches, in their order.
    pub(crate) matches: MatchTable,
    pub(crate) reply: ReplySettings,
    pub(crate) headers: Headers,
    pub(crate) retries: Option<RetrySettings>,
    /// Records per slab.
    pub(crate) capacity: usize,
    pub(crate) refuses_when_full: bool,
    pub(crate) top: Option<TopSettings>,
    pub(crate) global: Option<GlobalSettings>,
    /// Request headers that only this filter sets.
    pub(crate) hints: Vec<HeaderName>,
    pub(crate) stats: FilterStats,
    pub(crate) needs_request_headers: bool,
}

/// Which retries are recognised.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetrySettings {
    /// Nanoseconds.
    pub(crate) known_for: u64,
    pub(crate) times: u8,
}

/// Who is told of the keys that are refused most.
#[derive(Clone, Debug)]
pub(crate) struct TopSettings {
    pub(crate) size: usize,
    pub(crate) matcher: RequestMatcher,
}

impl Settings {
    /// Checks the configuration and defines its metrics.
    ///
    /// # Errors
    /// The first thing that is wrong, by its JSON path.
    pub(crate) fn from_wire(
        config: &RateLimitQuotaConfig,
        metrics: &mut dyn MetricRegistry,
    ) -> Result<Self, ConfigError> {
        let stats = FilterStats::define(metrics);
        let mut quotas: Vec<QuotaSettings> = Vec::with_capacity(config.quotas.len());
        let mut matchers = Vec::with_capacity(config.quotas.len());
        for (index, quota) in config.quotas.iter().enumerate() {
            let within = entry_of("quotas", index);
            let mut earlier = quotas.iter().map(|quota| quota.name.as_str());
            let settings = QuotaSettings::from_wire(quota, config, &mut earlier, metrics);
            let matches = quota.matches.as_deref().unwrap_or_default();
            let matcher = RequestMatcher::from_wire(matches, "match");
            quotas.push(settings.map_err(&within)?);
            matchers.push(matcher.map_err(&within)?);
        }
        let matches = MatchTable::new(matchers);
        let top = config.top_keys.as_ref().map(top).transpose();
        let top = top.map_err(|error| error.within("topKeys"))?;
        let retries = config.deduplication.as_ref().map(retries).transpose();
        let retries = retries.map_err(|error| error.within("deduplication"))?;
        let global = config.global.as_ref().map(GlobalSettings::from_wire).transpose();
        let (capacity, refuses_when_full) = self::store(config.store.as_ref())?;
        // A refusal is answered in gRPC's way to a gRPC request, which its headers tell.
        let needs_request_headers = !quotas.is_empty() || top.is_some();
        let soft = quotas.iter().filter_map(|quota| quota.soft.as_ref());
        let hints = soft.filter_map(|soft| soft.request_header.clone()).collect();
        Ok(Self {
            quotas,
            hints,
            matches,
            reply: ReplySettings::from_wire(config.reply.as_ref())
                .map_err(|error| error.within("reply"))?,
            headers: Headers::from_wire(config.rate_limit_headers.as_ref())
                .map_err(|error| error.within("rateLimitHeaders"))?,
            retries,
            capacity,
            refuses_when_full,
            top,
            global: global.map_err(|error| error.within("global"))?,
            stats,
            needs_request_headers,
        })
    }

    /// One line that says what was understood.
    pub(crate) fn summary(&self) -> String {
        let quotas: Vec<String> = self.quotas.iter().map(QuotaSettings::summary).collect();
        let quotas = if quotas.is_empty() { "none".to_owned() } else { quotas.join(", ") };
        ["quotas: ", &quotas].concat()
    }
}

fn store(wire: Option<&Store>) -> Result<(usize, bool), ConfigError> {
    let most = wire.and_then(|store| store.max_keys);
    let most = whole("maxKeys", most, 1, 10_000_000).map_err(|error| error.within("store"))?;
    let when_full = wire.and_then(|store| store.when_full).unwrap_or_default();
    Ok((store::capacity(most.unwrap_or(DEFAULT_MAX_KEYS)), when_full == WhenFull::Deny))
}

fn retries(wire: &Deduplication) -> Result<RetrySettings, ConfigError> {
    let known_for = wire.min_deduplication_duration.get();
    duration_within("minDeduplicationDuration", known_for, MILLISECOND, HOUR)?;
    let times = whole("retries", wire.retries, 1, 100)?.unwrap_or(DEFAULT_RETRIES);
    Ok(RetrySettings { known_for: nanos(known_for), times: u8::try_from(times).unwrap_or(u8::MAX) })
}

fn top(wire: &TopKeys) -> Result<TopSettings, ConfigError> {
    let size = whole("size", wire.size, 1, 100)?.unwrap_or(DEFAULT_TOP);
    if wire.matches.is_empty() {
        return Err(ConfigError::found("match", "an empty list", "at least one entry"));
    }
    let matcher = RequestMatcher::from_wire(&wire.matches, "match")?;
    if !matcher.needs_request_headers() {
        let allowed = "conditions that tell who may see it";
        return Err(ConfigError::found("match", "an entry that every request meets", allowed));
    }
    Ok(TopSettings { size: usize::try_from(size).unwrap_or(usize::MAX), matcher })
}

/// Nanoseconds; 584 years are the most.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

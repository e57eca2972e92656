//! One quota, checked.

use super::terms::{Amounts, Grade};
use crate::algorithm::Algorithm;
use crate::config::{self, OnMissing, Quota, RateLimitQuotaConfig};
use crate::cost::{Cost, Table, Units};
use crate::filter::QuotaFilter;
use crate::hash::{PartsHash, Secret};
use crate::overrides::Pattern;
use crate::secret::QuotaKeys;
use crate::stats::{OverrideStats, QuotaStats};
use attributes::Expression;
use filter_api::{
    ConfigError, Environment, HeaderName, HttpFilter as _, MetricRegistry, RequestHead,
};
use filter_config::check::{header_name, rule_name, whole};
use filter_config::path_segment;
use filter_config::wire::UInt;
use matchers::{Enforcement, HttpMatchRequest, Mode, RequestMatcher};
use std::borrow::Cow;

const DEFAULT_V6_LENGTH: u32 = 64;

/// One quota.
#[derive(Debug)]
pub(crate) struct QuotaSettings {
    pub(crate) name: String,
    /// `%RESPONSE_CODE_DETAILS%` of a request that it refuses.
    pub(crate) details: String,
    /// By name, so that two quotas with the same dimensions have the same keys.
    pub(crate) dimensions: Vec<Dimension>,
    pub(crate) v6_length: u8,
    own: Grade,
    overrides: Vec<OverrideSettings>,
    pub(crate) cost: Cost,
    /// In lower case.
    pub(crate) response_cost: Option<HeaderName>,
    pub(crate) refunds: bool,
    enforcement: Enforcement,
    pub(crate) soft: Option<SoftSettings>,
    priorities: Table,
    pub(crate) stats: QuotaStats,
}

/// What makes a key of its own.
#[derive(Clone, Debug)]
pub(crate) struct Dimension {
    pub(crate) name: String,
    pub(crate) expression: Expression,
    pub(crate) on_missing: OnMissing,
}

/// A warning before the limit.
#[derive(Clone, Debug)]
pub(crate) struct SoftSettings {
    pub(crate) percent: u64,
    pub(crate) response_header: Option<HeaderName>,
    pub(crate) request_header: Option<HeaderName>,
}

/// Another limit for some keys.
#[derive(Debug)]
pub(crate) struct OverrideSettings {
    pub(crate) name: String,
    /// By the position of the dimension.
    patterns: Vec<(usize, Pattern)>,
    grade: Grade,
    pub(crate) stats: OverrideStats,
}

impl QuotaSettings {
    pub(super) fn from_wire(
        wire: &Quota,
        filter: &RateLimitQuotaConfig,
        earlier: &mut dyn Iterator<Item = &str>,
        metrics: &mut dyn MetricRegistry,
    ) -> Result<Self, ConfigError> {
        named(&wire.name, earlier)?;
        let algorithm = algorithm(wire)?;
        let replicas = replicas(wire, filter)?;
        let dimensions = dimensions(wire)?;
        let amounts = Amounts {
            max_amount: wire.max_amount,
            valid_duration: wire.valid_duration,
            burst: wire.burst,
        };
        let v6_length = whole("ipv6PrefixLength", wire.ipv6_prefix_length, 0, 128)?;
        let refunds = refunds(wire, filter)?;
        // What is cheap to forget comes first: each failure forgets what was read before it.
        let response_cost = header("responseCost", wire.response_cost.as_deref())?;
        let soft = wire.soft_limit.as_ref().map(soft).transpose()?;
        let salt = [&wire.name, ".enforce"].concat();
        let share = wire.enforce_percentage.as_ref();
        let enforcement = Enforcement::from_wire(wire.mode, filter.mode, share, &salt, "")?;
        let own = Grade::new(wire, &amounts, algorithm, replicas)?;
        let cost = cost(wire)?;
        let priorities = priorities(wire)?;
        let overrides = overrides(wire, &dimensions, (algorithm, replicas), metrics)?;
        Ok(Self {
            name: wire.name.clone(),
            details: [QuotaFilter::NAME, ".", &wire.name, ".limited"].concat(),
            dimensions,
            v6_length: u8::try_from(v6_length.unwrap_or(DEFAULT_V6_LENGTH)).unwrap_or(u8::MAX),
            own,
            overrides,
            cost,
            response_cost,
            refunds,
            enforcement,
            soft,
            priorities,
            stats: QuotaStats::define(metrics, &wire.name),
        })
    }

    /// What the hashes of its keys begin with.
    pub(crate) fn keys(&self, secret: Secret) -> QuotaKeys {
        let mut identity = PartsHash::new(secret);
        identity.push(self.name.as_bytes());
        identity.push(self.own.terms.algorithm.name().as_bytes());
        let mut names = PartsHash::new(secret);
        for dimension in &self.dimensions {
            names.push(dimension.name.as_bytes());
        }
        QuotaKeys { identity: identity.digest(), names }
    }

    /// Which override applies to a key with these values, in the order of the dimensions.
    pub(crate) fn overriding(&self, values: &[Cow<'_, [u8]>]) -> Option<usize> {
        let matches = |entry: &&OverrideSettings| {
            entry.patterns.iter().all(|(index, pattern)| {
                values.get(*index).is_some_and(|value| pattern.matches(value))
            })
        };
        self.overrides.iter().position(|entry| matches(&entry))
    }

    /// The limit, by the override that applies.
    pub(crate) fn grade(&self, by_override: Option<usize>) -> (&Grade, Option<&OverrideSettings>) {
        match by_override.and_then(|index| self.overrides.get(index)) {
            Some(entry) => (&entry.grade, Some(entry)),
            None => (&self.own, None),
        }
    }

    /// Whether a refusal of this request is only counted.
    pub(crate) fn is_shadow(&self, request: &RequestHead<'_>, env: &mut dyn Environment) -> bool {
        self.enforcement.decide(request, env) == Mode::Shadow
    }

    /// Units that the request leaves for those of a higher priority.
    pub(crate) fn reserve(&self, request: &RequestHead<'_>, grade: &Grade) -> u64 {
        let class = self.priorities.iter().find(|(matcher, _)| matcher.matches(request));
        class.map_or(0, |(_, percent)| {
            let open_to_it = grade.capacity().saturating_mul(*percent) / 100;
            grade.capacity().saturating_sub(open_to_it)
        })
    }

    pub(super) fn summary(&self) -> String {
        let mode = if self.enforcement.is_shadow() { ", SHADOW" } else { "" };
        let algorithm = self.own.terms.algorithm.name();
        let policy = String::from_utf8_lossy(self.own.policy.as_bytes());
        [&self.name, " (", algorithm, ", ", &policy, mode, ")"].concat()
    }
}

/// One copy of the check for both kinds of lists.
fn named(name: &str, earlier: &mut dyn Iterator<Item = &str>) -> Result<(), ConfigError> {
    rule_name(name, earlier)
}

fn algorithm(wire: &Quota) -> Result<Algorithm, ConfigError> {
    let algorithm = match wire.algorithm {
        None if wire.global => Algorithm::FixedWindow,
        None | Some(config::Algorithm::Gcra) => Algorithm::Gcra,
        Some(config::Algorithm::FixedWindow) => Algorithm::FixedWindow,
        Some(config::Algorithm::RollingWindow) => Algorithm::RollingWindow,
        Some(config::Algorithm::Concurrency) => Algorithm::Concurrency,
    };
    if wire.global && algorithm != Algorithm::FixedWindow {
        let allowed = "FIXED_WINDOW with global";
        return Err(ConfigError::found("algorithm", algorithm.name(), allowed));
    }
    Ok(algorithm)
}

/// How many Envoys share the quota. Refuses what cannot be shared.
fn replicas(wire: &Quota, filter: &RateLimitQuotaConfig) -> Result<u64, ConfigError> {
    if !wire.global {
        return Ok(1);
    }
    let Some(global) = &filter.global else {
        let found = "it without the filter's global";
        return Err(ConfigError::found("global", found, "both or none"));
    };
    let alone = [
        ("responseCost", wire.response_cost.is_some()),
        ("refundOnServerError", wire.refund_on_server_error),
        ("penalty", wire.penalty.is_some()),
        ("priorities", !wire.priorities.is_empty()),
        ("workerLease", wire.worker_lease.is_some()),
    ];
    if let Some((field, _)) = alone.iter().find(|(_, is_there)| *is_there) {
        return Err(ConfigError::found(*field, "it beside global", "one of them"));
    }
    Ok(global.replicas.map_or(2, |replicas| replicas.get()).max(1))
}

/// Whether units are given back where the upstream failed.
fn refunds(wire: &Quota, filter: &RateLimitQuotaConfig) -> Result<bool, ConfigError> {
    let refunds = wire.refund_on_server_error;
    if refunds && filter.deduplication.is_some() {
        let found = "it beside deduplication";
        let allowed = "one of them: a retry of what was given back has to pay";
        return Err(ConfigError::found("refundOnServerError", found, allowed));
    }
    Ok(refunds)
}

fn dimensions(wire: &Quota) -> Result<Vec<Dimension>, ConfigError> {
    let mut dimensions: Vec<Dimension> = Vec::new();
    for (name, text) in &wire.dimensions {
        let expression = Expression::parse(text)
            .map_err(|why| ConfigError::new(path_segment(name), why).within("dimensions"))?;
        let rule = wire.on_missing.iter().find(|(other, _)| other == name);
        let on_missing = rule.map_or(OnMissing::default(), |(_, rule)| *rule);
        // Few, and written by hand: sorted as they come.
        let later = dimensions.iter().position(|other| other.name > *name);
        let dimension = Dimension { name: name.clone(), expression, on_missing };
        dimensions.insert(later.unwrap_or(dimensions.len()), dimension);
    }
    for (name, _) in &wire.on_missing {
        known(&dimensions, name).map_err(|error| error.within("onMissing"))?;
    }
    Ok(dimensions)
}

/// The position of the dimension `name`.
fn known(dimensions: &[Dimension], name: &str) -> Result<usize, ConfigError> {
    dimensions
        .iter()
        .position(|dimension| dimension.name == name)
        .ok_or_else(|| ConfigError::new(path_segment(name), "not a dimension of this quota"))
}

fn overrides(
    wire: &Quota,
    dimensions: &[Dimension],
    (algorithm, replicas): (Algorithm, u64),
    metrics: &mut dyn MetricRegistry,
) -> Result<Vec<OverrideSettings>, ConfigError> {
    let mut overrides: Vec<OverrideSettings> = Vec::with_capacity(wire.overrides.len());
    for (index, entry) in wire.overrides.iter().enumerate() {
        let within = entry_of("overrides", index);
        let name = entry.name.clone().unwrap_or_else(|| index.to_string());
        let mut earlier = overrides.iter().map(|earlier| earlier.name.as_str());
        named(&name, &mut earlier).map_err(&within)?;
        let mut patterns = Vec::new();
        for (dimension, pattern) in &entry.dimensions {
            let position = known(dimensions, dimension);
            let position = position.map_err(|error| within(error.within("dimensions")))?;
            let segment = path_segment(dimension);
            let pattern = Pattern::parse(pattern)
                .map_err(|error| within(error.within(&segment).within("dimensions")))?;
            patterns.push((position, pattern));
        }
        let amounts = Amounts {
            max_amount: entry.max_amount,
            valid_duration: entry.valid_duration.or(wire.valid_duration),
            burst: entry.burst,
        };
        let grade = Grade::new(wire, &amounts, algorithm, replicas).map_err(&within)?;
        let stats = OverrideStats::define(metrics, &[&wire.name, ".", &name].concat());
        overrides.push(OverrideSettings { name, patterns, grade, stats });
    }
    Ok(overrides)
}

fn cost(wire: &Quota) -> Result<Cost, ConfigError> {
    let mut entries = wire.costs.iter().map(|entry| (&entry.matches, entry.cost));
    let table = table("costs", ("cost", u32::MAX), &mut entries)?;
    Ok(Cost { table, otherwise: Units::parse(wire.cost.as_deref())? })
}

fn priorities(wire: &Quota) -> Result<Table, ConfigError> {
    let mut entries = wire.priorities.iter().map(|entry| (&entry.matches, entry.max_percent));
    table("priorities", ("maxPercent", 100), &mut entries)
}

/// The list at `path` of conditions, each with a number, which is at most so great.
fn table(
    path: &str,
    (field, highest): (&str, u32),
    entries: &mut dyn Iterator<Item = (&Vec<HttpMatchRequest>, UInt)>,
) -> Result<Table, ConfigError> {
    let mut table = Table::new();
    for (index, (matches, number)) in entries.enumerate() {
        let number = whole(field, Some(number), 0, highest).map_err(entry_of(path, index))?;
        let matcher = RequestMatcher::from_wire(matches, "match").map_err(entry_of(path, index))?;
        table.push((matcher, number.unwrap_or_default().into()));
    }
    Ok(table)
}

/// Puts the entry of the list at `path` in front of an error's own path.
pub(super) fn entry_of(path: &str, index: usize) -> impl Fn(ConfigError) -> ConfigError {
    move |error| error.within(&format!("[{index}]")).within(path)
}

fn soft(wire: &config::SoftLimit) -> Result<SoftSettings, ConfigError> {
    let read = || {
        let percent = whole("percent", Some(wire.percent), 1, 100)?.unwrap_or_default();
        Ok(SoftSettings {
            percent: percent.into(),
            response_header: header("responseHeader", wire.response_header.as_deref())?,
            request_header: header("requestHeader", wire.request_header.as_deref())?,
        })
    };
    read().map_err(|error: ConfigError| error.within("softLimit"))
}

fn header(field: &str, name: Option<&str>) -> Result<Option<HeaderName>, ConfigError> {
    name.map(|name| header_name(field, name)).transpose()
}

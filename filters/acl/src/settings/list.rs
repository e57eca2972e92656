//! From the wire form of a list to what it does.

use super::Scope;
use super::refusal::{PERMISSION_DENIED, defaults, refusal};
use crate::config;
use crate::entries::Entries;
use crate::list::List;
use crate::provider::{Provider, ProviderSettings};
use crate::stats::{self, Tally};
use attributes::Expression;
use filter_api::{Cluster, ConfigError, HeaderValue, MetricRegistry};
use filter_config::check::{duration_within, whole};
use filter_config::{quoted, wire};
use matchers::Enforcement;
use std::time::Duration;

/// `google.rpc.Code`s of Mixer's adapter.
const NOT_FOUND: u8 = 5;
const UNAVAILABLE: u8 = 14;

const DAY: Duration = Duration::from_hours(24);
const SECOND: Duration = Duration::from_secs(1);
/// Mixer's defaults.
const DEFAULT_REFRESH: Duration = Duration::from_secs(60);
const DEFAULT_TTL: Duration = Duration::from_secs(300);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
const DEFAULT_MAX_SIZE: u32 = 32 << 20;
const GREATEST_MAX_SIZE: u32 = 64 << 20;

pub(super) fn list(
    wire: &config::List,
    tag: u32,
    scope: &Scope<'_>,
    metrics: &mut dyn MetricRegistry,
) -> Result<List, ConfigError> {
    let entry_type = wire.entry_type.unwrap_or_default();
    let value = Expression::parse(&wire.value).map_err(|why| ConfigError::new("value", why))?;
    let salt = [&wire.name, ".enforce"].concat();
    let share = wire.enforce_percentage.as_ref();
    let grpc_status = if wire.blacklist { PERMISSION_DENIED } else { NOT_FOUND };
    let reply = wire.reply.as_ref();
    let provider = match &wire.provider {
        Some(provider) => {
            let settings = provider_settings(provider, wire, tag, scope, metrics);
            let settings = settings.map_err(|error| error.within("provider"))?;
            Some(Provider::new(&wire.name, settings))
        }
        None => None,
    };
    Ok(List {
        name: wire.name.clone(),
        namespace: scope.namespace.to_owned(),
        value,
        is_blacklist: wire.blacklist,
        refuses_missing: wire.on_missing != Some(config::OnMissing::NoMatch),
        overrides: overrides(entry_type, &wire.overrides)?,
        provider,
        refusal: refusal(reply, &defaults(&wire.name, 403, grpc_status, ""))?,
        unavailable: refusal(reply, &defaults(&wire.name, 503, UNAVAILABLE, ""))?,
        enforcement: Enforcement::from_wire(wire.mode, scope.mode, share, &salt, "")?,
        tally: Tally::of_list(&wire.name, metrics),
        expired: stats::list_expired(&wire.name, metrics),
    })
}

/// The entries that stand in the configuration itself, each of which is one.
fn overrides(entry_type: config::EntryType, entries: &[String]) -> Result<Entries, ConfigError> {
    for (index, entry) in entries.iter().enumerate() {
        let place = format!("overrides[{index}]");
        match Entries::check(entry_type, entry.as_bytes()) {
            Ok(1) => {}
            Ok(_) => {
                let allowed = "one entry, on one line that does not begin with #";
                return Err(ConfigError::found(place, quoted(entry), allowed));
            }
            Err(bad) => return Err(ConfigError::new(place, bad.reason())),
        }
    }
    let all = entries.join("\n").into_bytes();
    Entries::read(entry_type, all).map_err(|bad| ConfigError::new("overrides", bad.reason()))
}

fn provider_settings(
    provider: &config::Provider,
    list: &config::List,
    tag: u32,
    scope: &Scope<'_>,
    metrics: &mut dyn MetricRegistry,
) -> Result<ProviderSettings, ConfigError> {
    let cluster = Cluster::new(&provider.cluster)
        .map_err(|allowed| ConfigError::found("cluster", quoted(&provider.cluster), allowed))?;
    let refresh_interval = time(provider.refresh_interval, DEFAULT_REFRESH);
    duration_within("refreshInterval", refresh_interval, SECOND, DAY)?;
    let ttl = time(provider.ttl, DEFAULT_TTL.max(refresh_interval.saturating_mul(5)));
    duration_within("ttl", ttl, refresh_interval, DAY.saturating_mul(30))?;
    let timeout = time(provider.timeout, DEFAULT_TIMEOUT);
    duration_within("timeout", timeout, Duration::from_millis(10), Duration::from_secs(60))?;
    let max_size = whole("maxSize", provider.max_size, 1, GREATEST_MAX_SIZE)?;
    let stats = stats::provider(&list.name, scope.stats.shared_data_conflicts, metrics);
    Ok(ProviderSettings {
        tag,
        entry_type: list.entry_type.unwrap_or_default(),
        cluster,
        authority: authority(provider)?,
        path: path(&provider.path)?,
        refresh_interval,
        ttl,
        on_expired: provider.on_expired.unwrap_or_default(),
        timeout,
        max_size: max_size.unwrap_or(DEFAULT_MAX_SIZE) as usize,
        stats,
    })
}

fn time(wire: Option<wire::Duration>, default: Duration) -> Duration {
    wire.map_or(default, wire::Duration::get)
}

fn path(path: &str) -> Result<String, ConfigError> {
    let is_path = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    match is_path && !path.contains('#') {
        true => Ok(path.to_owned()),
        false => {
            let allowed = "a path such as /vip.txt, visible ASCII, without a fragment";
            Err(ConfigError::found("path", quoted(path), allowed))
        }
    }
}

fn authority(provider: &config::Provider) -> Result<String, ConfigError> {
    let authority = provider.authority.as_deref().unwrap_or(&provider.cluster);
    let is_host = !authority.is_empty() && authority.bytes().all(|byte| byte.is_ascii_graphic());
    match is_host && HeaderValue::new(authority).is_ok() {
        true => Ok(authority.to_owned()),
        false => {
            let allowed = "a host, with a port if it needs one, in visible ASCII";
            Err(ConfigError::found("authority", quoted(authority), allowed))
        }
    }
}

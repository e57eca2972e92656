//! From what a rule sets to headers and filter state.

use super::header;
use crate::config::{Retries, Set};
use crate::plan::Writes;
use filter_api::{ConfigError, FilterStateKey, HeaderName, HeaderValue};
use filter_config::{check, path_segment, quoted, wire};
use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(60 * 60);
const MOST_ATTEMPTS: u32 = 100;

/// When Istio retries where nothing is said.
const DEFAULT_RETRY_ON: &str = "connect-failure,refused-stream,unavailable,cancelled,503";
/// Envoy's conditions, which it reads of `x-envoy-retry-on`. An unknown one it ignores, so that
/// nothing would be retried and nobody would know.
const RETRY_ON: [&str; 11] = [
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "envoy-ratelimited",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "http3-post-connect-failure",
];
/// Those of `x-envoy-retry-grpc-on`.
const RETRY_GRPC_ON: [&str; 5] =
    ["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"];

/// Checks the object at `set`.
pub(super) fn writes(
    wire: &Set,
    mirror: &(HeaderName, HeaderValue),
) -> Result<Writes, ConfigError> {
    let headers = check::headers("headers", &wire.headers)?;
    let mut writes = Writes { headers, ..Writes::default() };
    for (key, value) in &wire.filter_state {
        let state = FilterStateKey::new(key).map_err(|allowed| {
            ConfigError::found(path_segment(key), quoted(key), allowed).within("filterState")
        })?;
        writes.states.push((state, value.as_str().into()));
    }
    if let Some(time) = wire.timeout {
        writes.headers.push(milliseconds("timeout", "x-envoy-upstream-rq-timeout-ms", time)?);
    }
    if let Some(wire) = &wire.retries {
        retries(wire, &mut writes).map_err(|error| error.within("retries"))?;
    }
    if wire.mirror {
        writes.headers.push(mirror.clone());
    }
    if writes.is_empty() {
        let allowed = "headers, filterState, timeout, retries or mirror";
        return Err(ConfigError::found("", "nothing", allowed));
    }
    Ok(writes)
}

fn retries(wire: &Retries, writes: &mut Writes) -> Result<(), ConfigError> {
    let attempts = check::whole("attempts", Some(wire.attempts), 0, MOST_ATTEMPTS)?;
    let attempts = attempts.unwrap_or_default();
    writes.headers.push(header("", "x-envoy-max-retries", &attempts.to_string())?);
    if attempts == 0 {
        return match (wire.per_try_timeout, &wire.retry_on) {
            (None, None) => Ok(()),
            _ => {
                let allowed = "0 alone, or 1 to 100";
                Err(ConfigError::found("attempts", "0 beside other fields", allowed))
            }
        };
    }
    let conditions = wire.retry_on.as_deref().unwrap_or(DEFAULT_RETRY_ON);
    let [http, grpc, statuses] = conditions_of(conditions)?;
    for (name, list) in [
        ("x-envoy-retry-on", http),
        ("x-envoy-retry-grpc-on", grpc),
        ("x-envoy-retriable-status-codes", statuses),
    ] {
        if !list.is_empty() {
            writes.headers.push(header("", name, &list.join(","))?);
        }
    }
    if let Some(time) = wire.per_try_timeout {
        const NAME: &str = "x-envoy-upstream-rq-per-try-timeout-ms";
        writes.headers.push(milliseconds("perTryTimeout", NAME, time)?);
    }
    Ok(())
}

/// Conditions of HTTP, of gRPC, and statuses: each has a header of its own.
fn conditions_of(text: &str) -> Result<[Vec<&str>; 3], ConfigError> {
    const BY_STATUS: &str = "retriable-status-codes";
    let [mut http, mut grpc, mut statuses] = [const { Vec::new() }; 3];
    for condition in text.split(',').map(str::trim) {
        if RETRY_ON.contains(&condition) {
            http.push(condition);
        } else if RETRY_GRPC_ON.contains(&condition) {
            grpc.push(condition);
        } else if condition.parse().is_ok_and(|status: u16| (100..600).contains(&status)) {
            statuses.push(condition);
        } else {
            let allowed = [&RETRY_ON[..], &RETRY_GRPC_ON, &["an HTTP status"]].concat().join(", ");
            return Err(ConfigError::found("retryOn", quoted(condition), allowed));
        }
    }
    if !statuses.is_empty() && !http.contains(&BY_STATUS) {
        http.push(BY_STATUS);
    }
    Ok([http, grpc, statuses])
}

/// A header of Envoy's that takes whole milliseconds; a part of one counts as one.
fn milliseconds(
    field: &str,
    name: &str,
    time: wire::Duration,
) -> Result<(HeaderName, HeaderValue), ConfigError> {
    let time = time.get();
    check::duration_within(field, time, SHORTEST, LONGEST)?;
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    header(field, name, &nanos.div_ceil(1_000_000).to_string())
}

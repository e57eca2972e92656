//! The filter's statistics, in Envoy's words where Envoy has one.

use filter_api::{Counter, HOST_ERRORS, MetricRegistry, Stat};

const OK: Stat = Stat::counter("quota.<rule>.ok", "Requests that the quota had room for");
const OVER_LIMIT: Stat =
    Stat::counter("quota.<rule>.over_limit", "Requests that were refused by the quota");
const SHADOW_OVER_LIMIT: Stat = Stat::counter(
    "quota.<rule>.shadow_over_limit",
    "Requests that the quota did not have room for, and that passed (SHADOW, enforcePercentage)",
);
const SOFT_LIMITED: Stat =
    Stat::counter("quota.<rule>.soft_limited", "Admitted requests beyond the soft limit");
const PENALIZED: Stat = Stat::counter(
    "quota.<rule>.penalized",
    "Requests refused, or in SHADOW counted, under a penalty (also in over_limit)",
);
const CROWDED: Stat =
    Stat::counter("quota.<rule>.store_full", "Requests of a key for which the store had no room");
const OVERRIDE_OK: Stat =
    Stat::counter("override.<rule>.ok", "As quota.*.ok, of the keys of one override");
const OVERRIDE_OVER_LIMIT: Stat = Stat::counter(
    "override.<rule>.over_limit",
    "As quota.*.over_limit, of the keys of one override",
);
const MISSING: Stat = Stat::counter(
    "missing_dimension",
    "Requests that were refused because they lack a dimension (onMissing: deny)",
);
const DEDUPLICATED: Stat =
    Stat::counter("deduplicated", "Retries that were admitted without paying");
const LEASED: Stat =
    Stat::counter("leased", "Requests that were served from units a worker had taken ahead");
const REFUNDED: Stat = Stat::counter(
    "refunded",
    "Requests whose units were given back because the answer was 500 or above",
);
const STORE_RETRIES: Stat = Stat::counter(
    "store_retries",
    "Updates of shared data that found another worker faster and were tried again",
);
const STORE_FAILED: Stat = Stat::counter(
    "store_failed",
    "Requests refused because shared data could not be updated: eight other workers in a row were faster, or the host refused",
);
const UNITS_RETURNED_LATE: Stat = Stat::counter(
    "units_returned_late",
    "Units that could not be given back at once, for the same reason, and that are back now",
);
const UNITS_LOST: Stat = Stat::counter(
    "units_lost",
    "Units that could not be given back, because their worker kept a thousand such already; they come back with time",
);

const GLOBAL_CALLS: Stat = Stat::counter("global.calls", "Calls to the rate-limit service");
const GLOBAL_GRANTED: Stat =
    Stat::counter("global.granted", "Units that the service gave out to this Envoy");
const GLOBAL_OVER_LIMIT: Stat =
    Stat::counter("global.over_limit", "Answers of the service that a window is used up");
const GLOBAL_FAILED: Stat = Stat::counter(
    "global.failed",
    "Calls without an answer that could be read: refused, too slow, garbage",
);
const GLOBAL_WAITED: Stat = Stat::counter(
    "global.waited",
    "Requests that found nothing taken ahead and waited for the service",
);
const GLOBAL_UNAVAILABLE: Stat = Stat::counter(
    "global.unavailable",
    "Requests that were decided on without the service (onUnavailable)",
);

/// Every metric, in the order of the README.
pub(crate) const ALL: &[&Stat] = &[
    &OK,
    &OVER_LIMIT,
    &SHADOW_OVER_LIMIT,
    &SOFT_LIMITED,
    &PENALIZED,
    &CROWDED,
    &OVERRIDE_OK,
    &OVERRIDE_OVER_LIMIT,
    &MISSING,
    &DEDUPLICATED,
    &LEASED,
    &REFUNDED,
    &GLOBAL_CALLS,
    &GLOBAL_GRANTED,
    &GLOBAL_OVER_LIMIT,
    &GLOBAL_FAILED,
    &GLOBAL_WAITED,
    &GLOBAL_UNAVAILABLE,
    &STORE_RETRIES,
    &STORE_FAILED,
    &UNITS_RETURNED_LATE,
    &UNITS_LOST,
    &HOST_ERRORS,
];

/// The handles that do not belong to one quota.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FilterStats {
    pub(crate) missing: Counter,
    pub(crate) deduplicated: Counter,
    pub(crate) leased: Counter,
    pub(crate) refunded: Counter,
    pub(crate) global: GlobalStats,
    pub(crate) store_retries: Counter,
    pub(crate) store_failed: Counter,
    pub(crate) units_returned_late: Counter,
    pub(crate) units_lost: Counter,
}

/// The handles about the service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GlobalStats {
    pub(crate) calls: Counter,
    pub(crate) granted: Counter,
    pub(crate) over_limit: Counter,
    pub(crate) failed: Counter,
    pub(crate) waited: Counter,
    pub(crate) unavailable: Counter,
}

/// The handles of one quota.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QuotaStats {
    pub(crate) ok: Counter,
    pub(crate) over_limit: Counter,
    pub(crate) shadow_over_limit: Counter,
    pub(crate) soft_limited: Counter,
    pub(crate) penalized: Counter,
    pub(crate) crowded: Counter,
}

/// The handles of one override.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OverrideStats {
    pub(crate) ok: Counter,
    pub(crate) over_limit: Counter,
}

impl FilterStats {
    pub(crate) fn define(metrics: &mut dyn MetricRegistry) -> Self {
        Self {
            missing: metrics.counter(&MISSING, ""),
            deduplicated: metrics.counter(&DEDUPLICATED, ""),
            leased: metrics.counter(&LEASED, ""),
            refunded: metrics.counter(&REFUNDED, ""),
            global: GlobalStats {
                calls: metrics.counter(&GLOBAL_CALLS, ""),
                granted: metrics.counter(&GLOBAL_GRANTED, ""),
                over_limit: metrics.counter(&GLOBAL_OVER_LIMIT, ""),
                failed: metrics.counter(&GLOBAL_FAILED, ""),
                waited: metrics.counter(&GLOBAL_WAITED, ""),
                unavailable: metrics.counter(&GLOBAL_UNAVAILABLE, ""),
            },
            store_retries: metrics.counter(&STORE_RETRIES, ""),
            store_failed: metrics.counter(&STORE_FAILED, ""),
            units_returned_late: metrics.counter(&UNITS_RETURNED_LATE, ""),
            units_lost: metrics.counter(&UNITS_LOST, ""),
        }
    }
}

impl QuotaStats {
    pub(crate) fn define(metrics: &mut dyn MetricRegistry, quota: &str) -> Self {
        Self {
            ok: metrics.counter(&OK, quota),
            over_limit: metrics.counter(&OVER_LIMIT, quota),
            shadow_over_limit: metrics.counter(&SHADOW_OVER_LIMIT, quota),
            soft_limited: metrics.counter(&SOFT_LIMITED, quota),
            penalized: metrics.counter(&PENALIZED, quota),
            crowded: metrics.counter(&CROWDED, quota),
        }
    }
}

impl OverrideStats {
    /// `name` is the quota's and the override's, joined by a dot.
    pub(crate) fn define(metrics: &mut dyn MetricRegistry, name: &str) -> Self {
        Self {
            ok: metrics.counter(&OVERRIDE_OK, name),
            over_limit: metrics.counter(&OVERRIDE_OVER_LIMIT, name),
        }
    }
}

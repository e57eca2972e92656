//! The filter's statistics, in Envoy's words where Envoy has one.

use filter_api::{Counter, Gauge, HOST_ERRORS, MetricRegistry, Stat};

const RULE_DENIED: Stat =
    Stat::counter("rule.<rule>.denied", "Requests that a `DENY` rule refused");
const RULE_ALLOWED: Stat = Stat::counter(
    "rule.<rule>.allowed",
    "Requests that passed because this `ALLOW` rule was the first to match",
);
const RULE_AUDITED: Stat =
    Stat::counter("rule.<rule>.audited", "Requests that an `AUDIT` rule matched");
const RULE_SHADOW_DENIED: Stat = Stat::counter(
    "rule.<rule>.shadow_denied",
    "Requests that the rule would have refused, had it been enforced",
);
const RULE_SHADOW_ALLOWED: Stat = Stat::counter(
    "rule.<rule>.shadow_allowed",
    "Requests that the rule would have allowed, had it been enforced",
);
const LIST_DENIED: Stat = Stat::counter("list.<list>.denied", "Requests that the list refused");
const LIST_SHADOW_DENIED: Stat = Stat::counter(
    "list.<list>.shadow_denied",
    "Requests that the list would have refused, had it been enforced",
);
const LIST_EXPIRED: Stat = Stat::counter(
    "list.<list>.expired",
    "Requests for which there was no valid remote list: `onExpired` decided",
);
const LIST_UPDATES: Stat = Stat::counter(
    "list.<list>.updates",
    "Remote lists that were fetched, and differed from the one before",
);
const LIST_FETCH_FAILURES: Stat = Stat::counter(
    "list.<list>.fetch_failures",
    "Calls to the provider that brought no list: no answer, another status, too large, not a list",
);
const LIST_ENTRIES: Stat =
    Stat::gauge("list.<list>.entries", "Entries of the remote list, without doubles");
const BAN_DENIED: Stat = Stat::counter("ban.<ban>.denied", "Requests of banned callers");
const BAN_SHADOW_DENIED: Stat =
    Stat::counter("ban.<ban>.shadow_denied", "Requests of callers that would have been banned");
const BAN_BEGUN: Stat = Stat::counter("ban.<ban>.begun", "Bans that began");
const DEFAULT_DENIED: Stat =
    Stat::counter("default_denied", "Requests refused because no `ALLOW` rule matched");
const DEFAULT_SHADOW_DENIED: Stat = Stat::counter(
    "default_shadow_denied",
    "Requests that passed although no `ALLOW` rule matched, as those that would refuse them are in `SHADOW`",
);
const AMBIGUOUS_PATHS: Stat = Stat::counter(
    "ambiguous_paths",
    "Requests with a path that servers are known to read differently, where a rule looked at it",
);
const AMBIGUOUS_DENIED: Stat =
    Stat::counter("ambiguous_denied", "Requests refused for such a path (`onAmbiguous: REJECT`)");
const ACTIVE_TARPITS: Stat = Stat::gauge("active_tarpits", "Requests held in a tarpit right now");
const TARPITS_OVERFLOW: Stat =
    Stat::counter("tarpits_overflow", "Requests refused at once because `maxTarpits` were held");
const CONFIG_WARNINGS: Stat = Stat::gauge(
    "config_warnings",
    "Rules and lists of the configuration that are valid but odd; the log says which",
);
const SHARED_DATA_CONFLICTS: Stat = Stat::counter(
    "shared_data_conflicts",
    "Updates of shared data given up: four other workers in a row were faster, or the host refused",
);

/// Every metric, in the order of the README.
pub(crate) const ALL: &[&Stat] = &[
    &RULE_DENIED,
    &RULE_ALLOWED,
    &RULE_AUDITED,
    &RULE_SHADOW_DENIED,
    &RULE_SHADOW_ALLOWED,
    &LIST_DENIED,
    &LIST_SHADOW_DENIED,
    &LIST_EXPIRED,
    &LIST_UPDATES,
    &LIST_FETCH_FAILURES,
    &LIST_ENTRIES,
    &BAN_DENIED,
    &BAN_SHADOW_DENIED,
    &BAN_BEGUN,
    &DEFAULT_DENIED,
    &DEFAULT_SHADOW_DENIED,
    &AMBIGUOUS_PATHS,
    &AMBIGUOUS_DENIED,
    &ACTIVE_TARPITS,
    &TARPITS_OVERFLOW,
    &CONFIG_WARNINGS,
    &SHARED_DATA_CONFLICTS,
    &HOST_ERRORS,
];

/// The handles that do not belong to one rule, list or ban.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FilterStats {
    pub(crate) default_denied: Counter,
    pub(crate) default_shadow_denied: Counter,
    pub(crate) ambiguous_paths: Counter,
    pub(crate) ambiguous_denied: Counter,
    pub(crate) active_tarpits: Gauge,
    pub(crate) tarpits_overflow: Counter,
    pub(crate) config_warnings: Gauge,
    pub(crate) shared_data_conflicts: Counter,
}

/// What something that refuses, allows or counts has: what it did, and what it would have done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    pub(crate) done: Counter,
    pub(crate) shadow: Counter,
}

// === impl FilterStats ===

impl FilterStats {
    pub(crate) fn define(metrics: &mut dyn MetricRegistry) -> Self {
        Self {
            default_denied: metrics.counter(&DEFAULT_DENIED, ""),
            default_shadow_denied: metrics.counter(&DEFAULT_SHADOW_DENIED, ""),
            ambiguous_paths: metrics.counter(&AMBIGUOUS_PATHS, ""),
            ambiguous_denied: metrics.counter(&AMBIGUOUS_DENIED, ""),
            active_tarpits: metrics.gauge(&ACTIVE_TARPITS, ""),
            tarpits_overflow: metrics.counter(&TARPITS_OVERFLOW, ""),
            config_warnings: metrics.gauge(&CONFIG_WARNINGS, ""),
            shared_data_conflicts: metrics.counter(&SHARED_DATA_CONFLICTS, ""),
        }
    }
}

// === impl Tally ===

impl Tally {
    pub(crate) fn of_deny(rule: &str, metrics: &mut dyn MetricRegistry) -> Self {
        Self::define(&RULE_DENIED, &RULE_SHADOW_DENIED, rule, metrics)
    }

    pub(crate) fn of_allow(rule: &str, metrics: &mut dyn MetricRegistry) -> Self {
        Self::define(&RULE_ALLOWED, &RULE_SHADOW_ALLOWED, rule, metrics)
    }

    /// Counting is all that an `AUDIT` does, in either mode.
    pub(crate) fn of_audit(rule: &str, metrics: &mut dyn MetricRegistry) -> Self {
        Self::define(&RULE_AUDITED, &RULE_AUDITED, rule, metrics)
    }

    pub(crate) fn of_list(list: &str, metrics: &mut dyn MetricRegistry) -> Self {
        Self::define(&LIST_DENIED, &LIST_SHADOW_DENIED, list, metrics)
    }

    pub(crate) fn of_ban(ban: &str, metrics: &mut dyn MetricRegistry) -> Self {
        Self::define(&BAN_DENIED, &BAN_SHADOW_DENIED, ban, metrics)
    }

    fn define(done: &Stat, shadow: &Stat, name: &str, metrics: &mut dyn MetricRegistry) -> Self {
        Self { done: metrics.counter(done, name), shadow: metrics.counter(shadow, name) }
    }
}

/// Requests for which a list had no valid entries.
pub(crate) fn list_expired(list: &str, metrics: &mut dyn MetricRegistry) -> Counter {
    metrics.counter(&LIST_EXPIRED, list)
}

/// Bans that began.
pub(crate) fn bans_begun(ban: &str, metrics: &mut dyn MetricRegistry) -> Counter {
    metrics.counter(&BAN_BEGUN, ban)
}

/// The handles of a remote list.
pub(crate) fn provider(
    list: &str,
    shared_data_conflicts: Counter,
    metrics: &mut dyn MetricRegistry,
) -> crate::provider::ProviderStats {
    crate::provider::ProviderStats {
        updates: metrics.counter(&LIST_UPDATES, list),
        fetch_failures: metrics.counter(&LIST_FETCH_FAILURES, list),
        entries: metrics.gauge(&LIST_ENTRIES, list),
        shared_data_conflicts,
    }
}

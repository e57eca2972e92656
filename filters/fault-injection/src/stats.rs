//! The filter's statistics, in Envoy's words where Envoy has one.

use filter_api::{Counter, Gauge, HOST_ERRORS, MetricRegistry, Stat};

const ABORTS: Stat =
    Stat::counter("rule.<rule>.aborts_injected", "Requests answered with a status of the rule");
const DELAYS: Stat = Stat::counter("rule.<rule>.delays_injected", "Requests held back");
const RESETS: Stat =
    Stat::counter("rule.<rule>.resets_injected", "Requests whose stream was reset");
const RESPONSES: Stat =
    Stat::counter("rule.<rule>.responses_injected", "Upstream answers on which faults were done");
const RESPONSE_RL: Stat = Stat::counter(
    "rule.<rule>.response_rl_injected",
    "Upstream answers whose body was slowed down (also in responses_injected)",
);
const OVERFLOW: Stat = Stat::counter(
    "rule.<rule>.faults_overflow",
    "Requests spared because a maximum (maxActiveFaults, maxFaultsPerSecond) was reached",
);
const HALTED: Stat = Stat::counter(
    "rule.<rule>.faults_halted",
    "Requests spared because the service itself was failing (haltOn)",
);
const SHADOW_ABORTS: Stat =
    Stat::counter("rule.<rule>.shadow_aborts", "Aborts that mode SHADOW did not do");
const SHADOW_DELAYS: Stat =
    Stat::counter("rule.<rule>.shadow_delays", "Delays that mode SHADOW did not do");
const SHADOW_RESETS: Stat =
    Stat::counter("rule.<rule>.shadow_resets", "Resets that mode SHADOW did not do");
const SHADOW_RESPONSES: Stat =
    Stat::counter("rule.<rule>.shadow_responses", "Response faults that mode SHADOW did not do");
const RULE_ACTIVE: Stat = Stat::gauge(
    "rule.<rule>.active_faults",
    "Requests of the rule that suffer a fault right now; an abort without a delay only where there is a maximum",
);
const ACTIVE: Stat = Stat::gauge(
    "active_faults",
    "Requests that suffer a fault right now; an abort without a delay only where there is a maximum",
);
const SHARED_DATA_CONFLICTS: Stat = Stat::counter(
    "shared_data_conflicts",
    "Updates of shared data given up: four other workers in a row were faster, or the host refused",
);

/// Every metric, in the order of the README.
pub(crate) const ALL: &[&Stat] = &[
    &ABORTS,
    &DELAYS,
    &RESETS,
    &RESPONSES,
    &RESPONSE_RL,
    &OVERFLOW,
    &HALTED,
    &SHADOW_ABORTS,
    &SHADOW_DELAYS,
    &SHADOW_RESETS,
    &SHADOW_RESPONSES,
    &RULE_ACTIVE,
    &ACTIVE,
    &SHARED_DATA_CONFLICTS,
    &HOST_ERRORS,
];

/// The handles that do not belong to one rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FilterStats {
    pub(crate) active_faults: Gauge,
    pub(crate) shared_data_conflicts: Counter,
}

/// The handles of one rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleStats {
    pub(crate) aborts_injected: Counter,
    pub(crate) delays_injected: Counter,
    pub(crate) resets_injected: Counter,
    pub(crate) responses_injected: Counter,
    pub(crate) response_rl_injected: Counter,
    pub(crate) faults_overflow: Counter,
    pub(crate) faults_halted: Counter,
    pub(crate) shadow_aborts: Counter,
    pub(crate) shadow_delays: Counter,
    pub(crate) shadow_resets: Counter,
    pub(crate) shadow_responses: Counter,
    pub(crate) active_faults: Gauge,
}

// === impl FilterStats ===

impl FilterStats {
    pub(crate) fn define(metrics: &mut dyn MetricRegistry) -> Self {
        Self {
            active_faults: metrics.gauge(&ACTIVE, ""),
            shared_data_conflicts: metrics.counter(&SHARED_DATA_CONFLICTS, ""),
        }
    }
}

// === impl RuleStats ===

impl RuleStats {
    pub(crate) fn define(metrics: &mut dyn MetricRegistry, rule: &str) -> Self {
        Self {
            aborts_injected: metrics.counter(&ABORTS, rule),
            delays_injected: metrics.counter(&DELAYS, rule),
            resets_injected: metrics.counter(&RESETS, rule),
            responses_injected: metrics.counter(&RESPONSES, rule),
            response_rl_injected: metrics.counter(&RESPONSE_RL, rule),
            faults_overflow: metrics.counter(&OVERFLOW, rule),
            faults_halted: metrics.counter(&HALTED, rule),
            shadow_aborts: metrics.counter(&SHADOW_ABORTS, rule),
            shadow_delays: metrics.counter(&SHADOW_DELAYS, rule),
            shadow_resets: metrics.counter(&SHADOW_RESETS, rule),
            shadow_responses: metrics.counter(&SHADOW_RESPONSES, rule),
            active_faults: metrics.gauge(&RULE_ACTIVE, rule),
        }
    }
}

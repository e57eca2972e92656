//! The filter's statistics.

use filter_api::{Counter, HOST_ERRORS, MetricRegistry, Stat};

const APPLIED: Stat =
    Stat::counter("rule.<rule>.applied", "Requests into which the rule's own `set` was written");
const HELD_OUT: Stat =
    Stat::counter("rule.<rule>.held_out", "Requests of users who got no variant (holdout)");
const OUTSIDE_LAYER: Stat = Stat::counter(
    "rule.<rule>.outside_layer",
    "Requests of users who got no variant because they are of another part of the layer",
);
const OVERRIDDEN: Stat = Stat::counter(
    "rule.<rule>.overridden",
    "Requests whose variant was chosen by a list or a signed header (also counted by variant)",
);
const DIVERTED: Stat = Stat::counter(
    "rule.<rule>.diverted",
    "Requests kept from the variant that their number is of, because it fails (protect)",
);
const COOKIES_ISSUED: Stat =
    Stat::counter("rule.<rule>.cookies_issued", "Answers to which a new cookie was added");
const COOKIES_REFRESHED: Stat = Stat::counter(
    "rule.<rule>.cookies_refreshed",
    "Answers to which a known cookie was added anew",
);
const COOKIES_DELETED: Stat = Stat::counter(
    "rule.<rule>.cookies_deleted",
    "Answers that delete the cookie of a rule that has ended",
);
const SHADOW_APPLIED: Stat = Stat::counter(
    "rule.<rule>.shadow_applied",
    "Requests that mode SHADOW did not write `set` into",
);
const ASSIGNED: Stat = Stat::counter(
    "variant.<variant>.assigned",
    "Requests that got the variant; `<variant>` is `<rule>.<variant>`",
);
const SHADOW_ASSIGNED: Stat = Stat::counter(
    "variant.<variant>.shadow_assigned",
    "Requests that mode SHADOW did not give the variant",
);
const HINTS_REMOVED: Stat =
    Stat::counter("hints_removed", "Requests that brought hint headers which they may not bring");
const OVERRIDES_REJECTED: Stat = Stat::counter(
    "overrides_rejected",
    "Requests whose override header was forged, expired or no override at all",
);
const COOKIES_WITHHELD: Stat = Stat::counter(
    "cookies_withheld",
    "Cookies not added because a cache may give the answer to other users",
);
const SHARED_DATA_CONFLICTS: Stat = Stat::counter(
    "shared_data_conflicts",
    "Updates of shared data given up: four other workers in a row were faster, or the host refused",
);

/// Every metric, in the order of the README.
pub(crate) const ALL: &[&Stat] = &[
    &APPLIED,
    &ASSIGNED,
    &HELD_OUT,
    &OUTSIDE_LAYER,
    &OVERRIDDEN,
    &DIVERTED,
    &COOKIES_ISSUED,
    &COOKIES_REFRESHED,
    &COOKIES_DELETED,
    &SHADOW_APPLIED,
    &SHADOW_ASSIGNED,
    &HINTS_REMOVED,
    &OVERRIDES_REJECTED,
    &COOKIES_WITHHELD,
    &SHARED_DATA_CONFLICTS,
    &HOST_ERRORS,
];

/// The handles that do not belong to one rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FilterStats {
    pub(crate) hints_removed: Counter,
    pub(crate) overrides_rejected: Counter,
    pub(crate) cookies_withheld: Counter,
    pub(crate) shared_data_conflicts: Counter,
}

/// The handles of one rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleStats {
    pub(crate) applied: Counter,
    pub(crate) held_out: Counter,
    pub(crate) outside_layer: Counter,
    pub(crate) overridden: Counter,
    pub(crate) diverted: Counter,
    pub(crate) cookies_issued: Counter,
    pub(crate) cookies_refreshed: Counter,
    pub(crate) cookies_deleted: Counter,
    pub(crate) shadow_applied: Counter,
}

/// The handles of one variant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VariantStats {
    pub(crate) assigned: Counter,
    pub(crate) shadow_assigned: Counter,
}

// === impl FilterStats ===

impl FilterStats {
    pub(crate) fn define(metrics: &mut dyn MetricRegistry) -> Self {
        Self {
            hints_removed: metrics.counter(&HINTS_REMOVED, ""),
            overrides_rejected: metrics.counter(&OVERRIDES_REJECTED, ""),
            cookies_withheld: metrics.counter(&COOKIES_WITHHELD, ""),
            shared_data_conflicts: metrics.counter(&SHARED_DATA_CONFLICTS, ""),
        }
    }
}

// === impl RuleStats ===

impl RuleStats {
    pub(crate) fn define(metrics: &mut dyn MetricRegistry, rule: &str) -> Self {
        Self {
            applied: metrics.counter(&APPLIED, rule),
            held_out: metrics.counter(&HELD_OUT, rule),
            outside_layer: metrics.counter(&OUTSIDE_LAYER, rule),
            overridden: metrics.counter(&OVERRIDDEN, rule),
            diverted: metrics.counter(&DIVERTED, rule),
            cookies_issued: metrics.counter(&COOKIES_ISSUED, rule),
            cookies_refreshed: metrics.counter(&COOKIES_REFRESHED, rule),
            cookies_deleted: metrics.counter(&COOKIES_DELETED, rule),
            shadow_applied: metrics.counter(&SHADOW_APPLIED, rule),
        }
    }
}

// === impl VariantStats ===

impl VariantStats {
    pub(crate) fn define(metrics: &mut dyn MetricRegistry, rule: &str, variant: &str) -> Self {
        let name = [rule, ".", variant].concat();
        Self {
            assigned: metrics.counter(&ASSIGNED, &name),
            shadow_assigned: metrics.counter(&SHADOW_ASSIGNED, &name),
        }
    }
}

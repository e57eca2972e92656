//! From the wire form of a rule to what it does.

use super::refusal::{PERMISSION_DENIED, defaults, refusal};
use super::{RuleSettings, Scope};
use crate::config::{Action, Rule};
use crate::rule::{Reading, RuleMatcher};
use crate::stats::Tally;
use filter_api::{ConfigError, MetricRegistry};
use matchers::Enforcement;
use matchers::header_index::HeaderIndex;

pub(super) fn rule(
    wire: &Rule,
    scope: &Scope<'_>,
    index: &mut HeaderIndex,
    metrics: &mut dyn MetricRegistry,
) -> Result<RuleSettings, ConfigError> {
    if wire.action != Action::Deny && wire.reply.is_some() {
        return Err(ConfigError::found(
            "reply",
            "it beside another action",
            "it with action: DENY",
        ));
    }
    if wire.action == Action::Audit && wire.enforce_percentage.is_some() {
        let allowed = "none: an AUDIT only counts";
        return Err(ConfigError::found("enforcePercentage", "it with action: AUDIT", allowed));
    }
    let reading = Reading::of(wire.action, wire.on_missing, scope.ignore_path_case);
    let salt = [&wire.name, ".enforce"].concat();
    let enforcement =
        Enforcement::from_wire(wire.mode, scope.mode, wire.enforce_percentage.as_ref(), &salt, "")?;
    let text = denier_text(&wire.name, scope.namespace, "Not allowed");
    let tally = match wire.action {
        Action::Allow => Tally::of_allow(&wire.name, metrics),
        Action::Audit => Tally::of_audit(&wire.name, metrics),
        Action::Deny => Tally::of_deny(&wire.name, metrics),
    };
    Ok(RuleSettings {
        name: wire.name.clone(),
        matcher: RuleMatcher::from_wire(wire, reading, index)?,
        enforcement,
        refusal: refusal(
            wire.reply.as_ref(),
            &defaults(&wire.name, 403, PERMISSION_DENIED, &text),
        )?,
        tally,
    })
}

/// The text of Mixer's adapter.
pub(super) fn denier_text(name: &str, namespace: &str, message: &str) -> String {
    ["PERMISSION_DENIED:", name, ".denier.", namespace, ":", message].concat()
}

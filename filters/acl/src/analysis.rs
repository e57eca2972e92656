//! What is odd about a configuration that is valid: rules that say nothing, or too much.
//!
//! Told when the configuration is loaded, by the rule's name. It compares what is written, so it may
//! miss what two differently written rules have in common; what it tells is true.

use crate::config::{AclConfig, Action, Condition, OnMissing, Rule, Target};
use crate::pattern::Pattern;
use identity::SourceEntry;

#[cfg(test)]
mod tests;

/// Everything that is odd, one line each.
pub(crate) fn warnings(config: &AclConfig) -> Vec<String> {
    let mut warnings = Vec::new();
    for (index, rule) in config.rules.iter().enumerate() {
        let earlier = config.rules.get(..index).unwrap_or_default();
        let others = config.rules.iter().filter(|other| other.name != rule.name);
        let found = [
            everything(rule),
            refused_by(rule, others),
            shadowed_by(rule, earlier),
            splits_segments(rule),
            trusts_what_is_missing(rule),
        ];
        warnings.extend(found.into_iter().flatten().map(|what| line("rule", &rule.name, &what)));
    }
    for list in &config.lists {
        let Some(provider) = &list.provider else { continue };
        if let (Some(refresh), Some(ttl)) = (provider.refresh_interval, provider.ttl)
            && ttl.get() < refresh.get().saturating_mul(2)
        {
            let what =
                "its ttl is less than two refresh intervals: one answer that fails and it expires";
            warnings.push(line("list", &list.name, what));
        }
    }
    warnings
}

fn line(kind: &str, name: &str, what: &str) -> String {
    [kind, " ", name, ": ", what].concat()
}

/// An `ALLOW` for every request.
fn everything(rule: &Rule) -> Option<String> {
    let is_any = rule.from.is_none() && rule.to.is_none() && rule.when.is_none();
    let is_told = is_any && rule.action == Action::Allow && is_enforced(rule);
    is_told.then(|| "allows every request".to_owned())
}

/// An `ALLOW` that a `DENY` leaves nothing of.
fn refused_by<'a>(rule: &Rule, mut others: impl Iterator<Item = &'a Rule>) -> Option<String> {
    let deny = others.find(|other| {
        rule.action == Action::Allow
            && other.action == Action::Deny
            && is_enforced(other)
            && covers(other, rule)
    })?;
    Some(["allows nothing: rule ", &deny.name, " refuses all of it"].concat())
}

/// A rule of which an earlier one of the same action leaves nothing.
fn shadowed_by(rule: &Rule, earlier: &[Rule]) -> Option<String> {
    let first = earlier.iter().find(|other| {
        other.action == rule.action
            && rule.action != Action::Audit
            && is_enforced(other)
            && covers(other, rule)
    })?;
    Some(["changes nothing: rule ", &first.name, " matches all of it first"].concat())
}

/// Whether a path is allowed by a prefix that ends within a segment: `/admin*` is `/administrator`
/// too.
fn splits_segments(rule: &Rule) -> Option<String> {
    let operations = rule.to.iter().flatten().map(|target| &target.operation);
    let mut paths = operations.flat_map(|operation| operation.paths.iter().flatten());
    let is_split = |path: &str| matches!(Pattern::new(path), Pattern::Prefix(prefix) if !prefix.ends_with(b"/"));
    let path = paths.find(|path| rule.action == Action::Allow && is_split(path))?;
    Some(["the path ", path, " ends within a segment: it allows longer names too"].concat())
}

fn trusts_what_is_missing(rule: &Rule) -> Option<String> {
    let trusts = match rule.action {
        Action::Allow => rule.on_missing == Some(OnMissing::Match),
        Action::Deny => rule.on_missing == Some(OnMissing::NoMatch),
        Action::Audit => false,
    };
    trusts.then(|| "its onMissing lets callers pass of whom nothing is known".to_owned())
}

/// Whether nothing keeps a rule from being enforced.
fn is_enforced(rule: &Rule) -> bool {
    rule.mode != Some(matchers::Mode::Shadow) && rule.enforce_percentage.is_none()
}

/// A field of an entry and its negation: what it is about, its texts.
type Field<'a> = (&'a str, Option<&'a [String]>, Option<&'a [String]>);

/// Entries of which one has to match; `None` is everything.
type Entries<'a> = Option<Vec<Vec<Field<'a>>>>;

/// Whether every request that `narrow` matches is surely matched by `wide`.
fn covers(wide: &Rule, narrow: &Rule) -> bool {
    wide.on_missing == narrow.on_missing
        && any_covers(&sources(wide), &sources(narrow))
        && any_covers(&operations(wide), &operations(narrow))
        && any_covers(&conditions(wide), &conditions(narrow))
}

/// Whether each entry of `narrow` is within one of `wide`.
fn any_covers(wide: &Entries<'_>, narrow: &Entries<'_>) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => {
            narrow.iter().all(|narrow| wide.iter().any(|wide| all_cover(wide, narrow)))
        }
    }
}

/// Whether each field of `wide` is implied by one of `narrow`.
fn all_cover(wide: &[Field<'_>], narrow: &[Field<'_>]) -> bool {
    wide.iter().all(|(about, of, not)| {
        let same = || narrow.iter().filter(|(other, ..)| other == about);
        of.is_none_or(|of| {
            same().any(|(_, mine, _)| mine.is_some_and(|mine| within(about, of, mine)))
        }) && not.is_none_or(|not| {
            same().any(|(_, _, mine)| mine.is_some_and(|mine| within(about, mine, not)))
        })
    })
}

/// Whether each text of `narrow` is within one of `wide`.
fn within(about: &str, wide: &[String], narrow: &[String]) -> bool {
    narrow.iter().all(|narrow| wide.iter().any(|wide| text_covers(about, wide, narrow)))
}

/// Whether all that the text `narrow` stands for is within `wide`. A template of a path stands for no
/// more than its own text does here; a host with a port, and a prefix of addresses, for itself.
fn text_covers(about: &str, wide: &str, narrow: &str) -> bool {
    let is_itself = match about {
        "hosts" => narrow.as_bytes().contains(&b':'),
        _ => about.ends_with(".ip"),
    };
    wide == narrow || (!is_itself && Pattern::new(wide).covers(&Pattern::new(narrow)))
}

fn operations(rule: &Rule) -> Entries<'_> {
    let mut entries = Vec::new();
    for Target { operation: o } in rule.to.as_ref()? {
        entries.push(vec![
            ("hosts", o.hosts.as_deref(), o.not_hosts.as_deref()),
            ("ports", o.ports.as_deref(), o.not_ports.as_deref()),
            ("methods", o.methods.as_deref(), o.not_methods.as_deref()),
            ("paths", o.paths.as_deref(), o.not_paths.as_deref()),
        ]);
    }
    Some(entries)
}

fn sources(rule: &Rule) -> Entries<'_> {
    let mut entries = Vec::new();
    for SourceEntry { source: s } in rule.from.as_ref()? {
        entries.push(vec![
            ("principals", s.principals.as_deref(), s.not_principals.as_deref()),
            ("principal", s.request_principals.as_deref(), s.not_request_principals.as_deref()),
            ("namespaces", s.namespaces.as_deref(), s.not_namespaces.as_deref()),
            ("accounts", s.service_accounts.as_deref(), s.not_service_accounts.as_deref()),
            ("domains", s.trust_domains.as_deref(), s.not_trust_domains.as_deref()),
            ("source.ip", s.ip_blocks.as_deref(), s.not_ip_blocks.as_deref()),
            ("remote.ip", s.remote_ip_blocks.as_deref(), s.not_remote_ip_blocks.as_deref()),
        ]);
    }
    Some(entries)
}

/// All conditions together are one entry.
fn conditions(rule: &Rule) -> Entries<'_> {
    let mut entry = Vec::new();
    for Condition { key, values, not_values } in rule.when.as_ref()? {
        entry.push((key.as_str(), values.as_deref(), not_values.as_deref()));
    }
    Some(vec![entry])
}

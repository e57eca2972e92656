//! What the configuration means: checked, compiled, ready to be asked on every request.

mod ban;
mod list;
mod refusal;
mod rule;

use crate::analysis;
use crate::ban::Ban;
use crate::config::{AclConfig, OnAmbiguous, Reply};
use crate::facts::About;
use crate::list::List;
use crate::refusal::Refusal;
use crate::rule::{self as matcher, RuleMatcher};
use crate::stats::{FilterStats, Tally};
use filter_api::{ConfigError, Counter, MetricRegistry};
use filter_config::check::{rule_name, whole};
use filter_config::quoted;
use identity::Evidence;
use matchers::header_index::HeaderIndex;
use matchers::{Enforcement, Mode};

const DEFAULT_NAMESPACE: &str = "default";
/// Envoy's own text.
const DEFAULT_DENIED: &str = "RBAC: access denied";
const DEFAULT_MAX_TARPITS: u32 = 1_000;
const MOST_TARPITS: u32 = 100_000;
/// What the details of a refusal say that none of the rules made.
const RESERVED: [&str; 2] = ["ambiguous_path", "default"];

/// The whole configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The headers that rules ask for by name.
    pub(crate) index: HeaderIndex,
    /// What else they ask for.
    pub(crate) about: About,
    pub(crate) audits: Vec<RuleSettings>,
    pub(crate) denies: Vec<RuleSettings>,
    pub(crate) allows: Vec<RuleSettings>,
    pub(crate) lists: Vec<List>,
    pub(crate) bans: Vec<BanSettings>,
    /// Of what no `ALLOW` rule matches.
    pub(crate) default_refusal: Refusal,
    /// Of paths that are read differently, where they are refused.
    pub(crate) ambiguous: Option<Refusal>,
    /// Whether the filter as a whole is in `SHADOW`.
    pub(crate) is_shadow: bool,
    pub(crate) evidence: Evidence,
    pub(crate) max_tarpits: u64,
    pub(crate) stats: FilterStats,
    /// What is odd, one line each.
    pub(crate) warnings: Vec<String>,
    /// Whether any request's headers are looked at.
    pub(crate) needs_request_headers: bool,
    /// Whether there is nothing that a request could meet.
    pub(crate) is_empty: bool,
}

/// One rule.
#[derive(Debug)]
pub(crate) struct RuleSettings {
    pub(crate) name: String,
    pub(crate) matcher: RuleMatcher,
    pub(crate) enforcement: Enforcement,
    pub(crate) refusal: Refusal,
    pub(crate) tally: Tally,
}

/// One ban.
#[derive(Debug)]
pub(crate) struct BanSettings {
    pub(crate) name: String,
    pub(crate) ban: Ban,
    pub(crate) is_shadow: bool,
    pub(crate) refusal: Refusal,
    pub(crate) tally: Tally,
    pub(crate) begun: Counter,
}

/// What rules, lists and bans have in common.
struct Scope<'c> {
    namespace: &'c str,
    mode: Option<Mode>,
    ignore_path_case: bool,
    stats: FilterStats,
}

// === impl Settings ===

impl Settings {
    /// Checks the configuration and defines its metrics.
    ///
    /// # Errors
    /// The first thing that is wrong, by its JSON path.
    pub(crate) fn from_wire(
        config: AclConfig,
        metrics: &mut dyn MetricRegistry,
    ) -> Result<Self, ConfigError> {
        let namespace = namespace(config.namespace.as_deref())?;
        let stats = FilterStats::define(metrics);
        let scope = Scope {
            namespace,
            mode: config.mode,
            ignore_path_case: config.ignore_path_case,
            stats,
        };
        check_names(&config)?;
        let of_default =
            refusal::defaults("default", 403, refusal::PERMISSION_DENIED, DEFAULT_DENIED);
        let mut settings = Self {
            index: HeaderIndex::default(),
            about: About::default(),
            audits: Vec::new(),
            denies: Vec::new(),
            allows: Vec::new(),
            lists: Vec::new(),
            bans: Vec::new(),
            default_refusal: refusal::refusal(config.reply.as_ref(), &of_default)?,
            ambiguous: ambiguous(config.on_ambiguous.unwrap_or_default())?,
            is_shadow: config.mode == Some(Mode::Shadow),
            evidence: config.evidence.unwrap_or_default(),
            max_tarpits: max_tarpits(&config)?,
            stats,
            warnings: analysis::warnings(&config),
            needs_request_headers: false,
            is_empty: false,
        };
        settings.add_rules(&config, &scope, metrics)?;
        for (index, wire) in config.lists.iter().enumerate() {
            let tag = u32::try_from(index).unwrap_or(u32::MAX);
            let list = list::list(wire, tag, &scope, metrics);
            settings.lists.push(at("lists", index, list)?);
        }
        for (index, wire) in config.bans.iter().enumerate() {
            settings.bans.push(at("bans", index, ban::ban(wire, &scope, metrics))?);
        }
        settings.needs_request_headers = settings.reads_request_headers();
        settings.is_empty = settings.ambiguous.is_none()
            && settings.rules().next().is_none()
            && settings.lists.is_empty()
            && settings.bans.is_empty();
        Ok(settings)
    }

    fn add_rules(
        &mut self,
        config: &AclConfig,
        scope: &Scope<'_>,
        metrics: &mut dyn MetricRegistry,
    ) -> Result<(), ConfigError> {
        use crate::config::Action;
        for (index, wire) in config.rules.iter().enumerate() {
            let rule = at("rules", index, rule::rule(wire, scope, &mut self.index, metrics))?;
            self.about.insert(rule.matcher.gate());
            match wire.action {
                Action::Allow => self.allows.push(rule),
                Action::Audit => self.audits.push(rule),
                Action::Deny => self.denies.push(rule),
            }
        }
        Ok(())
    }

    fn rules(&self) -> impl Iterator<Item = &RuleSettings> {
        self.audits.iter().chain(&self.denies).chain(&self.allows)
    }

    fn reads_request_headers(&self) -> bool {
        self.ambiguous.is_some()
            || self.default_refusal.needs_request_headers()
            || self.rules().any(RuleSettings::needs_request_headers)
            || self.lists.iter().any(List::needs_request_headers)
            || self.bans.iter().any(BanSettings::needs_request_headers)
    }

    /// One line that says what was understood, and what is odd.
    pub(crate) fn summary(&self) -> String {
        let rules = |rules: &[RuleSettings]| join(rules.iter().map(|rule| rule.name.as_str()));
        let parts = [
            ("DENY ", rules(&self.denies)),
            ("ALLOW ", rules(&self.allows)),
            ("AUDIT ", rules(&self.audits)),
            ("lists ", join(self.lists.iter().map(|list| list.name.as_str()))),
            ("bans ", join(self.bans.iter().map(|ban| ban.name.as_str()))),
        ];
        let parts = parts.iter().filter(|(_, names)| !names.is_empty());
        let parts: Vec<String> =
            parts.map(|(kind, names)| [kind, names.as_str()].concat()).collect();
        let mut summary = parts.join("; ");
        if summary.is_empty() {
            summary.push_str("everything is allowed");
        }
        for warning in &self.warnings {
            summary.push_str("; warning: ");
            summary.push_str(warning);
        }
        summary
    }
}

// === impl RuleSettings ===

impl RuleSettings {
    fn needs_request_headers(&self) -> bool {
        self.matcher.needs_request_headers()
            || self.enforcement.needs_request_headers()
            || self.refusal.needs_request_headers()
    }
}

// === impl BanSettings ===

impl BanSettings {
    fn needs_request_headers(&self) -> bool {
        self.ban.needs_request_headers() || self.refusal.needs_request_headers()
    }
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// Puts the place of an entry in front of its error.
fn at<T>(field: &str, index: usize, result: Result<T, ConfigError>) -> Result<T, ConfigError> {
    result.map_err(|error| matcher::at(error, field, index))
}

/// Names are part of metrics and details, so they are unique over rules, lists and bans.
fn check_names(config: &AclConfig) -> Result<(), ConfigError> {
    let rules = config.rules.iter().map(|rule| &rule.name).enumerate();
    let lists = config.lists.iter().map(|list| &list.name).enumerate();
    let bans = config.bans.iter().map(|ban| &ban.name).enumerate();
    let all = rules
        .map(|(index, name)| ("rules", index, name))
        .chain(lists.map(|(index, name)| ("lists", index, name)))
        .chain(bans.map(|(index, name)| ("bans", index, name)));
    let mut earlier: Vec<&str> = Vec::new();
    for (field, index, name) in all {
        at(field, index, rule_name(name, earlier.iter().copied()))?;
        if RESERVED.contains(&name.as_str()) {
            let allowed = "a name that the filter does not use itself";
            return at(field, index, Err(ConfigError::found("name", quoted(name), allowed)));
        }
        earlier.push(name);
    }
    Ok(())
}

fn namespace(namespace: Option<&str>) -> Result<&str, ConfigError> {
    let Some(namespace) = namespace else { return Ok(DEFAULT_NAMESPACE) };
    let is_name = (1..=63).contains(&namespace.len())
        && namespace.bytes().all(|byte| byte.is_ascii_graphic());
    match is_name {
        true => Ok(namespace),
        false => {
            let allowed = "1 to 63 visible ASCII characters";
            Err(ConfigError::found("namespace", quoted(namespace), allowed))
        }
    }
}

fn ambiguous(on_ambiguous: OnAmbiguous) -> Result<Option<Refusal>, ConfigError> {
    /// `google.rpc.Code`: the request itself is wrong.
    const INVALID_ARGUMENT: u8 = 3;
    let defaults = refusal::defaults("ambiguous_path", 400, INVALID_ARGUMENT, "ambiguous path");
    match on_ambiguous {
        OnAmbiguous::Compare => Ok(None),
        OnAmbiguous::Reject => refusal::refusal(None::<&Reply>, &defaults).map(Some),
    }
}

fn max_tarpits(config: &AclConfig) -> Result<u64, ConfigError> {
    let most = whole("maxTarpits", config.max_tarpits, 0, MOST_TARPITS)?;
    Ok(most.unwrap_or(DEFAULT_MAX_TARPITS).into())
}

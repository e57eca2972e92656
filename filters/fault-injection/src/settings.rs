//! What the configuration means: checked, compiled, ready to be asked on every request.

mod abort;
mod delay;
mod fault;
mod response;
mod scope;

use crate::config::{FaultInjectionConfig, Rule};
use crate::fault::Fault;
use crate::halt::Halt;
use crate::limits::Limits;
use crate::schedule::{Schedule, Share};
use crate::stats::{FilterStats, RuleStats};
use filter_api::{ConfigError, Environment, HeaderName, HeaderValue, MetricRegistry, RequestHead};
use filter_config::check;
use matchers::{MatchTable, RequestMatcher};
use replies::ReplyTemplate;
use scope::Scope;

#[cfg(test)]
mod tests;

/// The reply's body where the user names none; Envoy's own.
const DEFAULT_BODY: &str = "fault filter abort";

/// The whole configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) rules: Vec<RuleSettings>,
    /// What each rule matches, in their order.
    matches: MatchTable,
    pub(crate) limits: Limits,
    pub(crate) stats: FilterStats,
    /// The header that tells clients of faults.
    pub(crate) fault_header: Option<HeaderName>,
    /// Whether any rule looks at request headers.
    pub(crate) needs_request_headers: bool,
}

/// One rule.
#[derive(Debug)]
pub(crate) struct RuleSettings {
    pub(crate) name: String,
    pub(crate) fault: Fault,
    pub(crate) is_shadow: bool,
    pub(crate) schedule: Schedule,
    pub(crate) limits: Limits,
    pub(crate) halt: Option<Halt>,
    pub(crate) stats: RuleStats,
}

// === impl Settings ===

impl Settings {
    /// Checks the configuration and defines its metrics.
    ///
    /// # Errors
    /// The first thing that is wrong, by its JSON path.
    pub(crate) fn from_wire(
        config: FaultInjectionConfig,
        metrics: &mut dyn MetricRegistry,
    ) -> Result<Self, ConfigError> {
        let stats = FilterStats::define(metrics);
        let scope = Scope::of_filter(&config)?;
        let fault_header = config
            .fault_header
            .as_deref()
            .map(|name| {
                HeaderName::new(name).map_err(|why| check::invalid_header("faultHeader", name, why))
            })
            .transpose()?;
        let limits = scope.limits(stats.active_faults, "max_faults_per_second");
        let mut rules: Vec<RuleSettings> = Vec::with_capacity(config.rules.len());
        let mut matchers = Vec::with_capacity(config.rules.len());
        for (index, rule) in config.rules.iter().enumerate() {
            let path = format!("rules[{index}]");
            let names = rules.iter().map(|rule| rule.name.as_str());
            check::rule_name(&rule.name, names).map_err(|error| error.within(&path))?;
            let matches = rule.matches.as_deref().unwrap_or_default();
            let matcher = RequestMatcher::from_wire(matches, "match");
            matchers.push(matcher.map_err(|error| error.within(&path))?);
            let rule = RuleSettings::from_wire(rule, &scope, fault_header.as_ref(), metrics);
            rules.push(rule.map_err(|error| error.within(&path))?);
        }
        let matches = MatchTable::new(matchers);
        let needs_request_headers = matches.needs_request_headers()
            || rules.iter().any(RuleSettings::needs_request_headers);
        Ok(Self { rules, matches, limits, stats, fault_header, needs_request_headers })
    }

    /// The rule that applies to the request, with its index.
    pub(crate) fn first_match(&self, request: &RequestHead<'_>) -> Option<(usize, &RuleSettings)> {
        let index = self.matches.first(request)?;
        self.rules.get(index).map(|rule| (index, rule))
    }

    /// One line that says what was understood.
    pub(crate) fn summary(&self) -> String {
        let rules: Vec<String> = self.rules.iter().map(RuleSettings::summary).collect();
        let headers = if self.needs_request_headers { "read" } else { "not read" };
        let rules = if rules.is_empty() { "none".to_owned() } else { rules.join(", ") };
        format!("rules: {rules}; request headers are {headers}")
    }
}

// === impl RuleSettings ===

impl RuleSettings {
    fn from_wire(
        rule: &Rule,
        filter: &Scope,
        fault_header: Option<&HeaderName>,
        metrics: &mut dyn MetricRegistry,
    ) -> Result<Self, ConfigError> {
        let template = template(&rule.name, fault_header)?;
        let fault =
            fault::parse(&rule.fault, &rule.name, &template).map_err(|e| e.within("fault"))?;
        let scope = Scope::of_rule(rule, filter)?;
        let stats = RuleStats::define(metrics, &rule.name);
        let rate_key = ["rule.", &rule.name, ".max_faults_per_second"].concat();
        Ok(Self {
            name: rule.name.clone(),
            fault,
            is_shadow: scope.is_shadow(),
            schedule: scope.schedule,
            limits: scope.limits(stats.active_faults, &rate_key),
            halt: scope.halt(&rule.name),
            stats,
        })
    }

    /// Which part of the percentages holds right now. A rule without times does not ask for it.
    pub(crate) fn share(&self, env: &mut dyn Environment) -> Share {
        if self.schedule.is_always() {
            return Share::Full;
        }
        self.schedule.share(env.unix_time())
    }

    fn needs_request_headers(&self) -> bool {
        self.fault.needs_request_headers(self.schedule.ramp_up.is_some())
    }

    fn summary(&self) -> String {
        let kinds = match &self.fault {
            Fault::Outcomes { .. } => "outcomes".to_owned(),
            Fault::Independent { delay, abort, response } => {
                let kinds = [
                    (delay.is_some(), "delay"),
                    (abort.is_some(), "abort"),
                    (response.is_some(), "response"),
                ];
                let kinds: Vec<&str> =
                    kinds.iter().filter(|(there, _)| *there).map(|(_, name)| *name).collect();
                kinds.join("+")
            }
        };
        let mode = if self.is_shadow { ", SHADOW" } else { "" };
        format!("{} ({kinds}{mode})", self.name)
    }
}

/// What every reply of the rule has in common.
fn template(rule: &str, fault_header: Option<&HeaderName>) -> Result<ReplyTemplate, ConfigError> {
    let mut headers = Vec::new();
    if let Some(name) = fault_header {
        let value = [rule, ";abort"].concat();
        let value = HeaderValue::new(&value)
            .map_err(|why| check::invalid_header("faultHeader", &value, why))?;
        headers.push((name.clone(), value));
    }
    let details = ["fault_injection.", rule, ".abort"].concat();
    Ok(ReplyTemplate { details, body: DEFAULT_BODY.into(), headers })
}

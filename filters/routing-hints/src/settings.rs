//! What the configuration means: checked, compiled, ready to be asked on every request.

mod cookie;
mod layers;
mod set;
mod split;

use crate::config::{self, RoutingHintsConfig, Rule};
use crate::hints::Hints;
use crate::overrides::OverrideHeader;
use crate::plan::Writes;
use crate::schedule::Schedule;
use crate::split::Split;
use crate::stats::{FilterStats, RuleStats};
use filter_api::{ConfigError, Environment, HeaderName, HeaderValue, MetricRegistry, UnixTime};
use filter_config::check;
use filter_config::wire::Timestamp;
use identity::{Evidence, Peer, SourceMatcher};
use matchers::{MatchTable, Mode, RequestMatcher};
use shared_state::Update;

#[cfg(test)]
mod tests;

/// The header that `mirror: true` writes where the configuration names none, and its value.
const MIRROR_HEADER: &str = "x-mirror";
const MIRROR_VALUE: &str = "true";
/// A shorter secret is a word that somebody guesses.
const SHORTEST_SECRET: usize = 16;

/// The whole configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) rules: Vec<RuleSettings>,
    /// What each rule matches, in their order.
    pub(crate) matches: MatchTable,
    pub(crate) hints: Hints,
    /// Who may bring hints of his own; `None` is nobody.
    pub(crate) trust: Option<(SourceMatcher, Evidence)>,
    pub(crate) override_header: Option<OverrideHeader>,
    /// Whether hint headers stay where they are.
    pub(crate) is_shadow: bool,
    pub(crate) stats: FilterStats,
    /// Whether request headers have to be read.
    pub(crate) needs_request_headers: bool,
}

/// One rule.
#[derive(Debug)]
pub(crate) struct RuleSettings {
    pub(crate) name: String,
    pub(crate) writes: Writes,
    pub(crate) split: Option<Split>,
    pub(crate) is_final: bool,
    pub(crate) is_shadow: bool,
    pub(crate) schedule: Schedule,
    /// Whether anything of the rule depends on the time of day.
    pub(crate) needs_time: bool,
    /// From when on the rule's cookie is deleted: when every rule that shares it has ended.
    pub(crate) cookie_ends: Option<UnixTime>,
    pub(crate) stats: RuleStats,
}

// === impl Settings ===

impl Settings {
    /// Checks the configuration and defines its metrics.
    ///
    /// # Errors
    /// The first thing that is wrong, by its JSON path.
    pub(crate) fn from_wire(
        config: RoutingHintsConfig,
        metrics: &mut dyn MetricRegistry,
    ) -> Result<Self, ConfigError> {
        let stats = FilterStats::define(metrics);
        let mut hints = Hints::default();
        for (index, name) in config.hint_headers.iter().enumerate() {
            hints.add(&check::header_name(&format!("hintHeaders[{index}]"), name)?);
        }
        let mirror = config.mirror_header.as_deref().unwrap_or(MIRROR_HEADER);
        let mirror = header("mirrorHeader", mirror, MIRROR_VALUE)?;
        let (mut rules, matches) = rules(&config, &mirror, metrics)?;
        layers::check(&config.rules)?;
        cookie::share(&config.rules, &mut rules)?;
        let written = rules.iter().flat_map(RuleSettings::hint_headers);
        written.chain(mirrors(&config.rules).then_some(&mirror.0)).for_each(|name| hints.add(name));
        let override_header = config.override_header.as_ref().map(override_header).transpose()?;
        let trust = trust(&config)?;
        let needs_request_headers = !hints.is_empty()
            || trust.is_some()
            || matches.any_needs_request_headers()
            || override_header.is_some()
            || rules.iter().any(RuleSettings::needs_request_headers);
        Ok(Self {
            rules,
            matches,
            hints,
            trust,
            override_header,
            is_shadow: config.mode == Some(Mode::Shadow),
            stats,
            needs_request_headers,
        })
    }

    /// Whether the sender may bring hints of his own. What is not known of him does not make him so.
    pub(crate) fn is_trusted(&self, env: &mut dyn Environment) -> bool {
        self.trust.as_ref().is_some_and(|(matcher, evidence)| {
            matcher.matches(&mut Peer::new(*evidence), env).allows()
        })
    }

    /// Counts an answer of a variant.
    pub(crate) fn observe(
        &self,
        rule: usize,
        variant: usize,
        is_failure: bool,
        env: &mut dyn Environment,
    ) -> Update {
        let split = self.rules.get(rule).and_then(|rule| rule.split.as_ref());
        let protection = split.and_then(|split| split.protection.as_ref());
        protection.map_or(Update::Declined, |watch| watch.observe(variant, is_failure, env))
    }

    /// One line that says what was understood.
    pub(crate) fn summary(&self) -> String {
        let rules: Vec<String> = self.rules.iter().map(RuleSettings::summary).collect();
        let rules = if rules.is_empty() { "none".to_owned() } else { rules.join(", ") };
        let hints = self.hints.summary();
        let headers = if self.needs_request_headers { "read" } else { "not read" };
        ["rules: ", &rules, "; hint headers: ", &hints, "; request headers are ", headers].concat()
    }
}

/// The rules, and what they match.
fn rules(
    config: &RoutingHintsConfig,
    mirror: &(HeaderName, HeaderValue),
    metrics: &mut dyn MetricRegistry,
) -> Result<(Vec<RuleSettings>, MatchTable), ConfigError> {
    let mut rules: Vec<RuleSettings> = Vec::with_capacity(config.rules.len());
    let mut matchers = Vec::with_capacity(config.rules.len());
    for (index, wire) in config.rules.iter().enumerate() {
        let path = format!("rules[{index}]");
        let names = rules.iter().map(|rule| rule.name.as_str());
        let parsed = check::rule_name(&wire.name, names).and_then(|()| {
            let matches = wire.matches.as_deref().unwrap_or_default();
            let matcher = RequestMatcher::from_wire(matches, "match")?;
            let rule = RuleSettings::from_wire(wire, config.mode, mirror, metrics)?;
            Ok((matcher, rule))
        });
        let (matcher, rule) = parsed.map_err(|error| error.within(&path))?;
        matchers.push(matcher);
        rules.push(rule);
    }
    Ok((rules, MatchTable::new(matchers)))
}

/// Who is trusted.
fn trust(config: &RoutingHintsConfig) -> Result<Option<(SourceMatcher, Evidence)>, ConfigError> {
    if config.trusted.is_empty() {
        return match config.evidence {
            None => Ok(None),
            Some(_) => Err(ConfigError::found("evidence", "it without trusted", "it with trusted")),
        };
    }
    let matcher = SourceMatcher::from_wire(&config.trusted, "trusted")?;
    Ok(Some((matcher, config.evidence.unwrap_or_default())))
}

/// Whether any rule mirrors.
fn mirrors(rules: &[Rule]) -> bool {
    rules.iter().any(|rule| {
        let variants = rule.split.iter().flat_map(|split| &split.variants);
        let sets = rule.set.iter().chain(variants.filter_map(|variant| variant.set.as_ref()));
        sets.into_iter().any(|set| set.mirror)
    })
}

fn override_header(wire: &config::OverrideHeader) -> Result<OverrideHeader, ConfigError> {
    let name = check::header_name("overrideHeader.name", &wire.name)?;
    if wire.secrets.is_empty() {
        return Err(ConfigError::found("overrideHeader.secrets", "none", "one or more"));
    }
    let too_short = |secret: &config::Secret| secret.as_bytes().len() < SHORTEST_SECRET;
    if let Some(index) = wire.secrets.iter().position(too_short) {
        let path = format!("overrideHeader.secrets[{index}]");
        return Err(ConfigError::found(path, "fewer than 16 bytes", "16 bytes or more"));
    }
    Ok(OverrideHeader { name, secrets: wire.secrets.clone() })
}

// === impl RuleSettings ===

impl RuleSettings {
    fn from_wire(
        rule: &Rule,
        mode: Option<Mode>,
        mirror: &(HeaderName, HeaderValue),
        metrics: &mut dyn MetricRegistry,
    ) -> Result<Self, ConfigError> {
        if rule.set.is_none() && rule.split.is_none() {
            return Err(ConfigError::found("", "nothing to do", "set, split or both"));
        }
        let schedule = Schedule {
            from: rule.active_from.map(Timestamp::get),
            until: rule.active_until.map(Timestamp::get),
        };
        if let (Some(from), Some(until)) = (schedule.from, schedule.until)
            && until <= from
        {
            let found = "a time that is not after activeFrom";
            return Err(ConfigError::found("activeUntil", found, "a later time"));
        }
        let writes = rule.set.as_ref().map(|set| set::writes(set, mirror));
        let writes = writes.transpose().map_err(|error| error.within("set"))?;
        let split = rule.split.as_ref().map(|wire| split::parse(wire, &rule.name, mirror, metrics));
        let split = split.transpose().map_err(|error| error.within("split"))?;
        Ok(Self {
            name: rule.name.clone(),
            writes: writes.unwrap_or_default(),
            is_final: rule.is_final,
            is_shadow: rule.mode.or(mode) == Some(Mode::Shadow),
            schedule,
            needs_time: !schedule.is_always() || split.as_ref().is_some_and(Split::needs_time),
            cookie_ends: None,
            split,
            stats: RuleStats::define(metrics, &rule.name),
        })
    }

    /// Headers that it writes and that no client may.
    fn hint_headers(&self) -> Option<&HeaderName> {
        self.split.as_ref()?.bucket_header.as_ref()
    }

    /// Whether it reads a header, or has to know what stands in one.
    fn needs_request_headers(&self) -> bool {
        let split = self.split.as_ref().is_some_and(|split| {
            let key = split.key.as_ref().is_some_and(attributes::Expression::needs_request_headers);
            let writes = split.variants.iter().any(|variant| !variant.writes.headers.is_empty());
            key || writes || split.cookie.is_some() || split.bucket_header.is_some()
        });
        split || !self.writes.headers.is_empty()
    }

    fn summary(&self) -> String {
        let mut parts = Vec::new();
        if !self.writes.is_empty() {
            parts.push("set".to_owned());
        }
        if let Some(split) = &self.split {
            let names: Vec<&str> =
                split.variants.iter().map(|variant| variant.name.as_str()).collect();
            parts.push(match names.is_empty() {
                true => "bucket".to_owned(),
                false => ["split: ", &names.join("/")].concat(),
            });
        }
        if self.is_shadow {
            parts.push("SHADOW".to_owned());
        }
        [&self.name, " (", &parts.join(", "), ")"].concat()
    }
}

/// A split for tests of its engine.
#[cfg(test)]
pub(crate) fn parse_split(wire: &config::Split, rule: &str) -> Result<Split, ConfigError> {
    let mirror = header("mirrorHeader", MIRROR_HEADER, MIRROR_VALUE)?;
    split::parse(wire, rule, &mirror, &mut filter_testing::Metrics::default())
}

/// A header to write.
fn header(path: &str, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), ConfigError> {
    let value = HeaderValue::new(value).map_err(|why| check::invalid_header(path, value, why))?;
    Ok((check::header_name(path, name)?, value))
}

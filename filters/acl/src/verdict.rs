//! What becomes of a request: the order in which rules, lists and bans are asked, and who wins.
//!
//! 1. A path that is read differently, if such paths are refused.
//! 2. Bans.
//! 3. `AUDIT` rules, which only count.
//! 4. `DENY` rules: the first that matches refuses.
//! 5. Lists: the first that the request does not pass refuses.
//! 6. `ALLOW` rules: where any is enforced, one has to match.

use crate::facts::Facts;
use crate::list::{Check, List};
use crate::path_views::Clarity;
use crate::refusal::{Refusal, Sentence};
use crate::settings::{BanSettings, RuleSettings, Settings};
use filter_api::{Effects, Environment};
use matchers::Mode;
use std::time::Duration;

/// How a request ends that is refused.
pub(crate) struct Refused<'t> {
    pub(crate) sentence: Sentence,
    /// How long it is held before.
    pub(crate) tarpit: Option<Duration>,
    /// What refused it, for the access log of a request that gets no answer.
    pub(crate) name: &'t str,
    /// Whether it counts towards a ban.
    pub(crate) is_counted: bool,
}

/// A request that is being judged, and what is to be told of it.
pub(crate) struct Trial<'t, 'a> {
    pub(crate) settings: &'t Settings,
    pub(crate) facts: Facts<'a>,
    pub(crate) effects: Effects,
    /// What the access log is told, as `<name>.<what>`.
    pub(crate) notes: Vec<String>,
}

impl<'t, 'a> Trial<'t, 'a>
where
    't: 'a,
{
    pub(crate) fn judge(&mut self, env: &mut dyn Environment) -> Option<Refused<'t>> {
        let settings = self.settings;
        let refused = self
            .of_ambiguous_path()
            .or_else(|| settings.bans.iter().find_map(|ban| self.of_ban(ban, env)))
            .or_else(|| {
                for rule in &settings.audits {
                    self.audit(rule, env);
                }
                settings.denies.iter().find_map(|rule| self.of_deny(rule, env))
            })
            .or_else(|| settings.lists.iter().find_map(|list| self.of_list(list, env)))
            .or_else(|| self.of_allows(env));
        if self.facts.saw_ambiguous_path() {
            self.effects.count(settings.stats.ambiguous_paths);
        }
        refused
    }

    fn of_ambiguous_path(&mut self) -> Option<Refused<'t>> {
        let refusal = self.settings.ambiguous.as_ref()?;
        if self.facts.path().clarity() == Clarity::Clear {
            return None;
        }
        if self.settings.is_shadow {
            self.note("ambiguous_path", "shadow_denied");
            return None;
        }
        self.effects.count(self.settings.stats.ambiguous_denied);
        Some(self.refuse("ambiguous_path", refusal, None))
    }

    fn of_ban(&mut self, ban: &'t BanSettings, env: &mut dyn Environment) -> Option<Refused<'t>> {
        if !ban.ban.holds(&mut self.facts, env) {
            return None;
        }
        if ban.is_shadow {
            self.effects.count(ban.tally.shadow);
            self.note(&ban.name, "shadow_denied");
            return None;
        }
        self.effects.count(ban.tally.done);
        let refused = self.refuse(&ban.name, &ban.refusal, None);
        Some(Refused { is_counted: false, ..refused })
    }

    fn audit(&mut self, rule: &RuleSettings, env: &mut dyn Environment) {
        if rule.matcher.matches(&mut self.facts, env) {
            self.effects.count(rule.tally.done);
            self.note(&rule.name, "audited");
        }
    }

    fn of_deny(
        &mut self,
        rule: &'t RuleSettings,
        env: &mut dyn Environment,
    ) -> Option<Refused<'t>> {
        if !rule.matcher.matches(&mut self.facts, env) {
            return None;
        }
        match rule.enforcement.decide(&self.facts.request, env) {
            Mode::Shadow => {
                self.effects.count(rule.tally.shadow);
                self.note(&rule.name, "shadow_denied");
                None
            }
            Mode::Enforce => {
                self.effects.count(rule.tally.done);
                Some(self.refuse(&rule.name, &rule.refusal, None))
            }
        }
    }

    fn of_list(&mut self, list: &'t List, env: &mut dyn Environment) -> Option<Refused<'t>> {
        let Check { is_expired, finding } = list.check(&mut self.facts, env);
        if is_expired {
            self.effects.count(list.expired);
        }
        let finding = finding?;
        if list.enforcement.decide(&self.facts.request, env) == Mode::Shadow {
            self.effects.count(list.tally.shadow);
            self.note(&list.name, "shadow_denied");
            return None;
        }
        self.effects.count(list.tally.done);
        let refusal = if finding.is_unavailable { &list.unavailable } else { &list.refusal };
        Some(self.refuse(&list.name, refusal, Some(&finding.text)))
    }

    fn of_allows(&mut self, env: &mut dyn Environment) -> Option<Refused<'t>> {
        let settings = self.settings;
        let (mut is_needed, mut would_be_needed) = (false, false);
        let (mut allowing, mut would_allow) = (None, false);
        for rule in &settings.allows {
            match rule.enforcement.decide(&self.facts.request, env) {
                Mode::Enforce => {
                    is_needed = true;
                    if allowing.is_none() && rule.matcher.matches(&mut self.facts, env) {
                        allowing = Some(rule);
                    }
                }
                Mode::Shadow => {
                    would_be_needed = true;
                    if rule.matcher.matches(&mut self.facts, env) {
                        would_allow = true;
                        self.effects.count(rule.tally.shadow);
                        self.note(&rule.name, "shadow_allowed");
                    }
                }
            }
        }
        match allowing {
            Some(rule) => self.effects.count(rule.tally.done),
            None if is_needed => {
                self.effects.count(settings.stats.default_denied);
                return Some(self.refuse("default", &settings.default_refusal, None));
            }
            None if would_be_needed && !would_allow => {
                self.effects.count(settings.stats.default_shadow_denied);
                self.note("default", "shadow_denied");
            }
            None => {}
        }
        None
    }

    fn refuse(&self, name: &'t str, refusal: &Refusal, text: Option<&str>) -> Refused<'t> {
        Refused {
            sentence: refusal.sentence(&self.facts.request, text),
            tarpit: refusal.tarpit,
            name,
            is_counted: true,
        }
    }

    /// Tells the access log.
    pub(crate) fn note(&mut self, name: &str, what: &str) {
        self.notes.push([name, ".", what].concat());
    }
}

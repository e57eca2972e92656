//! One request on its way through the rules.

use crate::cookie::{self, Id};
use crate::explain;
use crate::overrides::Chosen;
use crate::plan::{Plan, Writes};
use crate::schedule::Phase;
use crate::settings::{RuleSettings, Settings};
use crate::split::{KnownBy, Lot, Split, User};
use crate::stream::After;
use filter_api::{Counter, Environment, HeaderName, HeaderValue, RequestHead, UnixTime};

/// What has come together so far.
pub(crate) struct Pass<'p> {
    settings: &'p Settings,
    request: &'p RequestHead<'p>,
    env: &'p mut dyn Environment,
    pub(crate) plan: Plan,
    /// Made when there is something to remember.
    pub(crate) after: Option<Box<After>>,
    /// What rules in mode SHADOW would have done.
    pub(crate) shadows: String,
    /// What an authorised caller is told.
    pub(crate) explained: Option<String>,
    chosen: Option<Chosen<'p>>,
    /// Numbers made for this request, by the cookie's name: rules that share a cookie share them.
    ids: Vec<(&'p str, Id)>,
    /// Cookies that the request is to bring to the next hops.
    pairs: Vec<String>,
}

impl<'p> Pass<'p> {
    pub(crate) fn new(
        settings: &'p Settings,
        request: &'p RequestHead<'p>,
        env: &'p mut dyn Environment,
        plan: Plan,
        explains: bool,
    ) -> Self {
        Self {
            settings,
            request,
            env,
            plan,
            after: None,
            shadows: String::new(),
            explained: explains.then(String::new),
            chosen: None,
            ids: Vec::new(),
            pairs: Vec::new(),
        }
    }

    /// Applies the rule; whether the next one is to be looked at.
    pub(crate) fn apply(&mut self, index: usize, rule: &'p RuleSettings) -> bool {
        let now = if rule.needs_time { self.env.unix_time() } else { UnixTime::default() };
        match rule.schedule.phase(now) {
            Phase::Idle => return true,
            Phase::Ended => {
                self.retire(rule, now);
                return true;
            }
            Phase::Active => {}
        }
        if !rule.writes.is_empty() {
            self.write(rule, None, &rule.writes, (rule.stats.applied, rule.stats.shadow_applied));
            self.explain(|told| explain::applied(told, rule));
        }
        if let Some(split) = &rule.split {
            self.split(index, rule, split, now);
        }
        !rule.is_final
    }

    fn split(&mut self, index: usize, rule: &'p RuleSettings, split: &'p Split, now: UnixTime) {
        let user = self.user(rule, split, now);
        let position = split.seed.position(&user.key);
        let chosen = self.chosen_variant(rule, split);
        let lot = chosen.map_or_else(|| split.lot(&user, position, now, self.env), Lot::Overridden);
        let stats = &rule.stats;
        match lot {
            Lot::Variant(_) | Lot::Nothing => {}
            Lot::Diverted(_) => self.plan.count(stats.diverted),
            Lot::Overridden(_) => self.plan.count(stats.overridden),
            Lot::HeldOut => self.plan.count(stats.held_out),
            Lot::OutsideLayer => self.plan.count(stats.outside_layer),
        }
        let left_out = matches!(lot, Lot::HeldOut | Lot::OutsideLayer);
        if let Some(header) = &split.bucket_header
            && !left_out
            && user.known_by != KnownBy::Chance
            && !rule.is_shadow
            && let Ok(value) = HeaderValue::new(position.to_string())
        {
            self.plan.set(header.clone(), value);
        }
        if let Some((number, variant)) =
            lot.variant().and_then(|number| Some((number, split.variants.get(number)?)))
        {
            let counters = (variant.stats.assigned, variant.stats.shadow_assigned);
            self.write(rule, Some(&variant.name), &variant.writes, counters);
            if split.protection.is_some() && !rule.is_shadow {
                self.after().observed.push((index, number));
            }
        }
        self.explain(|told| explain::split(told, rule, split, &user, (position, lot, now)));
    }

    /// The user, with a cookie where he has to have one.
    fn user(&mut self, rule: &RuleSettings, split: &'p Split, now: UnixTime) -> User<'p> {
        let known = split.known_user(self.request, self.env);
        let Some(cookie) = &split.cookie else {
            return known.unwrap_or_else(|| split.new_user(now, self.env));
        };
        match known {
            Some(user) => {
                if let KnownBy::Cookie(id) = user.known_by
                    && cookie.is_stale(id, now)
                    && !rule.is_shadow
                {
                    let pair = cookie.pair(id, now);
                    self.set_cookie(cookie.set(&pair), rule.stats.cookies_refreshed);
                }
                user
            }
            None => {
                if let Some((_, id)) = self.ids.iter().find(|(name, _)| *name == cookie.name) {
                    return User::of(*id, KnownBy::New(*id));
                }
                let user = split.new_user(now, self.env);
                if let KnownBy::New(id) = user.known_by {
                    self.ids.push((&cookie.name, id));
                    if !rule.is_shadow {
                        self.issue(rule, cookie, id, now);
                    }
                }
                user
            }
        }
    }

    /// Gives the user his cookie, and the next hops too.
    fn issue(&mut self, rule: &RuleSettings, cookie: &cookie::Cookie, id: Id, now: UnixTime) {
        let pair = cookie.pair(id, now);
        self.set_cookie(cookie.set(&pair), rule.stats.cookies_issued);
        self.pairs.push(pair);
        if let (Ok(name), Some(value)) =
            (HeaderName::new("cookie"), cookie::with_pairs(self.request, &self.pairs))
        {
            self.plan.set(name, value);
        }
    }

    /// The rule has ended: its cookie goes, unless another rule lives on it.
    fn retire(&mut self, rule: &RuleSettings, now: UnixTime) {
        let Some((cookie, ends)) =
            rule.split.as_ref().and_then(|split| Some((split.cookie.as_ref()?, rule.cookie_ends?)))
        else {
            return;
        };
        if now >= ends && !rule.is_shadow && cookie.is_in(self.request) {
            self.set_cookie(cookie.delete(), rule.stats.cookies_deleted);
        }
    }

    fn set_cookie(&mut self, value: Option<HeaderValue>, counter: Counter) {
        let Some(value) = value else { return };
        let cookies = &mut self.after().cookies;
        if !cookies.iter().any(|(known, _)| *known == value) {
            cookies.push((value, counter));
        }
    }

    fn after(&mut self) -> &mut After {
        self.after.get_or_insert_default()
    }

    /// The variant that a tester chose by a signed header. It is verified once per request.
    fn chosen_variant(&mut self, rule: &RuleSettings, split: &Split) -> Option<usize> {
        let header = self.settings.override_header.as_ref()?;
        let chosen = match self.chosen {
            Some(chosen) => chosen,
            None => {
                let env = &mut *self.env;
                let chosen = header.read(self.request, || env.unix_time());
                if chosen == Chosen::Rejected {
                    self.plan.count(self.settings.stats.overrides_rejected);
                }
                *self.chosen.insert(chosen)
            }
        };
        split.variant(chosen.variant(&rule.name)?)
    }

    /// Writes, or tells what would have been written.
    fn write(
        &mut self,
        rule: &RuleSettings,
        variant: Option<&str>,
        writes: &Writes,
        (counter, shadow_counter): (Counter, Counter),
    ) {
        if !rule.is_shadow {
            self.plan.count(counter);
            self.plan.write(writes);
            return;
        }
        self.plan.count(shadow_counter);
        if !self.shadows.is_empty() {
            self.shadows.push(',');
        }
        self.shadows.push_str(&rule.name);
        if let Some(variant) = variant {
            self.shadows.push('.');
            self.shadows.push_str(variant);
        }
        self.shadows.push_str(".shadow");
    }

    fn explain(&mut self, tell: impl FnOnce(&mut String)) {
        if let Some(told) = &mut self.explained {
            tell(told);
        }
    }
}

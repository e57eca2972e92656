//! When, in the life of a stream, what is done.

use crate::explain;
use crate::pass::Pass;
use crate::settings::Settings;
use crate::stats;
use crate::stream::{After, RoutingStream};
use crate::{cookie, plan::Plan};
use filter_api::{
    Callbacks, ConfigError, Decision, Effects, Environment, FailureMode, HeaderMutation,
    HeaderName, HeaderPairs, HeaderValue, HttpFilter, MetricRegistry, RequestHead, ResponseHead,
    Stat,
};
use shared_state::Update;

#[cfg(test)]
mod tests;

/// The key of the filter state that tells the access log what mode SHADOW would have written.
const FILTER_STATE: &str = "routing_hints";
/// From here on an answer is a failure of its variant.
const FIRST_SERVER_ERROR: u16 = 500;

/// Decides where requests go. See the [crate's documentation](crate).
#[derive(Debug)]
pub struct RoutingHintsFilter {
    settings: Settings,
}

impl HttpFilter for RoutingHintsFilter {
    const NAME: &'static str = "routing_hints";
    const CALLBACKS: Callbacks = Callbacks::REQUEST_HEADERS.and(Callbacks::RESPONSE_HEADERS);
    const STATS: &'static [&'static Stat] = stats::ALL;
    // A hint that cannot be taken from a request is a route that its sender chose.
    const FAILURE_MODE: FailureMode = FailureMode::Deny;
    type Stream = RoutingStream;

    fn configure(config: &[u8], metrics: &mut dyn MetricRegistry) -> Result<Self, ConfigError> {
        let config = filter_config::load(config)?;
        Ok(Self { settings: Settings::from_wire(config, metrics)? })
    }

    fn summary(&self) -> String {
        self.settings.summary()
    }

    fn needs_request_headers(&self) -> bool {
        self.settings.needs_request_headers
    }

    fn on_request_headers(
        &self,
        stream: &mut RoutingStream,
        request: &RequestHead<'_>,
        env: &mut dyn Environment,
    ) -> Decision {
        let settings = &self.settings;
        let hints = settings.hints.found(request);
        let asks = settings.trust.is_some() && asks_to_explain(request);
        let is_trusted = (asks || !hints.is_empty()) && settings.is_trusted(env);
        if hints.is_empty() || is_trusted {
            return self.decide(stream, request, Plan::default(), asks && is_trusted, env);
        }
        let mut plan = Plan::default();
        if !settings.is_shadow {
            hints.into_iter().for_each(|hint| plan.remove(hint));
        }
        // No rule may be led by what is going to be removed.
        let clean = settings.hints.without(request);
        let clean = RequestHead::new(HeaderPairs::parse(&clean));
        let mut decision = self.decide(stream, &clean, plan, false, env);
        decision.effects.count(settings.stats.hints_removed);
        decision
    }

    fn on_response_headers(
        &self,
        stream: &mut RoutingStream,
        response: &ResponseHead<'_>,
        env: &mut dyn Environment,
    ) -> Decision {
        let Some(after) = stream.after.take() else { return Decision::pass() };
        let mut effects = Effects::default();
        self.add_cookies(&after, response, &mut effects);
        if let (Some(explain), Ok(name)) = (after.explain, HeaderName::new(explain::HEADER)) {
            effects.mutate(HeaderMutation::Add(name, explain));
        }
        let is_failure = response.status().is_some_and(|status| status >= FIRST_SERVER_ERROR);
        for (rule, variant) in after.observed {
            if self.settings.observe(rule, variant, is_failure, env) == Update::Failed {
                effects.count(self.settings.stats.shared_data_conflicts);
            }
        }
        Decision { effects, ..Decision::pass() }
    }
}

impl RoutingHintsFilter {
    /// Has every rule that matches say what it writes, and writes it all at once.
    fn decide(
        &self,
        stream: &mut RoutingStream,
        request: &RequestHead<'_>,
        plan: Plan,
        explains: bool,
        env: &mut dyn Environment,
    ) -> Decision {
        let settings = &self.settings;
        let mut matching = settings.matches.all(request);
        let mut next = matching.next();
        if next.is_none() && !explains {
            return Decision { effects: plan.into_effects(), ..Decision::pass() };
        }
        let mut pass = Pass::new(settings, request, env, plan, explains);
        while let Some(index) = next {
            let goes_on = settings.rules.get(index).is_none_or(|rule| pass.apply(index, rule));
            next = if goes_on { matching.next() } else { None };
        }
        let Pass { mut plan, mut after, shadows, explained, .. } = pass;
        if !shadows.is_empty() {
            plan.tell(FILTER_STATE, shadows.into());
        }
        if let Some(Ok(told)) = explained.map(HeaderValue::new) {
            after.get_or_insert_default().explain = Some(told);
        }
        Decision {
            effects: plan.into_effects(),
            interest: stream.remember(after),
            ..Decision::pass()
        }
    }

    /// Adds the cookies, unless others would get them too.
    fn add_cookies(&self, after: &After, response: &ResponseHead<'_>, effects: &mut Effects) {
        if after.cookies.is_empty() {
            return;
        }
        let is_shared = cookie::is_shared_cacheable(response);
        for (value, counter) in &after.cookies {
            if is_shared {
                effects.count(self.settings.stats.cookies_withheld);
            } else if let Ok(name) = HeaderName::new("set-cookie") {
                effects.mutate(HeaderMutation::Add(name, value.clone()));
                effects.count(*counter);
            }
        }
    }
}

/// Whether a caller asks to be told how his request was decided.
fn asks_to_explain(request: &RequestHead<'_>) -> bool {
    request.headers().values(explain::HEADER.as_bytes()).any(|value| value == b"1")
}

//! When, in the life of a stream, which fault happens.

mod response;

use crate::abort::AbortAction;
use crate::fault::Plan;
use crate::limits;
use crate::schedule::Share;
use crate::settings::{RuleSettings, Settings};
use crate::stats;
use crate::stream::{ActiveFault, FaultStream, Kinds};
use filter_api::{
    BodyChunk, BodyDecision, Callbacks, ConfigError, Decision, Effects, Environment, FailureMode,
    HttpFilter, MetricRegistry, RequestHead, ResponseHead, ResponseInterest, Side, Stat, Verdict,
};

#[cfg(test)]
mod tests;

/// The key of the filter state that tells the access log what was done.
const FILTER_STATE: &str = "fault_injection";

/// Injects faults. See the [crate's documentation](crate).
#[derive(Debug)]
pub struct FaultFilter {
    settings: Settings,
}

impl HttpFilter for FaultFilter {
    const NAME: &'static str = "fault_injection";
    const CALLBACKS: Callbacks = Callbacks::REQUEST_HEADERS
        .and(Callbacks::RESPONSE_HEADERS)
        .and(Callbacks::RESPONSE_BODY)
        .and(Callbacks::STREAM_END);
    const STATS: &'static [&'static Stat] = stats::ALL;
    // A fault that cannot be done is not done.
    const FAILURE_MODE: FailureMode = FailureMode::Allow;
    type Stream = FaultStream;

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
        stream: &mut FaultStream,
        request: &RequestHead<'_>,
        env: &mut dyn Environment,
    ) -> Decision {
        let Some((index, rule)) = self.settings.first_match(request) else {
            return Decision::pass();
        };
        let plan = match rule.share(env) {
            Share::Closed => None,
            share @ (Share::Full | Share::Part(_)) => rule.fault.draw(share, request, env),
        };
        let Some(plan) = plan else {
            return Self::spare(index, rule, stream, Effects::default());
        };
        let mut effects = Effects::default();
        if rule.halt.as_ref().is_some_and(|halt| halt.is_halted(env)) {
            effects.count(rule.stats.faults_halted);
            return Self::spare(index, rule, stream, effects);
        }
        if rule.is_shadow {
            shadow(rule, &plan, &mut effects);
            return Self::spare(index, rule, stream, effects);
        }
        let conflicts = self.settings.stats.shared_data_conflicts;
        let limits = &self.settings.limits;
        let is_momentary = plan.delay.is_none() && plan.abort.is_some();
        let Some(permits) =
            limits::acquire(is_momentary, &rule.limits, limits, conflicts, &mut effects, env)
        else {
            effects.count(rule.stats.faults_overflow);
            return Self::spare(index, rule, stream, effects);
        };
        match plan.abort {
            // Nothing to remember: no delay, no unit to give back, no answer of a service to spoil.
            Some(abort) if is_momentary && permits == [None, None] => {
                let mut done = Kinds::default();
                let verdict = aborted(abort, &mut done, rule, &mut effects);
                Decision { verdict, effects, ..Decision::pass() }
            }
            _ => {
                let active = stream.active.insert(ActiveFault::new(index, plan, permits));
                self.begin(active, rule, effects)
            }
        }
    }

    fn on_deadline(
        &self,
        stream: &mut FaultStream,
        side: Side,
        _env: &mut dyn Environment,
    ) -> Decision {
        let Some((active, rule)) = self.active(stream) else { return Decision::pass() };
        match side {
            Side::Request => self.after_delay(active, rule, Effects::default()),
            Side::Response => Self::after_response_delay(active),
        }
    }

    fn on_response_headers(
        &self,
        stream: &mut FaultStream,
        response: &ResponseHead<'_>,
        env: &mut dyn Environment,
    ) -> Decision {
        match self.active(stream) {
            Some((active, rule)) => self.answered(active, rule, response, env),
            None => Decision::pass(),
        }
    }

    fn on_response_body(
        &self,
        stream: &mut FaultStream,
        chunk: BodyChunk,
        env: &mut dyn Environment,
    ) -> BodyDecision {
        let progress = stream.active.as_mut().and_then(|active| active.body.as_mut());
        progress.map_or_else(BodyDecision::default, |progress| {
            BodyDecision::of(progress.piece(chunk, || env.monotonic()))
        })
    }

    fn on_stream_end(&self, stream: &mut FaultStream, _env: &mut dyn Environment) -> Effects {
        let mut effects = Effects::default();
        if let Some(active) = &mut stream.active {
            active.release(&mut effects);
        }
        effects
    }
}

impl FaultFilter {
    fn active<'s>(
        &self,
        stream: &'s mut FaultStream,
    ) -> Option<(&'s mut ActiveFault, &RuleSettings)> {
        let active = stream.active.as_deref_mut()?;
        let rule = self.settings.rules.get(active.rule)?;
        Some((active, rule))
    }

    /// The request passes; its answer is still watched if the rule has a budget.
    fn spare(
        index: usize,
        rule: &RuleSettings,
        stream: &mut FaultStream,
        effects: Effects,
    ) -> Decision {
        let mut decision = Decision { effects, ..Decision::pass() };
        if rule.halt.is_some() {
            let active = ActiveFault::new(index, Plan::default(), [None, None]);
            decision.interest = active.interest(true, false);
            stream.active = Some(active);
        }
        decision
    }

    /// The first fault of the plan that concerns the request.
    fn begin(
        &self,
        active: &mut ActiveFault,
        rule: &RuleSettings,
        mut effects: Effects,
    ) -> Decision {
        let Some(delay) = active.plan.delay.take() else {
            return self.after_delay(active, rule, effects);
        };
        active.done.delay = true;
        effects.count(rule.stats.delays_injected);
        publish(rule, active.done, &mut effects);
        let interest = self.interest(active, rule);
        Decision { verdict: Verdict::StopIteration(delay), effects, interest, ..Decision::pass() }
    }

    /// What follows the delay, or takes its place.
    fn after_delay(
        &self,
        active: &mut ActiveFault,
        rule: &RuleSettings,
        mut effects: Effects,
    ) -> Decision {
        let Some(abort) = active.plan.abort.take() else {
            // As in Envoy, a delay that is over is no longer active.
            if active.plan.response.is_none() {
                active.release(&mut effects);
            }
            let interest = self.interest(active, rule);
            return Decision { effects, interest, ..Decision::pass() };
        };
        let verdict = aborted(abort, &mut active.done, rule, &mut effects);
        Decision { verdict, effects, ..Decision::pass() }
    }

    fn interest(&self, active: &ActiveFault, rule: &RuleSettings) -> ResponseInterest {
        active.interest(rule.halt.is_some(), self.settings.fault_header.is_some())
    }
}

/// Answers or resets the request, counts it, and tells the access log what a reply's details do not.
fn aborted(
    abort: AbortAction,
    done: &mut Kinds,
    rule: &RuleSettings,
    effects: &mut Effects,
) -> Verdict {
    let verdict = match abort {
        AbortAction::Reply(reply) => {
            done.abort = true;
            effects.count(rule.stats.aborts_injected);
            Verdict::Reply(reply)
        }
        AbortAction::Reset => {
            done.reset = true;
            effects.count(rule.stats.resets_injected);
            Verdict::Reset
        }
    };
    if done.delay || done.reset {
        publish(rule, *done, effects);
    }
    verdict
}

/// Counts and tells what would have happened.
fn shadow(rule: &RuleSettings, plan: &Plan, effects: &mut Effects) {
    let kinds = Kinds {
        delay: plan.delay.is_some(),
        abort: matches!(plan.abort, Some(AbortAction::Reply(_))),
        reset: matches!(plan.abort, Some(AbortAction::Reset)),
        response: plan.response.is_some(),
    };
    let counters = [
        (kinds.delay, rule.stats.shadow_delays),
        (kinds.abort, rule.stats.shadow_aborts),
        (kinds.reset, rule.stats.shadow_resets),
        (kinds.response, rule.stats.shadow_responses),
    ];
    for (_, counter) in counters.into_iter().filter(|(would_happen, _)| *would_happen) {
        effects.count(counter);
    }
    let value = [&rule.name, ".", &kinds.names(), ".shadow"].concat();
    effects.publish(FILTER_STATE, value.into());
}

/// Tells the access log what has happened so far.
fn publish(rule: &RuleSettings, done: Kinds, effects: &mut Effects) {
    let value = [&rule.name, ".", &done.names()].concat();
    effects.publish(FILTER_STATE, value.into());
}

//! Faults on the upstream's answer, and watching it.

use super::{FaultFilter, publish};
use crate::fault::ResponsePlan;
use crate::response::{Application, BodyProgress};
use crate::settings::RuleSettings;
use crate::stream::ActiveFault;
use filter_api::{
    Decision, Effects, Environment, HeaderMutation, HeaderValue, ResponseHead, ResponseInterest,
    Verdict,
};
use shared_state::Update;

/// From here on an answer is the service's failure.
const FIRST_SERVER_ERROR: u16 = 500;

impl FaultFilter {
    /// The upstream's answer is there: counts it towards the rule's budget, then spoils it.
    pub(super) fn answered(
        &self,
        active: &mut ActiveFault,
        rule: &RuleSettings,
        response: &ResponseHead<'_>,
        env: &mut dyn Environment,
    ) -> Decision {
        let mut decision = Decision::pass();
        self.observe(rule, response, &mut decision.effects, env);
        match active.plan.response.take() {
            Some(plan) => self.spoil(active, rule, plan, response, &mut decision, env),
            None => {
                if let Some(mark) = self.mark(active, rule) {
                    decision.effects.mutate(mark);
                }
            }
        }
        decision
    }

    /// The response's delay is over. Its headers were changed before.
    pub(super) fn after_response_delay(active: &mut ActiveFault) -> Decision {
        let verdict = active.reply.take().map_or(Verdict::Continue, Verdict::Reply);
        Decision { verdict, interest: body_interest(active), ..Decision::pass() }
    }

    fn observe(
        &self,
        rule: &RuleSettings,
        response: &ResponseHead<'_>,
        effects: &mut Effects,
        env: &mut dyn Environment,
    ) {
        let Some(halt) = &rule.halt else { return };
        let is_failure = response.status().is_some_and(|status| status >= FIRST_SERVER_ERROR);
        if halt.observe(is_failure, env) == Update::Failed {
            effects.count(self.settings.stats.shared_data_conflicts);
        }
    }

    fn spoil(
        &self,
        active: &mut ActiveFault,
        rule: &RuleSettings,
        plan: ResponsePlan,
        response: &ResponseHead<'_>,
        decision: &mut Decision,
        env: &mut dyn Environment,
    ) {
        let effects = &mut decision.effects;
        active.done.response = true;
        effects.count(rule.stats.responses_injected);
        publish(rule, active.done, effects);
        let mutations = plan.fault.headers.iter().cloned().chain(self.mark(active, rule)).collect();
        match plan.fault.application(response, plan.to_head, mutations) {
            Application::Change { mutations, has_body } => {
                for mutation in mutations {
                    effects.mutate(mutation);
                }
                active.body = plan.body.filter(|_| has_body);
                decision.rewrites_body = matches!(active.body, Some(BodyProgress::Replace(_)));
                if matches!(active.body, Some(BodyProgress::Throttle { .. })) {
                    effects.count(rule.stats.response_rl_injected);
                }
            }
            Application::Replace(reply) => active.reply = Some(reply),
        }
        decision.interest = body_interest(active);
        decision.verdict = match &plan.fault.delay {
            Some(delay) => Verdict::StopIteration(delay.sample(&mut || env.random())),
            None => active.reply.take().map_or(Verdict::Continue, Verdict::Reply),
        };
    }

    /// What tells the client, where the operator wants it to be told.
    fn mark(&self, active: &ActiveFault, rule: &RuleSettings) -> Option<HeaderMutation> {
        let name = self.settings.fault_header.as_ref()?;
        let kinds = active.done.names();
        if kinds.is_empty() {
            return None;
        }
        // A rule's name and kinds are visible ASCII, so this is always a value.
        let value = HeaderValue::new([&rule.name, ";", &kinds].concat()).ok()?;
        Some(HeaderMutation::Set(name.clone(), value))
    }
}

fn body_interest(active: &ActiveFault) -> ResponseInterest {
    match active.body {
        Some(_) => ResponseInterest::HeadersAndBody,
        None => ResponseInterest::None,
    }
}

//! The filter: requests to the judge, ticks and answers to the remote lists.

use crate::ban::Tallied;
use crate::facts::Facts;
use crate::provider::Provider;
use crate::refusal::Sentence;
use crate::settings::Settings;
use crate::stats;
use crate::stream::AclStream;
use crate::verdict::{Refused, Trial};
use filter_api::{
    Callbacks, CalloutResult, ConfigError, Decision, Effects, Environment, FailureMode, HttpFilter,
    MetricRegistry, RequestHead, RootDecision, Side, Stat, Verdict,
};
use std::time::Duration;

#[cfg(test)]
mod tests;

/// The key of the filter state that tells the access log what no answer tells.
const FILTER_STATE: &str = "acl";

/// Allows and refuses requests. See the [crate's documentation](crate).
#[derive(Debug)]
pub struct AclFilter {
    settings: Settings,
}

impl HttpFilter for AclFilter {
    const NAME: &'static str = "acl";
    const CALLBACKS: Callbacks =
        Callbacks::REQUEST_HEADERS.and(Callbacks::HTTP_CALLOUTS).and(Callbacks::STREAM_END);
    const STATS: &'static [&'static Stat] = stats::ALL;
    // What it was told to refuse does not pass because the host failed.
    const FAILURE_MODE: FailureMode = FailureMode::Deny;
    type Stream = AclStream;

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
        stream: &mut AclStream,
        request: &RequestHead<'_>,
        env: &mut dyn Environment,
    ) -> Decision {
        let settings = &self.settings;
        if settings.is_empty {
            return Decision::pass();
        }
        let headers = settings.index.read(request);
        let mut trial = Trial {
            settings,
            facts: Facts::new(&headers, settings.evidence),
            effects: Effects::default(),
            notes: Vec::new(),
        };
        trial.facts.find_gate(&settings.about);
        let refused = trial.judge(env);
        if let Some(Refused { is_counted: true, .. }) = refused {
            self.count_for_bans(&mut trial, env);
        }
        if let Some(Refused { sentence: Sentence::Reset, name, .. }) = &refused {
            trial.note(name, "reset");
        }
        let Trial { mut effects, notes, .. } = trial;
        if !notes.is_empty() {
            effects.publish(FILTER_STATE, notes.join(",").into());
        }
        let verdict = match refused {
            None => Verdict::Continue,
            Some(refused) => self.carry_out(refused, stream, &mut effects, env),
        };
        Decision { verdict, effects, ..Decision::pass() }
    }

    fn on_deadline(
        &self,
        stream: &mut AclStream,
        _side: Side,
        _env: &mut dyn Environment,
    ) -> Decision {
        let mut effects = Effects::default();
        // Only what was refused is ever held.
        let verdict = stream.release(&mut effects).map_or(Verdict::Reset, end);
        Decision { verdict, effects, ..Decision::pass() }
    }

    fn on_stream_end(&self, stream: &mut AclStream, _env: &mut dyn Environment) -> Effects {
        let mut effects = Effects::default();
        // The client left before the end that it was held for.
        let _never_sent = stream.release(&mut effects);
        effects
    }

    fn on_start(&self, env: &mut dyn Environment) -> RootDecision {
        let mut effects = Effects::default();
        let warnings = self.settings.warnings.len() as u64;
        effects.set_gauge(self.settings.stats.config_warnings, warnings);
        let mut wake_after = None;
        for provider in self.providers() {
            let _record = provider.adopt(env, &mut effects);
            wake_after = Some(Duration::from_millis(1));
        }
        RootDecision { wake_after, effects, ..RootDecision::default() }
    }

    fn on_root_deadline(&self, env: &mut dyn Environment) -> RootDecision {
        let mut decision = RootDecision::default();
        for provider in self.providers() {
            let (callout, wait) = provider.poll(env, &mut decision.effects);
            decision.callouts.extend(callout);
            let earlier = decision.wake_after.map_or(wait, |earlier| earlier.min(wait));
            decision.wake_after = Some(earlier);
        }
        decision
    }

    fn on_callout(&self, result: &CalloutResult<'_>, env: &mut dyn Environment) -> RootDecision {
        let mut effects = Effects::default();
        let provider = self.providers().find(|provider| provider.tag() == result.tag);
        let wake_after = provider.map(|provider| provider.answered(result, env, &mut effects));
        RootDecision { wake_after, effects, ..RootDecision::default() }
    }
}

impl AclFilter {
    fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.settings.lists.iter().filter_map(|list| list.provider.as_ref())
    }

    fn count_for_bans(&self, trial: &mut Trial<'_, '_>, env: &mut dyn Environment) {
        for ban in &self.settings.bans {
            match ban.ban.count(&mut trial.facts, env) {
                Some(Tallied::Began) => trial.effects.count(ban.begun),
                Some(Tallied::Failed) => {
                    trial.effects.count(self.settings.stats.shared_data_conflicts);
                }
                Some(Tallied::OneMore) | None => {}
            }
        }
    }

    /// Ends the request, after its time in the tarpit if it has one and there is room.
    fn carry_out(
        &self,
        refused: Refused<'_>,
        stream: &mut AclStream,
        effects: &mut Effects,
        env: &mut dyn Environment,
    ) -> Verdict {
        let Some(time) = refused.tarpit else { return end(refused.sentence) };
        let stats = &self.settings.stats;
        match env.try_acquire(stats.active_tarpits, self.settings.max_tarpits) {
            Some(permit) => {
                stream.hold(refused.sentence, permit);
                Verdict::StopIteration(time)
            }
            None => {
                effects.count(stats.tarpits_overflow);
                end(refused.sentence)
            }
        }
    }
}

fn end(sentence: Sentence) -> Verdict {
    match sentence {
        Sentence::Reply(reply) => Verdict::Reply(reply),
        Sentence::Reset => Verdict::Reset,
    }
}

//! What happens to a request, step by step.

mod pass;
mod restore;
mod strangers;

use crate::config::Role;
use crate::settings::Settings;
use crate::stats;
use crate::stream::TraceStream;
use filter_api::{
    Callbacks, ConfigError, Decision, Effects, Environment, FailureMode, HttpFilter,
    MetricRegistry, RequestHead, Stat,
};
use pass::Pass;

#[cfg(test)]
mod tests;

/// Propagates trace context. See the [crate's documentation](crate).
#[derive(Debug)]
pub struct TraceFilter {
    settings: Settings,
}

impl HttpFilter for TraceFilter {
    const NAME: &'static str = "trace_propagation";
    const CALLBACKS: Callbacks = Callbacks::REQUEST_HEADERS.and(Callbacks::STREAM_END);
    const STATS: &'static [&'static Stat] = stats::ALL;
    // A trace must never cost a request.
    const FAILURE_MODE: FailureMode = FailureMode::Allow;
    type Stream = TraceStream;

    fn configure(config: &[u8], metrics: &mut dyn MetricRegistry) -> Result<Self, ConfigError> {
        let config = filter_config::load(config)?;
        Ok(Self { settings: Settings::from_wire(config, metrics)? })
    }

    fn summary(&self) -> String {
        self.settings.summary()
    }

    fn needs_request_headers(&self) -> bool {
        self.settings.is_active
    }

    fn on_request_headers(
        &self,
        stream: &mut TraceStream,
        request: &RequestHead<'_>,
        env: &mut dyn Environment,
    ) -> Decision {
        let settings = &self.settings;
        if !settings.is_active {
            return Decision::pass();
        }
        let mut pass = Pass::new(settings, request);
        let outbound = settings.memory.as_ref().filter(|memory| memory.role == Role::Outbound);
        let recalled = outbound.and_then(|memory| pass.recall(memory, env));
        if let Some(recalled) = &recalled {
            pass.restore(recalled);
        }
        let context = pass.context(env);
        pass.write(context.as_ref());
        pass.publish(context.as_ref());
        let inbound = settings.memory.as_ref().filter(|memory| memory.role == Role::Inbound);
        if let Some(memory) = inbound {
            stream.open = pass.remember(memory, context.as_ref(), env);
        }
        Decision { effects: pass.effects, ..Decision::pass() }
    }

    fn on_stream_end(&self, stream: &mut TraceStream, env: &mut dyn Environment) -> Effects {
        let mut effects = Effects::default();
        if let (Some(open), Some(memory)) = (stream.open.take(), &self.settings.memory) {
            memory.close(&open.keys, &mut effects, env);
            if let Some(permit) = open.permit {
                effects.release(permit);
            }
        }
        effects
    }
}

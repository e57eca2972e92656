//! What Envoy does with a filter's decisions, on virtual time.

mod live;

use crate::{Exchange, Observed, SimEnvironment};
use anyhow::{Context, Result};
use filter_api::{Callout, CalloutResult, ConfigError, Effect, HttpFilter, RootDecision};
use live::Live;
use std::time::Duration;

/// A filter in a simulated proxy with one worker and no clusters: the upstream answers at once, and
/// every other call fails at once.
#[derive(Debug)]
pub struct SimProxy<F: HttpFilter> {
    /// The filter.
    pub filter: F,
    /// Its world.
    pub env: SimEnvironment,
}

impl<F: HttpFilter> SimProxy<F> {
    /// Configures the filter in `env`.
    ///
    /// # Errors
    /// The configuration is refused.
    pub fn configure(config: &[u8], mut env: SimEnvironment) -> Result<Self, ConfigError> {
        let filter = F::configure(config, &mut env.metrics)?;
        let started = filter.on_start(&mut env);
        let mut proxy = Self { filter, env };
        proxy.carry_out(started);
        Ok(proxy)
    }

    /// Begins all exchanges now, in order, and lets time pass until the last is over.
    ///
    /// # Errors
    /// A filter that breaks the contract: it gives back a permit too many, or asks for a change of
    /// headers that are gone.
    pub fn exchange_all(&mut self, exchanges: &[Exchange]) -> Result<Vec<Observed>> {
        let mut all: Vec<Live<'_, F>> = Vec::with_capacity(exchanges.len());
        for exchange in exchanges {
            let mut live = Live::new(exchange, self.env.now());
            live.begin(&self.filter, &mut self.env)?;
            all.push(live);
        }
        while let Some((live, due)) = all
            .iter_mut()
            .filter_map(|live| live.wakes_at().map(|due| (live, due)))
            .min_by_key(|(_, due)| *due)
        {
            self.wake_root_until(due);
            self.env.advance_to(due);
            live.wake(&self.filter, &mut self.env)?;
        }
        all.into_iter().map(Live::into_observed).collect()
    }

    /// One exchange.
    ///
    /// # Errors
    /// As [`exchange_all`](Self::exchange_all).
    pub fn exchange(&mut self, exchange: &Exchange) -> Result<Observed> {
        let observed = self.exchange_all(std::slice::from_ref(exchange))?;
        observed.into_iter().next().context("one exchange, one observation")
    }

    /// Lets time pass between exchanges.
    pub fn advance(&mut self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let end = self.env.now().saturating_add(time);
        self.wake_root_until(end);
        self.env.advance_to(end);
    }

    /// Asks the plugin each time it wants to be asked, up to `end`.
    fn wake_root_until(&mut self, end: u64) {
        while let Some(due) = self.env.root_due.filter(|due| *due <= end) {
            self.env.root_due = None;
            self.env.advance_to(due);
            let decision = self.filter.on_root_deadline(&mut self.env);
            self.carry_out(decision);
        }
    }

    fn carry_out(&mut self, decision: RootDecision) {
        let RootDecision { wake_after, callouts, effects } = decision;
        for effect in effects {
            match effect {
                Effect::Count(counter, by) => self.env.metrics.count_by(counter, by),
                Effect::SetGauge(gauge, value) => self.env.metrics.set_gauge(gauge, value),
                Effect::WakeRoot(time) => self.env.wake_root(time),
                // A root has no stream to change, and took no permit.
                _ => {}
            }
        }
        if let Some(time) = wake_after {
            self.env.root_due = Some(self.env.in_at_least_a_tick(time));
        }
        for callout in callouts {
            let (Callout::Grpc { tag, .. } | Callout::HttpGet { tag, .. }) = callout;
            let failed = CalloutResult::unanswered(tag);
            let decision = self.filter.on_callout(&failed, &mut self.env);
            self.carry_out(decision);
        }
    }
}

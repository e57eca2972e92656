//! What Envoy does with a filter's decisions, on virtual time.

mod live;

use crate::{Exchange, Observed, SimEnvironment};
use anyhow::{Context, Result};
use filter_api::{ConfigError, HttpFilter};
use live::Live;
use std::time::Duration;

/// A filter in a simulated proxy with one worker. The upstream answers at once.
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
        if !started.callouts.is_empty() {
            return Err(ConfigError::new("", "the simulated proxy has no clusters to call"));
        }
        Ok(Self { filter, env })
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
        while let Some(live) = all
            .iter_mut()
            .filter(|live| live.wakes_at().is_some())
            .min_by_key(|live| live.wakes_at())
        {
            self.env.advance_to(live.wakes_at().unwrap_or_default());
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
        self.env.advance(time);
    }
}

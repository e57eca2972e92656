//! The filter alone, in a simulated proxy.

use super::Run;
use super::play::{Order, Proxy, play};
use anyhow::Result;
use filter_api::{HttpFilter, UnixTime};
use filter_testing::{Case, Exchange, Observed, SimEnvironment, SimProxy};
use std::collections::BTreeMap;
use std::time::Duration;

/// Runs a case on the filter `F` with this seed instead of the case's.
///
/// # Errors
/// The filter breaks its contract, e.g. gives back more than it took.
pub fn simulate<F: HttpFilter>(case: &Case, seed: u64) -> Result<Run> {
    let mut env = SimEnvironment::seeded(seed);
    if let Some(seconds) = case.unix_time {
        env.set_unix_time(UnixTime(seconds * 1_000_000_000));
    }
    match SimProxy::<F>::configure(&case.config_bytes(), env) {
        Ok(mut proxy) => Ok(Run::Served(play(case, &mut proxy)?)),
        Err(error) => Ok(Run::Refused(error.to_string())),
    }
}

impl<F: HttpFilter> Proxy for SimProxy<F> {
    fn advance(&mut self, time: Duration) {
        SimProxy::advance(self, time);
    }

    fn exchange_all(&mut self, exchanges: &[Exchange], order: Order) -> Result<Vec<Observed>> {
        match order {
            Order::AtOnce => SimProxy::exchange_all(self, exchanges),
            Order::OneByOne | Order::Any => {
                exchanges.iter().map(|one| self.exchange(one)).collect()
            }
        }
    }

    fn metrics(&mut self) -> Result<BTreeMap<String, u64>> {
        Ok(self.env.metrics.nonzero())
    }
}

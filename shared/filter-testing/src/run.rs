//! The pure executor: a case on the filter itself.

use crate::{
    Case, Exchange, Observed, SimEnvironment, SimProxy, Step, Tolerance, check, check_counters,
    check_share,
};
use anyhow::{Context, Result, anyhow, bail, ensure};
use filter_api::{HttpFilter, UnixTime};
use std::time::Duration;

/// Runs a case on the pure filter, in a simulated proxy with one worker.
///
/// # Errors
/// The first step that is not as expected; counters that are not; a gauge that is not back at 0.
pub fn run_pure<F: HttpFilter>(case: &Case) -> Result<()> {
    let mut env = SimEnvironment::seeded(case.seed);
    if let Some(seconds) = case.unix_time {
        env.set_unix_time(UnixTime(seconds * 1_000_000_000));
    }
    let configured = SimProxy::<F>::configure(&case.config_bytes(), env);
    let mut proxy = match (configured, &case.refused) {
        (Ok(proxy), None) => proxy,
        (Ok(_), Some(line)) => bail!("accepted, expected to be refused with `{line}`"),
        (Err(error), Some(line)) => {
            ensure!(error.to_string() == *line, "refused with `{error}`, expected `{line}`");
            return Ok(());
        }
        (Err(error), None) => return Err(error).context("refused"),
    };
    for (index, step) in case.traffic.iter().enumerate() {
        run_step(&mut proxy, step).with_context(|| format!("traffic[{index}]"))?;
    }
    let nonzero = proxy.env.metrics.nonzero();
    check_counters(&case.counters, &nonzero).map_err(|wrong| anyhow!("counters: {wrong}"))
}

fn run_step<F: HttpFilter>(proxy: &mut SimProxy<F>, step: &Step) -> Result<()> {
    proxy.advance(Duration::from_millis(step.wait_ms));
    let Some(request) = &step.request else { return Ok(()) };
    let times = step.expect.share.map_or(request.repeat, |share| share.of);
    let exchanges: Vec<Exchange> =
        (0..times).map(|n| Exchange::new(request, n, &step.upstream)).collect();
    let observed: Vec<Observed> = if request.concurrent {
        proxy.exchange_all(&exchanges)?
    } else {
        exchanges.iter().map(|exchange| proxy.exchange(exchange)).collect::<Result<_>>()?
    };
    let exact = Tolerance::default();
    let result = match step.expect.share {
        Some(share) => check_share(&step.expect, share, &step.upstream, &observed, exact),
        None => observed.iter().try_for_each(|one| check(&step.expect, one, exact)),
    };
    result.map_err(|wrong| anyhow!(wrong))
}

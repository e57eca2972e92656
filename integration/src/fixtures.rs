//! What the tests in Envoy have in common.

use crate::inventory;
use anyhow::{Result, ensure};
use envoy_runner::{
    Bootstrap, Cluster, EnvoyProcess, Launch, Listener, PluginConfiguration, Route, Upstream,
    WasmFilter, Wheel,
};
use serde_json::Value;
use std::ops::RangeInclusive;

/// The listener that tests talk to.
pub const INGRESS: &str = "ingress";

/// The cluster behind it.
const CLUSTER: &str = "upstream";

/// A filter's module with `config` as JSON text.
///
/// # Errors
/// There is no module of that name.
pub fn plugin(filter: &str, config: &Value) -> Result<WasmFilter> {
    let config = PluginConfiguration::Text(config.to_string());
    Ok(WasmFilter::new(filter, &inventory::module(filter)?).configuration(&config))
}

/// A listener whose requests all go to the upstream; filters are still to be added.
#[must_use]
pub fn ingress() -> Listener {
    Listener::new(INGRESS).route(Route::cluster("/", CLUSTER))
}

/// These listeners, with `upstream` behind them.
#[must_use]
pub fn in_front_of(
    upstream: &Upstream,
    listeners: impl IntoIterator<Item = Listener>,
) -> Bootstrap {
    let bootstrap = Bootstrap::new().cluster(Cluster::new(CLUSTER, upstream.addr()));
    listeners.into_iter().fold(bootstrap, Bootstrap::listener)
}

/// Starts the first of `ENVOY_VERSIONS`.
///
/// # Errors
/// As [`Launch::start`].
pub fn start(bootstrap: &Bootstrap, workers: u32) -> Result<EnvoyProcess> {
    let wheel = Wheel::default_version()?;
    Launch::new(&wheel, bootstrap.document()).concurrency(workers).start()
}

/// Envoy runs, and no module in it has trapped.
///
/// # Errors
/// It does not, or one has: the error holds the lines of the log.
pub fn unharmed(envoy: &mut EnvoyProcess) -> Result<()> {
    let log = envoy.log()?;
    let status = envoy.exit_status()?;
    ensure!(status.is_none(), "Envoy ended ({status:?}):\n{log}");
    let is_trap = |line: &&str| {
        line.contains("Function: proxy_") || line.contains("wasm trap") || line.contains("panicked")
    };
    let traps: Vec<&str> = log.lines().filter(is_trap).collect();
    ensure!(traps.is_empty(), "a module trapped:\n{}", traps.join("\n"));
    Ok(())
}

/// How often something of this probability happens in `trials` independent ones: the bounds that
/// 99.9 % of all runs keep, in the normal approximation.
#[must_use]
pub fn binomial_bounds(trials: u32, percent: f64) -> RangeInclusive<f64> {
    /// Half of the remaining 0.1 % lies on each side of this many standard deviations.
    const DEVIATIONS: f64 = 3.2905;
    let share = percent / 100.0;
    let mean = f64::from(trials) * share;
    let margin = DEVIATIONS * (mean * (1.0 - share)).sqrt() + 0.5;
    mean - margin..=mean + margin
}

#[cfg(test)]
mod tests {
    use super::binomial_bounds;

    #[test]
    fn the_bounds_of_a_fair_coin() {
        let bounds = binomial_bounds(20_000, 50.0);
        assert!((bounds.start() - 9766.8).abs() < 0.1, "{bounds:?}");
        assert!((bounds.end() - 10_233.2).abs() < 0.1, "{bounds:?}");
        assert!(binomial_bounds(10, 100.0).contains(&10.0));
        assert!(!binomial_bounds(10, 100.0).contains(&9.0));
    }
}

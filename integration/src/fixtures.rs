//! What the tests in Envoy have in common.

use crate::inventory;
use anyhow::{Result, ensure};
pub use envoy_runner::binomial_bounds;
use envoy_runner::{
    Bootstrap, Cluster, EnvoyProcess, Launch, Listener, PluginConfiguration, Route, Upstream,
    WasmFilter, Wheel,
};
use serde_json::Value;

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

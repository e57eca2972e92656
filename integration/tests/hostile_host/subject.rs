//! The modules under test, and what they are configured with.

use crate::traffic::{self, Exchange};
use anyhow::{Context, Result, anyhow, ensure};
use filter_testing::load_cases;
use proxy_wasm_test_host::{Engine, HostBuilder, Metric, TestHost};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// A module, compiled once.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) engine: Engine,
    /// A configuration that does nothing.
    pub(crate) idle: &'static str,
    pub(crate) scenarios: Vec<Scenario>,
}

/// A configuration and traffic for which it matters.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) config: Vec<u8>,
    pub(crate) unix_time: Option<u64>,
    pub(crate) exchanges: Vec<Exchange>,
}

/// The module that tries everything.
pub(crate) const ADVERSARY: &str = "adversary";

/// Every filter with the configurations of its cases, and the adversary with all its attempts;
/// compiled once for all tests.
pub(crate) fn all() -> Result<&'static [Subject]> {
    static ALL: LazyLock<std::result::Result<Vec<Subject>, String>> =
        LazyLock::new(|| load().map_err(|error| format!("{error:#}")));
    ALL.as_deref().map_err(|error| anyhow!("{error}"))
}

/// The one of this name.
pub(crate) fn named(name: &str) -> Result<&'static Subject> {
    let found = all()?.iter().find(|subject| subject.name == name);
    found.with_context(|| format!("no module {name}"))
}

fn load() -> Result<Vec<Subject>> {
    let mut subjects = vec![adversary()?];
    for filter in integration::filters()? {
        let cases = load_cases(&filter.cases())?.into_iter();
        let served = cases.filter(|case| case.refused.is_none());
        let scenarios = served.map(|case| Scenario {
            name: case.name.clone(),
            config: case.config_bytes(),
            unix_time: case.unix_time,
            exchanges: traffic::of_case(&case),
        });
        let scenarios: Vec<_> = scenarios.collect();
        ensure!(!scenarios.is_empty(), "{} has no case with traffic", filter.name);
        subjects.push(Subject::new(&filter.name, &filter.module, scenarios)?);
    }
    Ok(subjects)
}

/// The adversary, with and without calls of its own.
fn adversary() -> Result<Subject> {
    let scenarios = ["upstream", "nobody", "quiet"].map(|cluster| Scenario {
        name: format!("cluster {cluster}"),
        config: cluster.into(),
        unix_time: None,
        exchanges: traffic::of_adversary(),
    });
    Subject::new(ADVERSARY, &integration::test_module(ADVERSARY)?, scenarios.into())
}

impl Subject {
    fn new(name: &str, module: &Path, scenarios: Vec<Scenario>) -> Result<Self> {
        let bytes = fs::read(module).with_context(|| format!("reading {}", module.display()))?;
        let idle = if name == ADVERSARY { "quiet" } else { "{}" };
        Ok(Self { name: name.to_owned(), engine: Engine::new(&bytes)?, idle, scenarios })
    }

    /// A host that is still to be built.
    pub(crate) fn builder(&self, scenario: &Scenario) -> HostBuilder {
        let builder = TestHost::builder(&self.engine).plugin_config(scenario.config.as_slice());
        match scenario.unix_time {
            Some(seconds) => builder.start_time(seconds * 1_000_000_000),
            None => builder,
        }
    }

    pub(crate) fn host(&self, scenario: &Scenario) -> Result<TestHost> {
        let built = self.builder(scenario).build();
        built.with_context(|| format!("{}, {}", self.name, scenario.name))
    }

    /// How many host calls the module counted as failed.
    pub(crate) fn host_errors(&self, host: &TestHost) -> u64 {
        host.metric(&format!("{}.host_errors", self.name)).unwrap_or_default()
    }
}

/// Neither Envoy nor a VM has died, and nothing is left behind.
pub(crate) fn unharmed(host: &TestHost) -> Result<()> {
    ensure!(host.death().is_none(), "{:?}", host.death());
    ensure!(host.traps().is_empty(), "{:?}", host.traps());
    let live = host.worker(0).live_contexts();
    ensure!(live == 1, "{live} contexts are left");
    Ok(())
}

/// The gauges that are not 0.
pub(crate) fn raised_gauges(host: &TestHost) -> Vec<(String, Metric)> {
    let is_raised = |metric: &Metric| matches!(metric, Metric::Gauge(1..));
    host.metrics().into_iter().filter(|(_, metric)| is_raised(metric)).collect()
}

//! `ballast explain`.

mod access;
mod outcome;
mod print;
mod request;
mod rules;

use crate::args::Explain;
use crate::check::{named, position};
use crate::document::{File, Path};
use crate::filters::Filter;
use crate::out::Out;
use crate::plugins::{self, Plugin};
use anyhow::{Context as _, Result, bail, ensure};
use outcome::Outcomes;
use proxy_wasm_test_host::{Engine, LoadError, LogLevel, Metric, TestHost, VmRole};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// All that was found out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Explanation {
    pub(crate) filter: &'static str,
    /// Where the configuration is, `FILE:LINE`.
    pub(crate) config: String,
    /// What the module said that it understood.
    pub(crate) summary: String,
    pub(crate) request: Vec<(String, String)>,
    /// Who asks: the address, and the identity if there is one.
    pub(crate) from: String,
    pub(crate) requests: u32,
    pub(crate) outcomes: Outcomes,
    /// Metrics that are not 0, without the filter's prefix.
    pub(crate) counters: BTreeMap<String, u64>,
    pub(crate) rules: Vec<rules::Rule>,
    /// Warnings and errors that the module logged.
    pub(crate) log: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Explain, out: Out) -> Result<bool> {
    let file = File::read(&args.config)?;
    let plugin = plugin(&file, args.filter.as_deref(), args.line)?;
    let request = request::Template::new(args)?;
    let config = accepted(&file, &plugin)?;
    let engine = engine(plugin.filter, args)?;
    let host = load(&engine, plugin.filter, config, args)?;
    let outcomes = send(&host, &request, args)?;
    let counters = counters(&host, plugin.filter);
    let explanation = Explanation {
        filter: plugin.filter.name,
        config: place(&file, &plugin, &Path::default()),
        summary: summary(&host, plugin.filter),
        request: request.shown(),
        from: request::client(args),
        requests: args.times,
        rules: rules(&file, &plugin, &request, &counters, &engine, args),
        outcomes,
        counters,
        log: complaints(&host),
    };
    if out.is_json() {
        out.json(&explanation)?;
    } else {
        out.write(&print::text(&explanation, out))?;
    }
    Ok(true)
}

/// The one configuration that is meant.
fn plugin(file: &File, filter: Option<&str>, line: Option<usize>) -> Result<Plugin> {
    let filter = filter.map(named).transpose()?;
    let documents = file.documents().map_err(|error| {
        let line = error.position.map_or(0, |position| position.line);
        anyhow::anyhow!("{}:{line}: {}", file.name, error.reason)
    })?;
    let found = documents.iter().flat_map(|document| plugins::find(document, filter).plugins);
    let is_meant = |plugin: &Plugin| {
        let at = position(file, plugin, &Path::default()).map(|position| position.line);
        filter.is_none_or(|filter| filter.name == plugin.filter.name)
            && line.is_none_or(|line| at == Some(line))
    };
    let mut plugins: Vec<Plugin> = found.filter(is_meant).collect();
    match (plugins.pop(), plugins.as_slice()) {
        (Some(plugin), []) => Ok(plugin),
        (None, _) => bail!(
            "{}: no configuration of {}{}",
            file.name,
            filter.map_or("ours; for one without an envelope say --filter", |filter| filter.name),
            line.map(|line| format!(" at line {line}")).unwrap_or_default()
        ),
        (Some(last), others) => {
            let all = others.iter().chain([&last]);
            let places: Vec<String> = all
                .map(|plugin| {
                    format!("{} at {}", plugin.filter.name, place(file, plugin, &Path::default()))
                })
                .collect();
            bail!("several configurations, say --filter or --line: {}", places.join(", "))
        }
    }
}

/// `FILE:LINE` of a path in the configuration.
fn place(file: &File, plugin: &Plugin, path: &Path) -> String {
    match position(file, plugin, path) {
        Some(position) => format!("{}:{}", file.name, position.line),
        None => file.name.clone(),
    }
}

/// The module that is explained.
fn engine(filter: &Filter, args: &Explain) -> Result<Engine> {
    let Some(path) = &args.module else { return Ok(Engine::new(filter.module)?) };
    let module = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(Engine::new(&module)?)
}

/// The module with a configuration.
fn load(engine: &Engine, filter: &Filter, config: Vec<u8>, args: &Explain) -> Result<TestHost> {
    let builder = TestHost::builder(engine)
        .plugin(filter.name, filter.name, filter.name)
        .plugin_config(config)
        .start_time(request::start_time(args.at.as_deref())?)
        .seed(args.seed);
    match request::attributes(builder, args)?.build() {
        Ok(host) => Ok(host),
        Err(LoadError::ConfigurationRejected(logs)) => {
            let lines: Vec<&str> = logs.iter().map(|line| line.message.as_str()).collect();
            bail!("the module refused the configuration: {}", lines.join("; "))
        }
        Err(error) => Err(error.into()),
    }
}

/// The configuration, if the filter takes it.
fn accepted(file: &File, plugin: &Plugin) -> Result<Vec<u8>> {
    let config = plugin.config.bytes();
    if let Err(error) = plugin.filter.load(&config) {
        let place = place(file, plugin, &Path::parse(error.path()));
        bail!("{place}: {}: {error}", plugin.filter.name);
    }
    Ok(config)
}

/// Every rule, and what there is to say of it.
fn rules(
    file: &File,
    plugin: &Plugin,
    request: &request::Template,
    counters: &BTreeMap<String, u64>,
    engine: &Engine,
    args: &Explain,
) -> Vec<rules::Rule> {
    let headers = request.headers(0);
    let mut rules = rules::explain(file, plugin, &headers, counters);
    if plugin.filter.name == "acl" {
        let passes = |config: &serde_json::Value| {
            let host = load(engine, plugin.filter, config.to_string().into_bytes(), args);
            host.is_ok_and(|host| {
                let sent = request.request(0);
                let outcome = host.worker(0).exchange(sent, |_| request.answer());
                outcome.upstream_request.is_some()
            })
        };
        access::explain(&plugin.config, &mut rules, passes);
    }
    rules
}

fn send(host: &TestHost, request: &request::Template, args: &Explain) -> Result<Outcomes> {
    let every = request::duration(&args.every)?;
    let mut outcomes = Outcomes::default();
    let mut next = Duration::ZERO;
    for n in 0..args.times {
        // A request that took longer than that delays the next one.
        host.advance(next.saturating_sub(host.elapsed()));
        next = host.elapsed().max(next) + every;
        let sent = request.request(n);
        let answer = request.answer();
        let outcome = host.worker(0).exchange(sent.clone(), |_| answer.clone());
        ensure!(host.traps().is_empty(), "the module trapped: {}", host.traps().join("; "));
        if let Some(death) = host.death() {
            bail!("Envoy would have died: {death}");
        }
        outcomes.add(&sent, &answer, &outcome);
    }
    Ok(outcomes)
}

/// What moved, without the filter's prefix.
fn counters(host: &TestHost, filter: &Filter) -> BTreeMap<String, u64> {
    let prefix = format!("{}.", filter.name);
    let moved = host.metrics().into_iter().filter_map(|(name, metric)| match metric {
        Metric::Counter(0) | Metric::Gauge(0) | Metric::Histogram(_) => None,
        Metric::Counter(value) | Metric::Gauge(value) => {
            Some((name.strip_prefix(&prefix).unwrap_or(&name).to_owned(), value))
        }
    });
    moved.collect()
}

/// The line that the module logs when it has loaded a configuration.
fn summary(host: &TestHost, filter: &Filter) -> String {
    let prefix = format!("{}: ", filter.name);
    let logs = host.logs();
    let mut lines = logs.iter().filter(|line| line.level == LogLevel::Info);
    let line = lines.find_map(|line| line.message.strip_prefix(&prefix));
    line.unwrap_or_default().to_owned()
}

/// Warnings and errors, each once; those of the VM that only tries a configuration are left out.
fn complaints(host: &TestHost) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in host.logs() {
        let is_worker = matches!(line.vm, VmRole::Worker(_));
        if is_worker && line.level >= LogLevel::Warn && !lines.contains(&line.message) {
            lines.push(line.message);
        }
    }
    lines
}

//! A module in the wasmtime host, on virtual time.

mod live;

use super::Run;
use super::play::{Order, Proxy, exchanges, play};
use super::refusal::refusal;
use crate::Filter;
use anyhow::{Context as _, Result, bail, ensure};
use filter_testing::{Case, Exchange, Observed};
use live::Live;
use proxy_wasm_test_host::{Engine, LoadError, Metric, Request, Response, TestHost};
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// Requests go to the workers in turn, so that what must hold for all workers together is tested.
const WORKERS: usize = 2;

/// Runs cases on a packaged module in the wasmtime host.
pub struct HostExecutor {
    engine: Engine,
    filter: String,
}

/// A module with a case's configuration and the case's first request, to be sent over and over.
pub struct Prepared {
    host: TestHost,
    request: Request,
    response: Response,
}

impl HostExecutor {
    /// Compiles the filter's module, once for all cases.
    ///
    /// # Errors
    /// The module cannot be read, or is none that a host would load.
    pub fn new(filter: &Filter) -> Result<Self> {
        let module = fs::read(&filter.module)
            .with_context(|| format!("reading {}", filter.module.display()))?;
        Ok(Self { engine: Engine::new(&module)?, filter: filter.name.clone() })
    }

    /// Runs a case.
    ///
    /// # Errors
    /// What no case may do: a trap, a pattern that kills Envoy, a response that splits, a stream
    /// that is never resumed, a context that is left behind.
    pub fn run(&self, case: &Case) -> Result<Run> {
        let host = match self.load(case, WORKERS) {
            Ok(host) => host,
            Err(LoadError::ConfigurationRejected(logs)) => {
                let lines = logs.iter().map(|line| line.message.as_str());
                return Ok(Run::Refused(refusal(&self.filter, lines)?));
            }
            Err(error) => return Err(error.into()),
        };
        let mut proxy = HostProxy { host, filter: &self.filter, sent: 0 };
        let transcript = play(case, &mut proxy);
        // What went wrong in the module explains what is wrong with the traffic.
        proxy.ensure_clean()?;
        Ok(Run::Served(transcript?))
    }

    /// Makes a case ready for measuring: one worker, and the first request of its traffic.
    ///
    /// # Errors
    /// The configuration is refused, or the case sends nothing.
    pub fn prepare(&self, case: &Case) -> Result<Prepared> {
        let host = self.load(case, 1)?;
        let first = case.traffic.iter().flat_map(exchanges).next();
        let first = first.with_context(|| format!("the case {} sends nothing", case.name))?;
        let (request, response) = (live::request(&first), live::response(&first));
        Ok(Prepared { host, request, response })
    }

    fn load(&self, case: &Case, workers: usize) -> Result<TestHost, LoadError> {
        let mut builder = TestHost::builder(&self.engine)
            .plugin(&self.filter, &self.filter, "")
            .plugin_config(case.config_bytes())
            .workers(workers)
            .seed(case.seed);
        if let Some(seconds) = case.unix_time {
            builder = builder.start_time(seconds * 1_000_000_000);
        }
        builder.build()
    }
}

impl Prepared {
    /// Sends the request so many times, one after the other, and gives the last status. The host
    /// keeps what it saw of every stream: prepare anew after some thousands.
    pub fn send(&self, times: u32) -> Option<u16> {
        let mut status = None;
        for _ in 0..times {
            let outcome =
                self.host.worker(0).exchange(self.request.clone(), |_| self.response.clone());
            status = outcome.status();
        }
        status
    }

    /// The host, for counts of calls and instructions.
    #[must_use]
    pub fn host(&self) -> &TestHost {
        &self.host
    }
}

struct HostProxy<'a> {
    host: TestHost,
    filter: &'a str,
    sent: usize,
}

impl HostProxy<'_> {
    fn begin<'x>(&mut self, exchange: &'x Exchange) -> Live<'x> {
        self.sent += 1;
        Live::begin(&self.host, self.sent % WORKERS, exchange)
    }

    /// Lets time pass until all are over.
    fn finish(&self, mut all: Vec<Live<'_>>) -> Result<Vec<Observed>> {
        while all.iter().any(|live| !live.is_over()) {
            let leaves = all.iter().filter_map(|live| live.leaves_in(&self.host)).min();
            match (self.host.next_event(), leaves) {
                (None, None) => bail!("a stream is held and nothing will resume it"),
                (Some(event), leaves) if leaves.is_none_or(|leaves| event < leaves) => {
                    self.host.advance_to_next();
                }
                (_, leaves) => self.host.advance(leaves.unwrap_or_default()),
            }
            for live in &mut all {
                live.go_on(&self.host);
            }
            if let Some(death) = self.host.death() {
                bail!("{death}");
            }
        }
        all.iter().map(|live| live.observed(self.filter)).collect()
    }

    fn last_lines(&self) -> String {
        let logs = self.host.logs();
        let last = logs.iter().rev().take(5).rev().map(ToString::to_string);
        last.collect::<Vec<_>>().join("; ")
    }

    /// What must hold after any traffic.
    fn ensure_clean(&self) -> Result<()> {
        if let Some(death) = self.host.death() {
            bail!("{death}");
        }
        let traps = self.host.traps();
        ensure!(traps.is_empty(), "trapped: {traps:?}, having said {}", self.last_lines());
        for worker in 0..WORKERS {
            let streams = self.host.worker(worker).live_contexts().saturating_sub(1);
            ensure!(streams == 0, "{streams} stream contexts are left in worker {worker}");
        }
        Ok(())
    }
}

impl Proxy for HostProxy<'_> {
    fn advance(&mut self, time: Duration) {
        self.host.advance(time);
    }

    fn exchange_all(&mut self, exchanges: &[Exchange], order: Order) -> Result<Vec<Observed>> {
        if order == Order::AtOnce {
            let all = exchanges.iter().map(|exchange| self.begin(exchange)).collect();
            return self.finish(all);
        }
        let mut observed = Vec::with_capacity(exchanges.len());
        for exchange in exchanges {
            let live = self.begin(exchange);
            observed.extend(self.finish(vec![live])?);
        }
        Ok(observed)
    }

    fn metrics(&mut self) -> Result<BTreeMap<String, u64>> {
        let prefix = format!("{}.", self.filter);
        let mut nonzero = BTreeMap::new();
        for (name, metric) in self.host.metrics() {
            let own = name.strip_prefix(&prefix);
            let own =
                own.with_context(|| format!("the metric {name} lacks the prefix {prefix}"))?;
            match metric {
                Metric::Counter(0) | Metric::Gauge(0) => {}
                Metric::Counter(value) | Metric::Gauge(value) => {
                    nonzero.insert(own.to_owned(), value);
                }
                Metric::Histogram(_) => bail!("{name} is a histogram, which no case can expect"),
            }
        }
        Ok(nonzero)
    }
}

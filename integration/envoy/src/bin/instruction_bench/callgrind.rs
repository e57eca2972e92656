//! Counting instructions of an Envoy that runs under callgrind.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use envoy_runner::{
    Bootstrap, Client, End, EnvoyProcess, HttpFilter, Launch, Listener, Request, Route, Wheel,
};

/// Requests before counting is switched on, and again before the first count: by then V8 has
/// compiled everything, and caches and connection pools are as they stay.
const WARM_UP: [u32; 2] = [100, 400];
const SHORT: u32 = 200;
const LONG: u32 = 1200;
const ROUNDS: u32 = 3;
const DUMP: &str = "callgrind.out";

/// Instructions per request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Price {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Price {
    fn of(mut rounds: Vec<f64>) -> anyhow::Result<Self> {
        rounds.sort_by(f64::total_cmp);
        let median = rounds.get(rounds.len() / 2).copied().context("no rounds")?;
        let (low, high) = (rounds.first(), rounds.last());
        Ok(Self { low: *low.unwrap_or(&median), median, high: *high.unwrap_or(&median) })
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}k", self.median / 1000.0)
    }
}

/// An error that says what to install, before anything long is begun.
pub(crate) fn check_installed() -> anyhow::Result<()> {
    for program in ["valgrind", "callgrind_control"] {
        match Command::new(program).arg("--version").output() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("{program} was not found: install valgrind (Debian: valgrind)")
            }
            other => other.with_context(|| format!("cannot run {program}"))?,
        };
    }
    Ok(())
}

/// The filter to measure, and what goes before.
#[derive(Default)]
pub(crate) struct Subject {
    pub(crate) filter: Option<HttpFilter>,
    /// A filter on another listener, and the one request that is sent there.
    pub(crate) before: Option<(HttpFilter, Request)>,
}

/// The worker's instructions for one such request, answered by Envoy itself.
pub(crate) fn price(
    wheel: &Wheel,
    subject: Subject,
    request: &Request,
    status: u16,
) -> anyhow::Result<Price> {
    let listener = |name| {
        Listener::new(name).without_access_log().route(Route::direct_response("/", 200, "ok"))
    };
    let (filter_before, request_before) = subject.before.unzip();
    let measured = subject.filter.into_iter().fold(listener("bench"), Listener::filter);
    let bootstrap = Bootstrap::new().listener(measured);
    let bootstrap = filter_before
        .into_iter()
        .fold(bootstrap, |bootstrap, filter| bootstrap.listener(listener("before").filter(filter)));
    let document = bootstrap.document();
    let envoy = Launch::new(wheel, document)
        .wrapped_by([
            "valgrind",
            "--tool=callgrind",
            // V8 writes code at run time.
            "--smc-check=all-non-file",
            "--instr-atstart=no",
            "--separate-threads=yes",
            &format!("--callgrind-out-file={DUMP}"),
        ])
        .ready_within(Duration::from_secs(180))
        .start()?;
    if let Some(request) = request_before {
        let answer = Client::once(envoy.addr("before")?, &request)?;
        ensure!(answer.status == Some(200), "the request before: {answer:?}");
    }
    let mut run = Run {
        client: Client::connect(envoy.addr("bench")?)?.timeout(Duration::from_secs(60)),
        envoy,
        request,
        status,
        dumps: 0,
    };
    run.price()
}

struct Run<'a> {
    client: Client,
    envoy: EnvoyProcess,
    request: &'a Request,
    status: u16,
    dumps: u32,
}

impl Run<'_> {
    fn price(&mut self) -> anyhow::Result<Price> {
        let [uncounted, counted] = WARM_UP;
        self.send(uncounted)?;
        self.control(&["-i", "on"])?;
        self.send(counted)?;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let short = self.count(SHORT)?;
            let long = self.count(LONG)?;
            // The worker is the thread with the most instructions; the main thread's timers and
            // the answering of callgrind itself are no part of the price.
            let worker = long.iter().max_by_key(|(_, count)| **count);
            let (thread, long) = worker.context("callgrind counted nothing")?;
            let short = short.get(thread).context("the worker slept during the short run")?;
            let more = u32::try_from(long.saturating_sub(*short)).context("absurdly expensive")?;
            rounds.push(f64::from(more) / f64::from(LONG - SHORT));
        }
        Price::of(rounds)
    }

    /// The instructions of each thread while so many requests are answered.
    fn count(&mut self, requests: u32) -> anyhow::Result<BTreeMap<String, u64>> {
        self.control(&["-z"])?;
        self.send(requests)?;
        self.control(&["-d"])?;
        self.dumps += 1;
        totals(self.envoy.directory(), &format!("{DUMP}.{}-", self.dumps))
    }

    fn send(&mut self, requests: u32) -> anyhow::Result<()> {
        for _ in 0..requests {
            let answer = self.client.send(self.request);
            let good = answer.end == End::Complete && answer.status == Some(self.status);
            ensure!(good, "not {}: {answer:?}", self.status);
        }
        Ok(())
    }

    fn control(&self, words: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new("callgrind_control");
        let output = command.args(words).arg(self.envoy.id().to_string()).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        // It exits with 0 whether or not it found the process.
        ensure!(
            output.status.success() && text.contains("OK"),
            "callgrind_control {words:?}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

/// The totals of the files whose names begin so, by the rest of the name: the thread.
fn totals(directory: &Path, prefix: &str) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut totals = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(thread) = name.strip_prefix(prefix) else { continue };
        let text = fs::read_to_string(entry.path())?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        let total = total.with_context(|| format!("{name} has no totals"))?.trim().parse()?;
        totals.insert(thread.to_owned(), total);
        // They are large, and their figures are taken.
        fs::remove_file(entry.path())?;
    }
    Ok(totals)
}

#[cfg(test)]
mod tests {
    use super::Price;

    #[test]
    fn a_price_is_the_median_of_its_rounds() {
        let price = Price::of(vec![3.0, 1.0, 2.0]).unwrap();
        assert_eq!(price, Price { low: 1.0, median: 2.0, high: 3.0 });
        assert!(Price::of(vec![]).is_err());
    }
}

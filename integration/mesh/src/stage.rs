//! Where a row is played: the mesh under the row's configuration, traffic, and what is compared.

use anyhow::{Context as _, Result};
use envoy_runner::{AccessLogEntry, Answer, Client, Request, binomial_bounds};
use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::mesh::Mesh;
use crate::progress::Progress;
use crate::scenario::Scenario;
use crate::table::Door;

/// How much earlier than configured a delay may end: Envoy's clock is coarse.
const EARLY: Duration = Duration::from_millis(5);
/// How much later than configured, on a machine that does other things too.
const LATE: Duration = Duration::from_millis(150);
/// The patience for one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The step of the scenario.
    pub step: String,
    /// What is looked at.
    pub what: String,
    /// What the page promises, in figures.
    pub expected: String,
    /// What was seen.
    pub observed: String,
    /// Whether that is what was promised.
    pub passes: bool,
    /// Whether chance alone lets it fail once in a thousand times.
    pub is_drawn: bool,
}

/// A row under way.
pub struct Stage<'a> {
    /// The mesh.
    pub mesh: &'a mut Mesh,
    scenario: &'a Scenario,
    progress: &'a mut Progress,
    step: String,
    played: Played,
}

/// What came of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// What was compared.
    pub checks: Vec<Check>,
    /// Why it was not played, if something that it needs is not here.
    pub skipped: Option<String>,
}

impl Played {
    /// Whether all is as promised; what was skipped is not known to be otherwise.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.checks.iter().all(|check| check.passes)
    }
}

impl<'a> Stage<'a> {
    /// Begins a row.
    pub fn new(mesh: &'a mut Mesh, scenario: &'a Scenario, progress: &'a mut Progress) -> Self {
        Self { mesh, scenario, progress, step: String::new(), played: Played::default() }
    }

    /// What came of it.
    #[must_use]
    pub fn into_played(self) -> Played {
        self.played
    }

    /// Says why the row cannot be played here.
    pub fn skip(&mut self, why: impl Display) {
        self.played.skipped = Some(why.to_string());
    }

    /// Lets the mesh serve by a step of the scenario.
    ///
    /// # Errors
    /// There is no such step, or an Envoy does not follow.
    pub fn step(&mut self, name: &str) -> Result<()> {
        name.clone_into(&mut self.step);
        self.progress.show(&format!("row {}: {name}", self.scenario.row))?;
        self.mesh.apply(self.scenario.step(name)?)
    }

    /// Says what is being done.
    ///
    /// # Errors
    /// Standard error is gone.
    pub fn doing(&mut self, what: impl Display) -> Result<()> {
        self.progress.show(&format!("row {}: {}: {what}", self.scenario.row, self.step))
    }

    /// Adds a comparison.
    pub fn check(
        &mut self,
        what: impl Display,
        expected: impl Display,
        observed: impl Display,
        passes: bool,
    ) {
        self.played.checks.push(Check {
            step: self.step.clone(),
            what: what.to_string(),
            expected: expected.to_string(),
            observed: observed.to_string(),
            passes,
            is_drawn: false,
        });
    }

    /// Compares two values that must be equal.
    pub fn check_equal<T: Display + PartialEq>(&mut self, what: &str, expected: T, observed: T) {
        let passes = expected == observed;
        self.check(what, expected, observed, passes);
    }

    /// Compares how many answers hold a text with how many there are; shows one that does not.
    pub fn check_text(&mut self, what: &str, answers: &[Answer], text: &str) {
        let other = answers.iter().find(|answer| !answer.text().contains(text));
        let mut observed = with_text(answers, text).to_string();
        if let Some(other) = other {
            let status = other.status.unwrap_or_default();
            observed.push_str(&format!(", else {status} {}", other.text().trim_end()));
        }
        self.check(what, answers.len(), observed, other.is_none());
    }

    /// Compares how often something happened with how often it should, within 99.9 % bounds.
    pub fn check_share(&mut self, what: &str, hits: usize, of: usize, percent: f64) {
        let trials = u32::try_from(of).unwrap_or(u32::MAX);
        let seen = f64::from(u32::try_from(hits).unwrap_or(u32::MAX));
        let bounds = binomial_bounds(trials, percent);
        let (low, high) = (bounds.start().max(0.0).ceil(), bounds.end().min(trials.into()).floor());
        let expected = format!("{percent:.0} %: {low} to {high} of {of}");
        self.check(what, expected, hits, bounds.contains(&seen));
        if let Some(check) = self.played.checks.last_mut() {
            check.is_drawn = true;
        }
    }

    /// Compares how long something took with a time of the page, as it is here.
    pub fn check_time(&mut self, what: &str, seconds: f64, seen: &[Duration]) {
        let due = self.mesh.scaled(seconds);
        let shortest = seen.iter().min().copied().unwrap_or_default();
        let median = median(seen);
        let expected = format!("{} ms (page: {seconds} s)", due.as_millis());
        let observed = format!(
            "{} to median {} ms of {}",
            shortest.as_millis(),
            median.as_millis(),
            seen.len()
        );
        let passes = !seen.is_empty() && shortest + EARLY >= due && median <= due + LATE;
        self.check(what, expected, observed, passes);
    }

    /// The gateway's HTTP door.
    ///
    /// # Errors
    /// Never with the table that is shipped.
    pub fn gateway(&self) -> Result<SocketAddr> {
        self.mesh.addr("gateway", Door::Http)
    }

    /// Asks the gateway `count` times over so many connections; answers in the order of requests.
    ///
    /// # Errors
    /// Nobody listens.
    pub fn ask(
        &mut self,
        count: usize,
        connections: usize,
        request: impl Fn(usize) -> Request + Sync,
    ) -> Result<Vec<Answer>> {
        let addr = self.gateway()?;
        self.ask_at(addr, count, connections, request)
    }

    /// Asks at an address `count` times over so many connections; answers in the order of requests.
    ///
    /// # Errors
    /// Nobody listens.
    pub fn ask_at(
        &mut self,
        addr: SocketAddr,
        count: usize,
        connections: usize,
        request: impl Fn(usize) -> Request + Sync,
    ) -> Result<Vec<Answer>> {
        self.doing(format_args!("{count} requests over {connections} connections"))?;
        let one = |first: usize| -> Result<Vec<(usize, Answer)>> {
            let connect = || anyhow::Ok(Client::connect(addr)?.timeout(PATIENCE));
            let mut client = connect()?;
            let mut answers = Vec::new();
            for number in (first..count).step_by(connections) {
                if !client.is_open() {
                    client = connect()?;
                }
                answers.push((number, client.send(&request(number))));
            }
            Ok(answers)
        };
        let mut answers = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..connections).map(|first| scope.spawn(move || one(first))).collect();
            let mut all = Vec::new();
            for thread in threads {
                all.extend(thread.join().ok().context("a client panicked")??);
            }
            anyhow::Ok(all)
        })?;
        answers.sort_by_key(|(number, _)| *number);
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }

    /// Goes on asking the gateway over so many connections while something else is done; all that came
    /// back.
    ///
    /// # Errors
    /// What is done, or nobody listens.
    pub fn under_load(
        &mut self,
        connections: usize,
        request: impl Fn(usize) -> Request + Sync,
        during: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<Vec<Answer>> {
        /// Between two requests of a connection.
        const PAUSE: Duration = Duration::from_millis(5);
        let addr = self.gateway()?;
        let stop = AtomicBool::new(false);
        let one = || -> Result<Vec<Answer>> {
            let connect = || anyhow::Ok(Client::connect(addr)?.timeout(PATIENCE));
            let mut client = connect()?;
            let mut answers = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                if !client.is_open() {
                    client = connect()?;
                }
                answers.push(client.send(&request(answers.len())));
                thread::sleep(PAUSE);
            }
            Ok(answers)
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..connections).map(|_| scope.spawn(one)).collect();
            let done = during(self);
            stop.store(true, Ordering::Relaxed);
            let mut all = Vec::new();
            for thread in threads {
                all.extend(thread.join().ok().context("a client panicked")??);
            }
            done?;
            Ok(all)
        })
    }

    /// Lets customer and preference hand on every header.
    ///
    /// # Errors
    /// They do not run.
    pub fn hand_on_everything(&self) -> Result<()> {
        for instance in ["customer", "preference"] {
            self.mesh.tell(instance, "/_mesh/forward/all")?;
        }
        Ok(())
    }

    /// A counter or gauge, summed over the Envoys of a service.
    ///
    /// # Errors
    /// There is no such service, or an Envoy does not answer.
    pub fn stat(&self, service: &str, name: &str) -> Result<usize> {
        let mut sum = 0;
        for instance in self.mesh.instances(service)? {
            sum += self.mesh.envoy(&instance)?.stat(name)?;
        }
        Ok(usize::try_from(sum)?)
    }

    /// How many lines the access logs of a service's Envoys have now.
    ///
    /// # Errors
    /// As [`Stage::log_since`].
    pub fn log_mark(&self, service: &str) -> Result<Vec<usize>> {
        let instances = self.mesh.instances(service)?;
        let count =
            |instance: &String| Ok(self.mesh.envoy(instance)?.access_log_on_stdout()?.len());
        instances.iter().map(count).collect()
    }

    /// The lines of the access logs of a service's Envoys since a mark; at least `count`, if they come.
    ///
    /// # Errors
    /// There is no such service, or its Envoy logs something else.
    pub fn log_since(
        &self,
        service: &str,
        mark: &[usize],
        side: &str,
        count: usize,
    ) -> Result<Vec<AccessLogEntry>> {
        /// Envoy flushes its log every 20 ms.
        const LOOKS: usize = 50;
        let mut found = Vec::new();
        for _ in 0..LOOKS {
            found.clear();
            for (instance, mark) in self.mesh.instances(service)?.iter().zip(mark) {
                let all = self.mesh.envoy(instance)?.access_log_on_stdout()?;
                let new = all.into_iter().skip(*mark);
                found.extend(new.filter(|entry| entry.text("side") == Some(side)));
            }
            if found.len() >= count {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(found)
    }
}

/// The middle one of some times.
#[must_use]
pub(crate) fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// How many answers have this status.
#[must_use]
pub(crate) fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == Some(status)).count()
}

/// How many answers hold this text.
#[must_use]
pub(crate) fn with_text(answers: &[Answer], text: &str) -> usize {
    answers.iter().filter(|answer| answer.text().contains(text)).count()
}

/// How long each took.
#[must_use]
pub(crate) fn times<'a>(answers: impl IntoIterator<Item = &'a Answer>) -> Vec<Duration> {
    answers.into_iter().map(|answer| answer.elapsed).collect()
}

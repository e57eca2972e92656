//! A bounded amount of traffic: closed loop, plain threads.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::client::Client;
use crate::message::{Answer, End, Request};

/// So many connections, each sending so many requests one after the other.
#[derive(Clone, Debug)]
pub struct Load {
    /// Connections, each with a thread: 1 to 256.
    pub connections: usize,
    /// Requests over each connection: 1 to 1,000,000.
    pub requests_per_connection: usize,
    /// The patience for each exchange.
    pub timeout: Duration,
}

/// What came of a [`Load`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// How many answers had which status.
    pub statuses: BTreeMap<u16, usize>,
    /// Exchanges that did not end well, by how they ended.
    pub failures: BTreeMap<String, usize>,
    /// The time of the whole.
    pub elapsed: Duration,
    /// The time of each exchange, shortest first.
    latencies: Vec<Duration>,
}

impl Load {
    /// Sends it all over HTTP/1.1; a connection that ends is replaced by a new one.
    ///
    /// `request` is given the number of the request, from 0, counted over all connections.
    ///
    /// # Errors
    /// The amount is out of bounds, or nobody listens at `addr`.
    pub fn run(
        &self,
        addr: SocketAddr,
        request: impl Fn(usize) -> Request + Sync,
    ) -> anyhow::Result<LoadReport> {
        ensure!((1..=256).contains(&self.connections), "connections must be 1 to 256");
        ensure!(
            (1..=1_000_000).contains(&self.requests_per_connection),
            "requests per connection must be 1 to 1,000,000"
        );
        let since = Instant::now();
        let request = &request;
        let mut whole = LoadReport::default();
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.connections)
                .map(|number| scope.spawn(move || self.one_connection(addr, number, request)))
                .collect();
            threads.into_iter().try_for_each(|thread| {
                let part = thread.join().ok().context("a load thread panicked")?;
                whole.add(part?);
                anyhow::Ok(())
            })
        })?;
        whole.finish(since.elapsed());
        Ok(whole)
    }

    fn one_connection(
        &self,
        addr: SocketAddr,
        number: usize,
        request: &(impl Fn(usize) -> Request + Sync),
    ) -> anyhow::Result<LoadReport> {
        let connect = || anyhow::Ok(Client::connect(addr)?.timeout(self.timeout));
        let mut report = LoadReport::default();
        let mut client = connect()?;
        for turn in 0..self.requests_per_connection {
            if !client.is_open() {
                client = connect()?;
            }
            let answer = client.send(&request(number * self.requests_per_connection + turn));
            report.count_answer(&answer);
        }
        Ok(report)
    }
}

impl LoadReport {
    /// How many answers had this status.
    #[must_use]
    pub fn count(&self, status: u16) -> usize {
        self.statuses.get(&status).copied().unwrap_or_default()
    }

    /// How many exchanges there were, failures included.
    #[must_use]
    pub fn total(&self) -> usize {
        self.latencies.len()
    }

    /// The latency that `percent` (0 to 100) of the exchanges did not exceed, by nearest rank.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Duration {
        let rank = (self.latencies.len() * usize::from(percent.min(100))).div_ceil(100);
        self.latencies.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    pub(crate) fn count_answer(&mut self, answer: &Answer) {
        self.latencies.push(answer.elapsed);
        if answer.end != End::Complete {
            *self.failures.entry(format!("{:?}", answer.end)).or_default() += 1;
        } else if let Some(status) = answer.status {
            *self.statuses.entry(status).or_default() += 1;
        }
    }

    pub(crate) fn finish(&mut self, elapsed: Duration) {
        self.latencies.sort_unstable();
        self.elapsed = elapsed;
    }

    pub(crate) fn add(&mut self, part: Self) {
        for (status, count) in part.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        for (end, count) in part.failures {
            *self.failures.entry(end).or_default() += count;
        }
        self.latencies.extend(part.latencies);
    }
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
    use super::{LoadReport, binomial_bounds};
    use std::time::Duration;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let latencies = (1..=200).map(Duration::from_millis).collect();
        let report = LoadReport { latencies, ..LoadReport::default() };
        assert_eq!(report.percentile(0), Duration::from_millis(1));
        assert_eq!(report.percentile(50), Duration::from_millis(100));
        assert_eq!(report.percentile(99), Duration::from_millis(198));
        assert_eq!(report.percentile(100), Duration::from_millis(200));
        assert_eq!(LoadReport::default().percentile(50), Duration::ZERO);
    }

    #[test]
    fn the_bounds_of_a_fair_coin() {
        let bounds = binomial_bounds(20_000, 50.0);
        assert!((bounds.start() - 9766.8).abs() < 0.1, "{bounds:?}");
        assert!((bounds.end() - 10_233.2).abs() < 0.1, "{bounds:?}");
        assert!(binomial_bounds(10, 100.0).contains(&10.0));
        assert!(!binomial_bounds(10, 100.0).contains(&9.0));
    }
}

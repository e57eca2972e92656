//! Traffic at a rate, for as long as something else is done.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::client::Client;
use crate::load::LoadReport;
use crate::message::Request;

/// So many connections, which together send so many requests a second.
#[derive(Clone, Debug)]
pub struct Paced {
    /// Connections, each with a thread: 1 to 256.
    pub connections: u32,
    /// Requests per second, over all connections: 1 to 100,000. What cannot be kept up with is sent
    /// as soon as it can be.
    pub per_second: u32,
    /// The patience for each exchange.
    pub timeout: Duration,
}

impl Paced {
    /// Sends over HTTP/1.1 from before `during` begins until it is over; a connection that ends is
    /// replaced by a new one, and nothing is sent twice.
    ///
    /// `request` is given a number that counts up on each connection from where another began, so that
    /// no two are the same.
    ///
    /// # Errors
    /// The amount is out of bounds, nobody listens at `addr`, or `during` fails.
    pub fn run<T>(
        &self,
        addr: SocketAddr,
        request: impl Fn(usize) -> Request + Sync,
        during: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<(LoadReport, T)> {
        ensure!((1..=256).contains(&self.connections), "connections must be 1 to 256");
        ensure!((1..=100_000).contains(&self.per_second), "1 to 100,000 requests per second");
        let (stop, since, request) = (AtomicBool::new(false), Instant::now(), &request);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..self.connections)
                .map(|number| {
                    let stop = &stop;
                    scope.spawn(move || self.one_connection(addr, (since, number), stop, request))
                })
                .collect();
            let done = during();
            stop.store(true, Ordering::Relaxed);
            let mut whole = LoadReport::default();
            for thread in threads {
                whole.add(thread.join().ok().context("a load thread panicked")??);
            }
            whole.finish(since.elapsed());
            Ok((whole, done?))
        })
    }

    fn one_connection(
        &self,
        addr: SocketAddr,
        (since, number): (Instant, u32),
        stop: &AtomicBool,
        request: &(impl Fn(usize) -> Request + Sync),
    ) -> anyhow::Result<LoadReport> {
        let connect = || anyhow::Ok(Client::connect(addr)?.timeout(self.timeout));
        let every = Duration::from_secs(1) / self.per_second;
        let mut report = LoadReport::default();
        let mut client = connect()?;
        let mut turn = number;
        while !stop.load(Ordering::Relaxed) {
            let due = since + every * turn;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if !client.is_open() {
                client = connect()?;
            }
            report.count_answer(&client.send(&request(usize::try_from(turn)?)));
            turn += self.connections;
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use super::Paced;
    use crate::message::Request;
    use crate::upstream::{Reply, Upstream};
    use std::thread;
    use std::time::Duration;

    #[test]
    fn the_rate_is_kept_and_every_number_is_sent_once() -> anyhow::Result<()> {
        let upstream = Upstream::start(|_| Reply::ok("a"))?;
        let load = Paced { connections: 4, per_second: 200, timeout: Duration::from_secs(5) };
        let request = |number: usize| Request::get(format!("/{number}"));
        let (report, done) = load.run(upstream.addr(), request, || {
            thread::sleep(Duration::from_millis(500));
            Ok(7)
        })?;
        assert_eq!(done, 7);
        assert!((80..=110).contains(&report.total()), "{}", report.total());
        assert_eq!((report.count(200), report.failures.len()), (report.total(), 0));
        let mut paths: Vec<_> = upstream.requests().into_iter().map(|one| one.path).collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), report.total());
        Ok(())
    }
}

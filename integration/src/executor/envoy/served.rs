//! A case's traffic over HTTP/1.1.

use super::super::play::{Order, Proxy};
use super::super::pool::in_parallel;
use super::EXCHANGE_HEADER;
use super::backend::Backend;
use anyhow::{Context as _, Result, bail, ensure};
use envoy_runner::{AccessLogEntry, Answer, Client, End, EnvoyProcess, Request};
use filter_testing::{Exchange, Observed};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

/// How long one exchange may take, and how long a state of Envoy is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Connections for requests whose order does not matter.
const CONNECTIONS: usize = 8;
/// The most that are under way at the same time: each has a thread and a connection.
const AT_ONCE: usize = 128;

/// An Envoy that serves a case.
pub(super) struct Served<'a> {
    envoy: EnvoyProcess,
    addr: SocketAddr,
    filter: &'a str,
    /// Keys of filter state beside the filter's own, which the access log has too.
    keys: BTreeSet<String>,
    backend: Backend,
    sent: u64,
}

impl<'a> Served<'a> {
    pub(super) fn new(
        envoy: EnvoyProcess,
        listener: &str,
        filter: &'a str,
        keys: BTreeSet<String>,
        backend: Backend,
    ) -> Result<Self> {
        let addr = envoy.addr(listener)?;
        Ok(Self { envoy, addr, filter, keys, backend, sent: 0 })
    }

    /// What must hold after any traffic: no VM failed, Envoy runs.
    pub(super) fn ensure_alive(&mut self) -> Result<()> {
        let log = self.envoy.log()?;
        ensure!(self.envoy.alive()?, "Envoy has ended:\n{log}");
        let failed = log.lines().find(|line| line.contains("Function: proxy_on_"));
        ensure!(failed.is_none(), "a VM failed: {failed:?}");
        Ok(())
    }

    /// The access log's entries of the exchanges from `first` on, once they are all there.
    fn logged(&self, first: u64) -> Result<HashMap<u64, AccessLogEntry>> {
        let entries = self.envoy.wait_for_access_log(usize::try_from(self.sent)?, PATIENCE)?;
        let mut by_id = HashMap::new();
        for entry in entries {
            let id = entry.text("exchange").context("a request that nobody sent")?.parse()?;
            if id >= first {
                ensure!(by_id.insert(id, entry).is_none(), "exchange {id} was logged twice");
            }
        }
        Ok(by_id)
    }

    fn observed(&self, id: u64, answer: Answer, entry: &AccessLogEntry) -> Result<Observed> {
        let received = self.backend.received(id)?;
        let headers = answer.headers.into_iter();
        Ok(Observed {
            status: answer.status,
            headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
            body: answer.body,
            details: entry.text("details").unwrap_or_default().to_owned(),
            reset: matches!(answer.end, End::Eof | End::Reset),
            upstream_called: received.is_some(),
            upstream_headers: received.unwrap_or_default(),
            filter_state: entry.text(self.filter).unwrap_or_default().to_owned(),
            filter_states: self
                .keys
                .iter()
                .filter_map(|key| Some((key.clone(), entry.text(key)?.to_owned())))
                .collect(),
            elapsed: answer.elapsed,
        })
    }
}

impl Proxy for Served<'_> {
    fn advance(&mut self, time: Duration) {
        // The case says that so much time passes, and Envoy's clock is the system's.
        thread::sleep(time);
    }

    fn exchange_all(&mut self, exchanges: &[Exchange], order: Order) -> Result<Vec<Observed>> {
        let first = self.sent;
        let ids = first..first + u64::try_from(exchanges.len())?;
        for (id, exchange) in ids.clone().zip(exchanges) {
            self.backend.expect(id, exchange);
        }
        let threads = match order {
            Order::OneByOne => 1,
            Order::Any => CONNECTIONS,
            Order::AtOnce => exchanges.len().min(AT_ONCE),
        };
        let work: Vec<(u64, &Exchange)> = ids.clone().zip(exchanges).collect();
        let addr = self.addr;
        let answers = in_parallel(threads, &work, |connection, (id, exchange)| {
            send(connection, addr, *id, exchange).with_context(|| format!("exchange {id}"))
        });
        self.sent = ids.end;
        let log = self.logged(first)?;
        let observe = |(id, answer): (u64, Result<Answer>)| {
            let entry = log.get(&id).with_context(|| format!("exchange {id} was not logged"))?;
            self.observed(id, answer?, entry)
        };
        ids.zip(answers).map(observe).collect()
    }

    fn metrics(&mut self) -> Result<BTreeMap<String, u64>> {
        let prefix = format!("wasmcustom.{}.", self.filter);
        let stats = self.envoy.stats(&format!("^{}", prefix.replace('.', "\\.")))?;
        let own = stats.into_iter().filter(|(_, value)| *value != 0);
        own.map(|(name, value)| {
            let name = name.strip_prefix(&prefix).context("a metric of another filter")?;
            Ok((name.to_owned(), value))
        })
        .collect()
    }
}

/// Sends one request over the connection, or over a new one where there is none that is open.
fn send(
    connection: &mut Option<Client>,
    addr: SocketAddr,
    id: u64,
    exchange: &Exchange,
) -> Result<Answer> {
    let request = request(id, exchange)?;
    if let Some(leaves_after) = exchange.leaves_after {
        // Dropping the client is its leaving.
        return Ok(Client::connect(addr)?.timeout(leaves_after).send(&request));
    }
    let client = match connection.take().filter(Client::is_open) {
        Some(client) => client,
        None => Client::connect(addr)?.timeout(PATIENCE),
    };
    let answer = connection.insert(client).send(&request);
    match answer.end {
        End::Complete | End::Eof | End::Reset => Ok(answer),
        end => bail!("{end:?} after {:?}", answer.elapsed),
    }
}

fn request(id: u64, exchange: &Exchange) -> Result<Request> {
    let pseudo = |name: &str| {
        let found = exchange.request.iter().find(|(other, _)| other == name.as_bytes());
        found.map(|(_, value)| value).with_context(|| format!("no {name}"))
    };
    let request = Request::get(pseudo(":path")?)
        .method(pseudo(":method")?)
        .authority(pseudo(":authority")?)
        .header(EXCHANGE_HEADER, id.to_string());
    let own = exchange.request.iter().filter(|(name, _)| !name.starts_with(b":"));
    Ok(own.fold(request, |request, (name, value)| request.header(name, value)))
}

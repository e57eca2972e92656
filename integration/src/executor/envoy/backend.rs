//! The upstream of a case: answers each request as the case says, and remembers its headers.

use super::EXCHANGE_HEADER;
use anyhow::{Context as _, Result};
use envoy_runner::{Body, Headers, Received, Reply, Upstream};
use filter_testing::Exchange;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is known of one request.
struct Entry {
    answer: filter_testing::Upstream,
    received: Option<Headers>,
}

#[derive(Clone, Default)]
struct Book(Arc<Mutex<HashMap<u64, Entry>>>);

/// A scripted upstream that listens until it is dropped.
pub(super) struct Backend {
    book: Book,
    upstream: Upstream,
}

impl Backend {
    pub(super) fn start() -> Result<Self> {
        let book = Book::default();
        let for_script = book.clone();
        let upstream = Upstream::start(move |received| for_script.answer(received))?;
        Ok(Self { book, upstream })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.upstream.addr()
    }

    /// Says what is to be answered to the exchange `id`.
    pub(super) fn expect(&self, id: u64, exchange: &Exchange) {
        let entry = Entry { answer: exchange.upstream.clone(), received: None };
        self.book.entries().insert(id, entry);
    }

    /// The headers with which the exchange `id` arrived, pseudo headers included; `None` where it
    /// did not.
    pub(super) fn received(&self, id: u64) -> Result<Option<Headers>> {
        let mut entries = self.book.entries();
        let entry = entries.get_mut(&id).with_context(|| format!("no exchange {id}"))?;
        Ok(entry.received.take())
    }
}

impl Book {
    /// A panic elsewhere does not make the entries wrong.
    fn entries(&self) -> MutexGuard<'_, HashMap<u64, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, received: &Received) -> Reply {
        let id =
            received.header(EXCHANGE_HEADER).and_then(|id| str::from_utf8(id).ok()?.parse().ok());
        let mut entries = self.entries();
        let Some(entry) = id.and_then(|id: u64| entries.get_mut(&id)) else {
            // Nobody asked for this request; no case expects such a status.
            return Reply::status(599);
        };
        entry.received = Some(headers(received));
        let own = entry.answer.headers.iter();
        let reply =
            Reply::status(entry.answer.status).body(Body::Length(entry.answer.body_bytes()));
        own.fold(reply, |reply, (name, value)| reply.header(name, value))
    }
}

fn headers(received: &Received) -> Headers {
    let host = received.header("host").unwrap_or_default().to_vec();
    let mut headers = vec![
        (b":method".to_vec(), received.method.clone()),
        (b":path".to_vec(), received.path.clone()),
        (b":authority".to_vec(), host),
    ];
    for (name, value) in &received.headers {
        let name = name.to_ascii_lowercase();
        if name != b"host" && name != EXCHANGE_HEADER.as_bytes() {
            headers.push((name, value.clone()));
        }
    }
    headers
}

//! One stream of the wasmtime host with its client and its upstream.

use anyhow::{Result, ensure};
use filter_testing::{Exchange, Observed};
use proxy_wasm_test_host::{Request, Response, StreamHandle, TestHost};
use std::collections::BTreeMap;
use std::time::Duration;

/// Envoy hands a large body over in pieces of about this size.
const PIECE: usize = 16 * 1024;

/// A stream under way.
pub(super) struct Live<'x> {
    exchange: &'x Exchange,
    stream: StreamHandle,
    is_answered: bool,
    /// In the host's virtual time.
    leaves_at: Option<Duration>,
}

impl<'x> Live<'x> {
    /// The request arrives; where the filter lets it pass, the upstream answers at once.
    pub(super) fn begin(host: &TestHost, worker: usize, exchange: &'x Exchange) -> Self {
        let leaves_at = exchange.leaves_after.map(|after| host.elapsed() + after);
        let stream = host.worker(worker).open(&request(exchange));
        let mut live = Self { exchange, stream, is_answered: false, leaves_at };
        live.go_on(host);
        live
    }

    pub(super) fn is_over(&self) -> bool {
        self.stream.is_ended()
    }

    /// How long until the client leaves; `None` where it stays or is gone.
    pub(super) fn leaves_in(&self, host: &TestHost) -> Option<Duration> {
        let leaves_at = self.leaves_at.filter(|_| !self.is_over())?;
        Some(leaves_at.saturating_sub(host.elapsed()))
    }

    /// The client leaves if it is time; the upstream answers if it was called.
    pub(super) fn go_on(&mut self, host: &TestHost) {
        if self.leaves_in(host).is_some_and(|time| time.is_zero()) {
            self.stream.disconnect();
        }
        if self.is_answered || self.is_over() {
            return;
        }
        let request = self.stream.outcome().upstream_request;
        if request.is_some_and(|request| request.complete) {
            self.is_answered = true;
            self.stream.respond(&response(self.exchange));
        }
    }

    pub(super) fn observed(&self, filter: &str) -> Result<Observed> {
        let outcome = self.stream.outcome();
        let splits = &outcome.invalid_response_headers;
        ensure!(splits.is_empty(), "headers that break the response: {splits:?}");
        let state = outcome.filter_state.get(&format!("wasm.{filter}"));
        let filter_state = String::from_utf8_lossy(state.map_or(&[], Vec::as_slice)).into_owned();
        let (status, body) = (outcome.status(), outcome.body().to_vec());
        let pairs = |message: &proxy_wasm_test_host::Message| message.headers.pairs().clone();
        let mut headers = outcome.downstream_response.as_ref().map(pairs).unwrap_or_default();
        headers.retain(|(name, _)| name != b":status");
        Ok(Observed {
            status,
            headers,
            body,
            details: outcome.details.unwrap_or_default(),
            reset: outcome.reset,
            upstream_called: outcome.upstream_request.is_some(),
            upstream_headers: outcome.upstream_request.as_ref().map(pairs).unwrap_or_default(),
            filter_state,
            filter_states: others(&outcome.filter_state, filter),
            elapsed: outcome.elapsed,
        })
    }
}

/// The request as the host takes it.
pub(super) fn request(exchange: &Exchange) -> Request {
    let request = Request { headers: exchange.request.clone(), ..Request::default() };
    let own = exchange.properties.iter();
    own.fold(request, |request, (path, value)| request.attribute(path, value.clone()))
}

/// Filter state that Wasm filters set under other keys than this filter's name.
fn others(states: &BTreeMap<String, Vec<u8>>, filter: &str) -> BTreeMap<String, String> {
    let text = |value: &Vec<u8>| String::from_utf8_lossy(value).into_owned();
    states
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("wasm.")?.to_owned(), text(value))))
        .filter(|(key, _)| key != filter)
        .collect()
}

/// The upstream's answer as HTTP/1's codec hands it over: the end of a body comes by itself.
pub(super) fn response(exchange: &Exchange) -> Response {
    let upstream = &exchange.upstream;
    let body = upstream.body_bytes();
    let mut response = Response::new(upstream.status);
    for (name, value) in &upstream.headers {
        response = response.header(name, value);
    }
    response = response.header("content-length", body.len().to_string());
    let to_head = exchange.request.contains(&(b":method".to_vec(), b"HEAD".to_vec()));
    if !body.is_empty() && !to_head {
        response.body = body.chunks(PIECE).map(<[u8]>::to_vec).collect();
        response.body.push(Vec::new());
    }
    response
}

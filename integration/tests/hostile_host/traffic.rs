//! Exchanges of many shapes.

use anyhow::{Context, Result, ensure};
use filter_testing::{Case, Step};
use proxy_wasm_test_host::{Outcome, Request, Response, TestHost};

/// So many ticks and timeouts may an exchange take; what is still held then is held for good.
const STEPS: usize = 60;

/// The adversary's attempts but those that somebody else has to end.
const ATTEMPTS: [&str; 12] = [
    "nothing",
    "cut-body",
    "end-held-response",
    "hold-again-and-again",
    "hold-response",
    "reply-at-deadline",
    "reply-at-response",
    "reply-then-reset",
    "reset-held",
    "reset-response-twice",
    "reset-twice",
    "split",
];

/// A request and what the upstream answers to it.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) shape: &'static str,
    pub(crate) request: Request,
    pub(crate) response: Response,
}

impl Exchange {
    /// Sends it through the first worker; from a stream that is held for good the client leaves.
    pub(crate) fn run(&self, host: &TestHost) -> Result<Outcome> {
        let stream = host.worker(0).open(&self.request);
        let mut is_answered = false;
        for _ in 0..STEPS {
            if stream.is_ended() {
                break;
            }
            let received = stream.outcome().upstream_request.is_some_and(|it| it.complete);
            if received && !is_answered {
                is_answered = true;
                stream.respond(&self.response);
            } else if host.advance_to_next().is_none() {
                break;
            }
        }
        let outcome = stream.outcome();
        if !stream.is_ended() {
            stream.disconnect();
        }
        let split = &outcome.invalid_response_headers;
        ensure!(split.is_empty(), "{}: the response splits: {split:?}", self.shape);
        Ok(outcome)
    }

    /// The same, but for what asks the adversary to act.
    pub(crate) fn without_attempt(&self) -> Self {
        let mut exchange = self.clone();
        exchange.request.headers.retain(|(name, _)| name != b"x-try");
        exchange
    }
}

/// The case's own requests, each also with what no client should send.
pub(crate) fn of_case(case: &Case) -> Vec<Exchange> {
    let steps = case.traffic.iter().filter(|step| step.request.is_some());
    let plain: Vec<_> = steps.take(2).filter_map(|step| from_step(step).ok()).collect();
    let hostile: Vec<_> = plain.first().map(hostile_shapes).unwrap_or_default();
    plain.into_iter().chain(hostile).collect()
}

/// All of the adversary's attempts.
pub(crate) fn of_adversary() -> Vec<Exchange> {
    let exchange = |name: &str| Exchange {
        shape: "plain",
        request: Request::get("/").header("x-try", name),
        response: Response::new(200).header("content-length", "8").body("upst").body("ream"),
    };
    ATTEMPTS.map(exchange).into()
}

fn from_step(step: &Step) -> Result<Exchange> {
    let sent = step.request.as_ref().context("a step without a request")?;
    let mut request = Request::default()
        .header(":authority", &sent.authority)
        .header(":path", &sent.path)
        .header(":method", &sent.method)
        .header(":scheme", "http");
    if sent.grpc {
        request = request.header("content-type", "application/grpc");
    }
    for (name, value) in &sent.headers {
        request = request.header(name, value.bytes(0));
    }
    let body = step.upstream.body_bytes();
    let mut response = Response::new(step.upstream.status);
    for (name, value) in &step.upstream.headers {
        response = response.header(name, value);
    }
    response = response.header("content-length", body.len().to_string());
    for piece in body.chunks(body.len().div_ceil(3).max(1)) {
        response = response.body(piece);
    }
    Ok(Exchange { shape: "plain", request, response })
}

/// The same exchange in shapes that no client and no upstream should give it.
fn hostile_shapes(plain: &Exchange) -> Vec<Exchange> {
    let with =
        |shape, change: &dyn Fn(Exchange) -> Exchange| change(Exchange { shape, ..plain.clone() });
    vec![
        with("100 headers", &|mut it| {
            for n in 0..100 {
                it.request = it.request.header(format!("x-{n}"), vec![b'v'; 600]);
                it.response = it.response.header(format!("x-{n}"), vec![b'v'; 600]);
            }
            it
        }),
        with("bytes that are no text", &|mut it| {
            let bytes: Vec<u8> = (0x80..=0xff).collect();
            it.request = it.request.header("end-user", &bytes).header("user-agent", &bytes);
            it.response = it.response.header("server", &bytes);
            it
        }),
        with("empty and repeated values", &|mut it| {
            for value in ["", "a", "", "b"] {
                it.request = it.request.header("end-user", value);
            }
            it
        }),
        with("no headers at all", &|mut it| {
            it.request.headers.clear();
            it
        }),
        with("no status, trailers", &|mut it| {
            it.response.headers.clear();
            it.response = it.response.trailer("x-t", [0xff]);
            it
        }),
        with("a body and trailers", &|mut it| {
            it.request = it.request.body([0xff; 10]).body([]).trailer("x-t", "1");
            it
        }),
    ]
}

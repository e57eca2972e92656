//! One stream on its way through the simulated proxy.

use crate::{Exchange, Observed, SimEnvironment};
use anyhow::{Result, bail, ensure};
use filter_api::{
    BodyChunk, BodyVerdict, Callbacks, Decision, Effect, Effects, HeaderMutation, HeaderPairs,
    HttpFilter, RequestHead, ResponseHead, ResponseInterest, Side, Verdict, encode_pairs,
};
use std::collections::VecDeque;
use std::time::Duration;

/// Envoy hands a large body over in pieces of about this size.
const PIECE: usize = 16 * 1024;

/// A stream that is under way.
pub(super) struct Live<'x, F: HttpFilter> {
    exchange: &'x Exchange,
    stream: F::Stream,
    next: Next,
    interest: ResponseInterest,
    pieces: VecDeque<(Vec<u8>, bool)>,
    observed: Observed,
    /// The request's headers as the filter leaves them.
    request: Vec<(Vec<u8>, Vec<u8>)>,
    started: u64,
    leaves_at: Option<u64>,
    is_grpc: bool,
}

/// What a held stream waits for, with the monotonic time at which it comes.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// Nothing; the stream is over.
    End,
    /// Its deadline on one side.
    Deadline(Side, u64),
    /// The time of a piece of its body.
    Piece(Vec<u8>, u64),
}

impl<'x, F: HttpFilter> Live<'x, F> {
    pub(super) fn new(exchange: &'x Exchange, now: u64) -> Self {
        Self {
            exchange,
            stream: F::Stream::default(),
            next: Next::End,
            interest: ResponseInterest::None,
            pieces: VecDeque::new(),
            observed: Observed::default(),
            request: exchange.request.clone(),
            started: now,
            leaves_at: exchange.leaves_after.map(|after| now + nanos(after)),
            is_grpc: false,
        }
    }

    /// When something happens to the stream; `None` once it is over.
    pub(super) fn wakes_at(&self) -> Option<u64> {
        let due = match &self.next {
            Next::End => return None,
            Next::Deadline(_, due) | Next::Piece(_, due) => *due,
        };
        Some(self.leaves_at.map_or(due, |leaves_at| due.min(leaves_at)))
    }

    /// The request arrives.
    pub(super) fn begin(&mut self, filter: &F, env: &mut SimEnvironment) -> Result<()> {
        let bytes = self.exchange.encoded_request();
        let request = RequestHead::new(HeaderPairs::parse(&bytes));
        self.is_grpc = request.is_grpc();
        env.set_stream_properties(&self.exchange.properties);
        let visible = if filter.needs_request_headers() { request } else { RequestHead::default() };
        let decision = filter.on_request_headers(&mut self.stream, &visible, env);
        self.decided(Side::Request, decision, filter, env)
    }

    /// Time has come to [`wakes_at`](Self::wakes_at).
    pub(super) fn wake(&mut self, filter: &F, env: &mut SimEnvironment) -> Result<()> {
        let next = std::mem::replace(&mut self.next, Next::End);
        if self.leaves_at.is_some_and(|leaves_at| leaves_at <= env.now()) {
            "downstream_remote_disconnect".clone_into(&mut self.observed.details);
            return self.end(filter, env);
        }
        match next {
            Next::End => Ok(()),
            Next::Deadline(side, _) => {
                let decision = filter.on_deadline(&mut self.stream, side, env);
                self.decided(side, decision, filter, env)
            }
            Next::Piece(piece, _) => {
                self.observed.body.extend(piece);
                self.pass_body(filter, env)
            }
        }
    }

    pub(super) fn into_observed(self) -> Result<Observed> {
        ensure!(matches!(self.next, Next::End), "a stream was left behind");
        Ok(self.observed)
    }

    fn decided(
        &mut self,
        side: Side,
        decision: Decision,
        filter: &F,
        env: &mut SimEnvironment,
    ) -> Result<()> {
        let Decision { verdict, effects, interest, rewrites_body } = decision;
        self.interest = interest;
        self.carry_out(Some(side), effects, env)?;
        if rewrites_body {
            ensure!(side == Side::Response, "a body was to be rewritten before there was one");
            self.observed.headers.retain(|(name, _)| name != b"content-length");
        }
        match (verdict, side) {
            (Verdict::Continue, Side::Request) => self.call_upstream(filter, env),
            (Verdict::Continue, Side::Response) => self.pass_body(filter, env),
            (Verdict::Reply(reply), _) => {
                self.observed.replied(&reply, self.is_grpc);
                self.end(filter, env)
            }
            (Verdict::Reset, Side::Request) => {
                "wasm_close_stream".clone_into(&mut self.observed.details);
                self.reset(filter, env)
            }
            (Verdict::Reset, Side::Response) => self.reset(filter, env),
            (Verdict::StopIteration(time), side) => {
                self.hold(Next::Deadline(side, env.now() + nanos(time)))
            }
        }
    }

    /// Outside header callbacks there is no `side`: only counting and giving back is possible.
    fn carry_out(
        &mut self,
        side: Option<Side>,
        effects: Effects,
        env: &mut SimEnvironment,
    ) -> Result<()> {
        for effect in effects {
            match effect {
                Effect::ClearRouteCache => {
                    ensure!(side == Some(Side::Request), "the route was cleared too late");
                }
                Effect::Count(counter, by) => env.metrics.count_by(counter, by),
                Effect::SetGauge(gauge, value) => env.metrics.set_gauge(gauge, value),
                Effect::WakeRoot(time) => env.wake_root(time),
                Effect::Release(permit) => {
                    let lowered = env.metrics.lower(permit.gauge());
                    ensure!(lowered, "a permit was given back that nobody had");
                }
                Effect::Publish(state) => {
                    ensure!(side.is_some(), "filter state was set outside a header callback");
                    let (key, value) = (state.key.as_str(), state.value.as_ref().to_owned());
                    if key == F::NAME {
                        self.observed.filter_state = value;
                    } else {
                        self.observed.filter_states.insert(key.to_owned(), value);
                    }
                }
                Effect::Mutate(mutation) => match side {
                    Some(Side::Response) => match mutation {
                        HeaderMutation::SetStatus(status) => self.observed.status = Some(status),
                        mutation => mutate(&mut self.observed.headers, mutation)?,
                    },
                    Some(Side::Request) => mutate(&mut self.request, mutation)?,
                    None => bail!("headers were changed outside a header callback"),
                },
            }
        }
        Ok(())
    }

    fn call_upstream(&mut self, filter: &F, env: &mut SimEnvironment) -> Result<()> {
        let upstream = &self.exchange.upstream;
        self.observed.upstream_called = true;
        self.observed.upstream_headers.clone_from(&self.request);
        self.observed.status = Some(upstream.status);
        "via_upstream".clone_into(&mut self.observed.details);
        let own = upstream.headers.iter();
        self.observed.headers = own
            .map(|(name, value)| (name.clone().into_bytes(), value.clone().into_bytes()))
            .collect();
        let body = upstream.body_bytes();
        let length = body.len().to_string().into_bytes();
        self.observed.headers.push((b"content-length".to_vec(), length));
        let to_head = self.exchange.request.contains(&(b":method".to_vec(), b"HEAD".to_vec()));
        if !body.is_empty() && !to_head {
            self.pieces = body.chunks(PIECE).map(|piece| (piece.to_vec(), false)).collect();
            // HTTP/1's codec hands over the end by itself.
            self.pieces.push_back((Vec::new(), true));
        }
        if self.interest == ResponseInterest::None {
            return self.pass_body(filter, env);
        }
        let status = upstream.status.to_string().into_bytes();
        let mut pairs = vec![(b":status".to_vec(), status)];
        pairs.extend(self.observed.headers.iter().cloned());
        let bytes = encode_pairs(pairs.iter().map(|(name, value)| (name, value)));
        let response = ResponseHead::new(HeaderPairs::parse(&bytes), self.pieces.is_empty());
        let decision = filter.on_response_headers(&mut self.stream, &response, env);
        self.decided(Side::Response, decision, filter, env)
    }

    /// Hands the body over, piece by piece, until the filter holds one.
    fn pass_body(&mut self, filter: &F, env: &mut SimEnvironment) -> Result<()> {
        while let Some((mut piece, end_of_stream)) = self.pieces.pop_front() {
            if self.interest != ResponseInterest::HeadersAndBody {
                self.observed.body.append(&mut piece);
                continue;
            }
            let chunk = BodyChunk { size: piece.len(), end_of_stream };
            let decision = filter.on_response_body(&mut self.stream, chunk, env);
            self.carry_out(None, decision.effects, env)?;
            match decision.verdict {
                BodyVerdict::Continue => self.observed.body.append(&mut piece),
                BodyVerdict::Keep(length) => self.observed.body.extend(piece.iter().take(length)),
                BodyVerdict::Replace(bytes) => self.observed.body.extend_from_slice(&bytes),
                BodyVerdict::Reset => return self.reset(filter, env),
                BodyVerdict::StopIteration(time) => {
                    if time.is_zero() {
                        bail!("a piece was held for no time");
                    }
                    return self.hold(Next::Piece(piece, env.now() + nanos(time)));
                }
            }
        }
        self.end(filter, env)
    }

    /// Holds the stream; the adapter refuses to where its end would not be told.
    fn hold(&mut self, until: Next) -> Result<()> {
        let is_told = F::CALLBACKS.contains(Callbacks::STREAM_END);
        ensure!(is_told, "a stream was held whose end would not be told");
        self.next = until;
        Ok(())
    }

    fn reset(&mut self, filter: &F, env: &mut SimEnvironment) -> Result<()> {
        self.observed.reset = true;
        self.end(filter, env)
    }

    fn end(&mut self, filter: &F, env: &mut SimEnvironment) -> Result<()> {
        self.next = Next::End;
        self.observed.elapsed = Duration::from_nanos(env.now() - self.started);
        if !F::CALLBACKS.contains(Callbacks::STREAM_END) {
            return Ok(());
        }
        let effects = filter.on_stream_end(&mut self.stream, env);
        self.carry_out(None, effects, env)
    }
}

/// Changes headers as the adapter does.
fn mutate(headers: &mut Vec<(Vec<u8>, Vec<u8>)>, mutation: HeaderMutation) -> Result<()> {
    match mutation {
        HeaderMutation::Add(name, value) => {
            headers.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        }
        HeaderMutation::Remove(name) => headers.retain(|(n, _)| n != name.as_bytes()),
        HeaderMutation::Set(name, value) => {
            headers.retain(|(n, _)| n != name.as_bytes());
            headers.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        }
        HeaderMutation::SetStatus(_) => bail!("a request has no status"),
    }
    Ok(())
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

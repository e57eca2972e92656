//! Envoy's filter manager for a chain of one filter: what arrives, what the module sees, what waits, what passes.

use crate::{
    header_map::{HeaderMap, Pairs},
    host::builder::FailurePolicy,
    stream::{Direction, Inbound, Iteration, Side, Stream},
    vm::{Vm, size},
};

mod actions;
mod callouts;
mod end;
mod pass;
pub(crate) mod reply;

/// What each callback answers when its stream must stop for good.
const STOP_HEADERS: u32 = 4;
const STOP_BODY: u32 = 3;
const STOP_TRAILERS: u32 = 1;

/// A callback per phase and direction.
fn export(direction: Direction, phase: Phase) -> &'static str {
    match (direction, phase) {
        (Direction::Request, Phase::Headers) => "proxy_on_request_headers",
        (Direction::Request, Phase::Body) => "proxy_on_request_body",
        (Direction::Request, Phase::Trailers) => "proxy_on_request_trailers",
        (Direction::Response, Phase::Headers) => "proxy_on_response_headers",
        (Direction::Response, Phase::Body) => "proxy_on_response_body",
        (Direction::Response, Phase::Trailers) => "proxy_on_response_trailers",
    }
}

#[derive(Clone, Copy)]
enum Phase {
    Headers,
    Body,
    Trailers,
}

impl Vm {
    /// The stream, unless it has ended.
    pub(crate) fn live(&mut self, id: u32) -> Option<&mut Stream> {
        self.state_mut().streams.get_mut(&id).filter(|stream| stream.end.is_none())
    }

    /// One side of the stream, unless the stream has ended or a local reply has overtaken this side.
    fn side(&mut self, id: u32, direction: Direction) -> Option<&mut Side> {
        let stream = self.live(id)?;
        let aborted = match direction {
            Direction::Request => stream.request_aborted,
            Direction::Response => stream.response_aborted,
        };
        if aborted { None } else { Some(stream.side_mut(direction)) }
    }

    pub(crate) fn now(&self) -> u64 {
        self.state().process.get().now
    }

    /// Creates a stream under a root context.
    pub(crate) fn open_stream(&mut self, root: u32) -> u32 {
        let id = self.new_context();
        let stream = Stream::new(root, self.now());
        self.state_mut().streams.insert(id, stream);
        id
    }

    /// Headers arrive from the client or from the upstream.
    pub(crate) fn receive_headers(
        &mut self,
        id: u32,
        direction: Direction,
        pairs: &Pairs,
        end: bool,
    ) {
        let Some(stream) = self.live(id) else { return };
        if stream.side(direction).headers.is_some() {
            return;
        }
        let map = HeaderMap::from_pairs(
            direction.map_kind(),
            pairs.iter().map(|(name, value)| (name, value)),
        );
        if direction == Direction::Response {
            stream.upstream_answered = true;
            stream.details = Some("via_upstream".to_owned());
            stream.response_code = pass::status_code(&map);
        }
        let side = stream.side_mut(direction);
        side.headers = Some(map);
        side.ended = end;
        if direction == Direction::Request {
            self.route(id);
            let root = self.state().streams.get(&id).map_or(0, |stream| stream.root);
            self.call("proxy_on_context_create", id, &[id, root]);
        }
        self.run_headers(id, direction, end);
        self.pump(id, direction);
    }

    /// A chunk of body arrives; it waits while back-pressure holds.
    pub(crate) fn receive_data(
        &mut self,
        id: u32,
        direction: Direction,
        chunk: Vec<u8>,
        end: bool,
    ) {
        if let Some(side) = self.side(id, direction) {
            side.inbound.push_back(Inbound::Data(chunk, end));
        }
        self.pump(id, direction);
    }

    /// Trailers arrive and end the message.
    pub(crate) fn receive_trailers(&mut self, id: u32, direction: Direction, pairs: Pairs) {
        if let Some(side) = self.side(id, direction) {
            side.inbound.push_back(Inbound::Trailers(pairs));
        }
        self.pump(id, direction);
    }

    /// The buffer is at its limit, so Envoy has told the source to wait.
    pub(crate) fn is_read_disabled(&self, id: u32, direction: Direction) -> bool {
        let limit = self.state().process.get().settings.buffer_limit;
        self.state().streams.get(&id).is_some_and(|stream| {
            let side = stream.side(direction);
            side.is_paused() && side.buffered() > limit
        })
    }

    /// Processes what has arrived until back-pressure or the end.
    fn pump(&mut self, id: u32, direction: Direction) {
        while !self.is_read_disabled(id, direction) {
            let Some(side) = self.side(id, direction) else { return };
            if side.headers.is_none() {
                return;
            }
            match side.inbound.pop_front() {
                Some(Inbound::Data(chunk, end)) => self.arrive_data(id, direction, chunk, end),
                Some(Inbound::Trailers(pairs)) => self.arrive_trailers(id, direction, &pairs),
                None => return,
            }
        }
    }

    fn arrive_data(&mut self, id: u32, direction: Direction, chunk: Vec<u8>, end: bool) {
        let Some(side) = self.side(id, direction) else { return };
        side.ended |= end;
        if matches!(side.iteration, Iteration::StopAll { .. }) {
            side.buffer.get_or_insert_default().extend(chunk);
            self.check_limit(id, direction);
        } else {
            self.run_data(id, direction, chunk, end);
        }
    }

    fn arrive_trailers(&mut self, id: u32, direction: Direction, pairs: &Pairs) {
        let Some(side) = self.side(id, direction) else { return };
        side.trailers = Some(crate::message::Message::map(crate::MapKind::Other, pairs));
        side.ended = true;
        if matches!(side.iteration, Iteration::StopAll { .. }) {
            side.trailers_pending = true;
        } else {
            self.run_trailers(id, direction);
        }
    }

    /// Calls the module; a VM that trapped is answered for by the failure policy.
    fn filter_call(&mut self, id: u32, export: &'static str, args: &[u32], stop: u32) -> u32 {
        let returned = if self.is_failed() { None } else { self.call(export, id, args) };
        if self.is_failed() {
            return self.fail_stream(id, stop);
        }
        match returned {
            Some(returned) if returned.stopped => stop,
            Some(returned) => returned.code,
            // A callback that is not exported lets everything pass.
            None => 0,
        }
    }

    fn fail_stream(&mut self, id: u32, stop: u32) -> u32 {
        let policy = self.state().process.get().settings.failure_policy;
        let Some(stream) = self.live(id) else { return stop };
        // The 503 itself passes the broken filter.
        if policy == FailurePolicy::FailOpen || std::mem::replace(&mut stream.fail_reply_sent, true)
        {
            return 0;
        }
        self.local_reply(id, reply::fail_reply());
        stop
    }

    fn run_headers(&mut self, id: u32, direction: Direction, end: bool) {
        let allow_stop = self.state().process.get().settings.allow_on_headers_stop_iteration;
        let Some(side) = self.side(id, direction) else { return };
        side.headers_visible = true;
        side.in_headers_callback = true;
        let count = side.headers.as_ref().map_or(0, |headers| headers.pairs().len());
        let args = [id, size(count), end.into()];
        let code = self.filter_call(id, export(direction, Phase::Headers), &args, STOP_HEADERS);
        let Some(side) = self.side(id, direction) else { return };
        side.in_headers_callback = false;
        match code {
            // 2, ContinueAndEndStream, is taken as Continue.
            0 | 2 => {
                side.headers_visible = false;
                self.pass_headers(id, direction, end);
            }
            1 if allow_stop => side.iteration = Iteration::StopSingle,
            3 => side.iteration = Iteration::StopAll { watermark: false },
            _ => side.iteration = Iteration::StopAll { watermark: true },
        }
    }

    fn run_data(&mut self, id: u32, direction: Direction, chunk: Vec<u8>, end: bool) {
        let Some(side) = self.side(id, direction) else { return };
        let visible = if side.buffering {
            let buffer = side.buffer.get_or_insert_default();
            buffer.extend(chunk);
            side.chunk = Some(Vec::new());
            buffer.len()
        } else {
            side.chunk.insert(chunk).len()
        };
        self.check_limit(id, direction);
        if self.side(id, direction).is_none() {
            return;
        }
        let code = self.filter_call(
            id,
            export(direction, Phase::Body),
            &[id, size(visible), end.into()],
            STOP_BODY,
        );
        let Some(side) = self.side(id, direction) else { return };
        let chunk = side.chunk.take().unwrap_or_default();
        side.buffering = code == 1;
        if code == 0 {
            if side.iteration == Iteration::StopSingle {
                side.buffer.get_or_insert_default().extend(chunk);
                self.resume(id, direction);
            } else {
                self.pass_data(id, direction, &chunk, end);
            }
            return;
        }
        side.iteration = Iteration::StopSingle;
        side.streaming = code == 2;
        if matches!(code, 1 | 2) {
            side.buffer.get_or_insert_default().extend(chunk);
        } else if side.ended {
            // The chunk is dropped, the end of the stream is not.
            side.buffer.get_or_insert_default();
        }
        self.check_limit(id, direction);
    }

    fn run_trailers(&mut self, id: u32, direction: Direction) {
        let Some(side) = self.side(id, direction) else { return };
        side.trailers_visible = true;
        side.trailers_pending = false;
        let count = side.trailers.as_ref().map_or(0, |trailers| trailers.pairs().len());
        let code = self.filter_call(
            id,
            export(direction, Phase::Trailers),
            &[id, size(count)],
            STOP_TRAILERS,
        );
        let Some(side) = self.side(id, direction) else { return };
        if code != 0 {
            side.iteration = Iteration::StopSingle;
            side.trailers_pending = true;
            return;
        }
        side.trailers_visible = false;
        if side.iteration == Iteration::StopSingle {
            side.trailers_pending = true;
            self.resume(id, direction);
        } else {
            self.pass_trailers(id, direction);
        }
    }

    /// `continueDecoding` or `continueEncoding`: passes what waits.
    ///
    /// Where nothing is paused nothing happens, with Envoy's exception: during `on_request_headers` the headers go
    /// upstream at once, and once more when the callback returns Continue.
    pub(crate) fn resume(&mut self, id: u32, direction: Direction) {
        let Some(side) = self.side(id, direction) else { return };
        if !side.is_paused() {
            let in_callback = side.in_headers_callback;
            if direction == Direction::Request && in_callback && !side.headers_continued {
                let end = side.ended;
                self.pass_headers(id, direction, end);
            }
            return;
        }
        let from_this_filter = side.iteration != Iteration::StopSingle;
        side.iteration = Iteration::Continue;
        side.buffering = false;
        if !side.headers_continued {
            side.headers_visible = false;
            let end = side.ended && side.buffer.is_none() && !side.trailers_pending;
            self.pass_headers(id, direction, end);
        }
        let Some(side) = self.side(id, direction) else { return };
        let (buffer, trailers, ended) = (side.buffer.take(), side.trailers_pending, side.ended);
        match buffer {
            Some(buffer) if from_this_filter => {
                self.run_data(id, direction, buffer, ended && !trailers)
            }
            Some(buffer) => self.pass_data(id, direction, &buffer, ended && !trailers),
            None => {}
        }
        if trailers && from_this_filter {
            self.run_trailers(id, direction);
        } else if trailers {
            self.pass_trailers(id, direction);
        }
        self.pump(id, direction);
    }

    /// A buffer that may not wait and is above the limit fails the stream.
    fn check_limit(&mut self, id: u32, direction: Direction) {
        let limit = self.state().process.get().settings.buffer_limit;
        let Some(side) = self.side(id, direction) else { return };
        let may_wait = side.iteration == Iteration::StopAll { watermark: true }
            || (side.streaming && !side.buffering);
        if side.buffered() > limit && !may_wait {
            self.local_reply(id, reply::too_large(direction));
        }
    }
}

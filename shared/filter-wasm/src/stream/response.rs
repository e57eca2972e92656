//! The response's way through a stream.

use super::{Hold, Phase, Stream};
use crate::environment::HostEnvironment;
use crate::exports;
use crate::hostcalls::{self, BufferType, MapType, Status};
use crate::queue::due;
use filter_api::{
    BodyChunk, BodyVerdict, Environment, HeaderPairs, HttpFilter, ResponseHead, ResponseInterest,
    Side,
};
use proxy_wasm::types::Action;
use std::rc::Rc;
use std::time::Duration;

impl<F: HttpFilter> Stream<F> {
    pub(crate) fn on_response_headers(self: &Rc<Self>, end_of_stream: bool) -> Action {
        match self.phase.get() {
            Phase::Flowing => {}
            // Our own reply on its way out.
            Phase::Terminated => return Action::Continue,
            // Envoy answered a request that is held here (a timeout): it is over for us.
            Phase::Held(_) => return self.give_up(),
        }
        if self.interest.get() == ResponseInterest::None {
            return Action::Continue;
        }
        let sources = &self.plugin.sources;
        let buffer = match hostcalls::header_pairs(MapType::Response) {
            Ok(buffer) => buffer,
            Err(status) => {
                // The answer is the upstream's own; without its headers it passes as it is.
                sources.report("reading the response headers", status);
                return self.give_up();
            }
        };
        let response = ResponseHead::new(HeaderPairs::parse(&buffer), end_of_stream);
        let mut env = HostEnvironment::new(sources);
        let mut state = self.state.borrow_mut();
        let decision = self.plugin.filter.on_response_headers(&mut state, &response, &mut env);
        drop(state);
        self.carry_out(Side::Response, decision, Some(response.headers()), &mut env)
    }

    pub(crate) fn on_response_body(self: &Rc<Self>, size: usize, end_of_stream: bool) -> Action {
        if self.phase.get() == Phase::Terminated
            || self.interest.get() != ResponseInterest::HeadersAndBody
        {
            return Action::Continue;
        }
        let mut env = HostEnvironment::new(&self.plugin.sources);
        let action = match self.ask(BodyChunk { size, end_of_stream }, &mut env) {
            BodyVerdict::Continue => self.pass_body(Ok(())),
            BodyVerdict::Keep(length) if length >= size => self.pass_body(Ok(())),
            BodyVerdict::Keep(length) => self.pass_body(keep(length)),
            BodyVerdict::Replace(bytes) => self.pass_body(hostcalls::replace_response_body(&bytes)),
            BodyVerdict::Reset => match self.reset(Side::Response) {
                // Not even a reset: at least no more of the body goes on.
                Action::Continue => self.pass_body(keep(0)),
                action => action,
            },
            BodyVerdict::StopIteration(time) => {
                let action = self.hold_body(time, &mut env);
                if action == Action::Pause {
                    exports::stop_with_watermark();
                }
                action
            }
        };
        self.pay_attention();
        action
    }

    /// Trailers wait behind a body that is held; they would carry it along. To the filter they are
    /// the body's end, at which it can only wait or reset: there is no piece left to change.
    pub(crate) fn on_response_trailers(self: &Rc<Self>) -> Action {
        match self.phase.get() {
            Phase::Held(_) => return Action::Pause,
            Phase::Terminated => return Action::Continue,
            Phase::Flowing => {}
        }
        if self.interest.get() != ResponseInterest::HeadersAndBody {
            return Action::Continue;
        }
        let mut env = HostEnvironment::new(&self.plugin.sources);
        let action = match self.ask(BodyChunk { size: 0, end_of_stream: true }, &mut env) {
            BodyVerdict::Reset => self.reset(Side::Response),
            BodyVerdict::StopIteration(time) => self.hold_body(time, &mut env),
            BodyVerdict::Continue | BodyVerdict::Keep(_) | BodyVerdict::Replace(_) => {
                Action::Continue
            }
        };
        self.pay_attention();
        action
    }

    fn ask(&self, chunk: BodyChunk, env: &mut HostEnvironment<'_>) -> BodyVerdict {
        let mut state = self.state.borrow_mut();
        let decision = self.plugin.filter.on_response_body(&mut state, chunk, env);
        drop(state);
        self.plugin.apply(&decision.effects, env);
        decision.verdict
    }

    /// Lets a piece go on, and with it whatever was held before it.
    fn pass_body(&self, changed: Result<(), Status>) -> Action {
        if let Err(status) = changed {
            self.plugin.sources.report("changing a body", status);
        }
        self.release();
        Action::Continue
    }

    fn hold_body(self: &Rc<Self>, time: Duration, env: &mut HostEnvironment<'_>) -> Action {
        let now = env.monotonic();
        let hold = Hold { side: Side::Response, due: due(now, time), body: true };
        self.hold(now, hold)
    }

    fn give_up(&self) -> Action {
        self.release();
        self.phase.set(Phase::Terminated);
        self.interest.set(ResponseInterest::None);
        self.pay_attention();
        Action::Continue
    }
}

/// Cuts the piece at hand to its first bytes.
fn keep(length: usize) -> Result<(), Status> {
    let kept =
        if length == 0 { Vec::new() } else { hostcalls::buffer(BufferType::ResponseBody, length)? };
    hostcalls::replace_response_body(&kept)
}

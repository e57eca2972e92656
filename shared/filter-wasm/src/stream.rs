//! One request: asks the filter, carries out its verdict, and keeps the rules that keep Envoy up.

mod held;
mod response;

use crate::apply::{self, Target};
use crate::environment::HostEnvironment;
use crate::exports::Attention;
use crate::hostcalls::{self, MapType, Status, StreamType};
use crate::queue::due;
use crate::root::Plugin;
use filter_api::{
    Callbacks, Decision, Environment, FailureMode, HeaderPairs, HttpFilter, LocalReply,
    RequestHead, ResponseInterest, Side, Verdict,
};
use proxy_wasm::types::Action;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Where a stream stands. Only the transitions of this module change it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing is held.
    Flowing,
    /// Held until a deadline.
    Held(Hold),
    /// Replied to or reset: nothing more is done to it.
    Terminated,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Hold {
    side: Side,
    /// Monotonic nanoseconds.
    due: u64,
    /// Held in a body callback: when the time is over it goes on without asking the filter.
    body: bool,
}

/// A stream, shared between the table of streams and the queue of deadlines.
pub(crate) struct Stream<F: HttpFilter> {
    id: u32,
    plugin: Rc<Plugin<F>>,
    state: RefCell<F::Stream>,
    phase: Cell<Phase>,
    interest: Cell<ResponseInterest>,
    attention: Attention,
}

impl<F: HttpFilter> Stream<F> {
    pub(crate) fn new(id: u32, plugin: Rc<Plugin<F>>) -> Self {
        Self {
            id,
            plugin,
            state: RefCell::default(),
            phase: Cell::new(Phase::Flowing),
            interest: Cell::default(),
            attention: Attention::default(),
        }
    }

    /// Makes a stream that has ended one that begins, of the same plugin; false where that serves
    /// `root` no more. What was remembered of it is gone already: see [`Self::end`].
    pub(crate) fn begin_again(&mut self, id: u32, root: u32) -> bool {
        self.id = id;
        self.phase.set(Phase::Flowing);
        self.interest.set(ResponseInterest::None);
        self.plugin.root.get() == root
    }

    /// The host's id.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn on_request_headers(self: &Rc<Self>) -> Action {
        let filter = &self.plugin.filter;
        let mut env = HostEnvironment::new(&self.plugin.sources);
        if !filter.needs_request_headers() {
            let request = RequestHead::default();
            let decision =
                filter.on_request_headers(&mut self.state.borrow_mut(), &request, &mut env);
            return self.carry_out(Side::Request, decision, None, &mut env);
        }
        let buffer = match hostcalls::header_pairs(MapType::Request) {
            Ok(buffer) => buffer,
            Err(status) => return self.host_failed("reading the request headers", status),
        };
        let request = RequestHead::new(HeaderPairs::parse(&buffer));
        let decision = filter.on_request_headers(&mut self.state.borrow_mut(), &request, &mut env);
        self.carry_out(Side::Request, decision, Some(request.headers()), &mut env)
    }

    /// Does what a decision on headers says. The action is for the callback that asked.
    fn carry_out(
        self: &Rc<Self>,
        side: Side,
        decision: Decision,
        snapshot: Option<HeaderPairs<'_>>,
        env: &mut HostEnvironment<'_>,
    ) -> Action {
        let Decision { verdict, effects, interest, rewrites_body } = decision;
        let sources = &self.plugin.sources;
        self.interest.set(interest);
        let applied = match effects.as_slice() {
            [] => Ok(()),
            _ => self.plugin.apply_on(&effects, &Target { side, snapshot }, env),
        };
        let goes_on = matches!(verdict, Verdict::Continue | Verdict::StopIteration(_));
        let is_strict = F::FAILURE_MODE == FailureMode::Deny && side == Side::Request;
        if is_strict && goes_on && applied.is_err() {
            // What was to be taken off the request would otherwise reach the upstream with it.
            return self.fail();
        }
        if let (Side::Response, true, Some(snapshot)) = (side, rewrites_body, snapshot) {
            apply::forget_length(sources, snapshot);
        }
        let action = match verdict {
            Verdict::Continue => Action::Continue,
            Verdict::StopIteration(time) => {
                let now = env.monotonic();
                let due = due(now, time);
                self.hold(now, Hold { side, due, body: false })
            }
            Verdict::Reply(reply) => self.reply(&reply),
            Verdict::Reset => self.reset(side),
        };
        self.pay_attention();
        action
    }

    /// The first terminal action of the stream, and the last.
    fn reply(&self, reply: &LocalReply) -> Action {
        self.release();
        match hostcalls::send_local_response(reply) {
            Ok(()) => {
                self.phase.set(Phase::Terminated);
                Action::Pause
            }
            Err(status) => self.host_failed("sending a local reply", status),
        }
    }

    /// The first terminal action of the stream, and the last.
    fn reset(&self, side: Side) -> Action {
        self.release();
        let stream = match side {
            Side::Request => StreamType::Request,
            Side::Response => StreamType::Response,
        };
        match hostcalls::close_stream(stream) {
            Ok(()) => {
                self.phase.set(Phase::Terminated);
                Action::Pause
            }
            Err(status) => self.host_failed("resetting a stream", status),
        }
    }

    /// The host failed a call that the decision needs. Nothing that is to be refused goes on: where
    /// not even a reply or a reset succeeds, the stream stays where it is.
    #[cold]
    fn host_failed(&self, what: &str, status: Status) -> Action {
        self.plugin.sources.report(what, status);
        self.fail()
    }

    /// What the filter's failure mode says becomes of the stream.
    #[cold]
    fn fail(&self) -> Action {
        let sources = &self.plugin.sources;
        self.release();
        if F::FAILURE_MODE == FailureMode::Allow {
            return Action::Continue;
        }
        self.phase.set(Phase::Terminated);
        if let Err(status) = hostcalls::send_local_response(&self.plugin.failure_reply) {
            sources.report("refusing a request", status);
            if let Err(status) = hostcalls::close_stream(StreamType::Request) {
                sources.report("resetting a request", status);
            }
        }
        Action::Pause
    }

    /// Response callbacks are dispatched only while some stream of the VM needs them.
    fn pay_attention(&self) {
        let held = matches!(self.phase.get(), Phase::Held(_));
        self.attention.set(held || self.interest.get() != ResponseInterest::None);
    }

    /// Whether a further callback of the stream has something to do.
    #[inline]
    pub(crate) fn is_attentive(&self) -> bool {
        self.attention.is_set()
    }

    /// The stream is over: what it holds of the process is given back.
    pub(crate) fn end(&self) {
        self.attention.set(false);
        if F::CALLBACKS.contains(Callbacks::STREAM_END) {
            self.release();
            let mut env = HostEnvironment::new(&self.plugin.sources);
            let effects = self.plugin.filter.on_stream_end(&mut self.state.borrow_mut(), &mut env);
            if !effects.as_slice().is_empty() {
                self.plugin.apply(&effects, &mut env);
            }
        }
        // Its memory may be kept for the next stream; what it remembers is not.
        self.state.take();
    }
}

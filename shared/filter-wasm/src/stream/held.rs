//! Holding a stream until a deadline, and letting it go.

use super::{Hold, Phase, Stream};
use crate::environment::HostEnvironment;
use crate::hostcalls::{self, Status, StreamType};
use filter_api::{Callbacks, HttpFilter, Side};
use proxy_wasm::types::Action;
use std::rc::Rc;

impl<F: HttpFilter> Stream<F> {
    /// Holds the stream. Where the host sets no tick it cannot be held, for nothing would end it.
    pub(super) fn hold(self: &Rc<Self>, now: u64, hold: Hold) -> Action {
        self.release();
        if !F::CALLBACKS.contains(Callbacks::STREAM_END) {
            // Its end would not be told, and to act on a stream that has ended ends Envoy.
            return self
                .host_failed("holding a stream whose end is not told", Status::UNIMPLEMENTED);
        }
        let stream = Rc::downgrade(self);
        match self.plugin.timers.add(now, hold.due, self.id, stream) {
            Ok(()) => {
                self.phase.set(Phase::Held(hold));
                Action::Pause
            }
            Err(status) => self.host_failed("setting the tick", status),
        }
    }

    /// Forgets the deadline of a held stream. The caller decides what becomes of it.
    pub(super) fn release(&self) {
        if let Phase::Held(hold) = self.phase.get() {
            self.phase.set(Phase::Flowing);
            if let Err(status) = self.plugin.timers.remove(hold.due, self.id) {
                self.plugin.sources.report("stopping the tick", status);
            }
        }
    }

    /// A deadline taken from the queue: asks the filter, unless a body is held, and goes on.
    pub(crate) fn on_deadline(self: &Rc<Self>, now: u64) {
        let Phase::Held(hold) = self.phase.get() else { return };
        self.phase.set(Phase::Flowing);
        if let Err(status) = hostcalls::set_effective_context(self.id) {
            // The host has given the stream up, so its deletion follows.
            self.phase.set(Phase::Terminated);
            self.plugin.sources.report("turning to a held stream", status);
            return;
        }
        let action = if hold.body {
            Action::Continue
        } else {
            let mut env = HostEnvironment::at(&self.plugin.sources, now);
            let mut state = self.state.borrow_mut();
            let decision = self.plugin.filter.on_deadline(&mut state, hold.side, &mut env);
            drop(state);
            self.carry_out(hold.side, decision, None, &mut env)
        };
        if action == Action::Continue {
            self.resume(hold.side);
        }
        self.pay_attention();
    }

    /// Resumes the side that was held, and no other.
    fn resume(&self, side: Side) {
        let stream = match side {
            Side::Request => StreamType::Request,
            Side::Response => StreamType::Response,
        };
        if let Err(status) = hostcalls::continue_stream(stream) {
            self.plugin.sources.report("resuming a stream", status);
        }
    }
}

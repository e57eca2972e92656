//! What the module asked for during a callback and Envoy does once the callback has returned.

use crate::{
    death::KillPattern,
    stream::{Direction, End},
    vm::{Vm, state::Action},
};

impl Vm {
    /// Carries out the actions in order. Callbacks called meanwhile carry out what is left before they return.
    pub(crate) fn run_actions(&mut self) {
        while let Some(action) = self.state_mut().actions.pop_front() {
            if self.state().process.get().death.is_some() {
                self.state_mut().actions.clear();
                return;
            }
            match action {
                Action::Continue(id, Direction::Request) => self.resume(id, Direction::Request),
                Action::Continue(id, Direction::Response) => self.resume_response(id),
                Action::Reply(id, reply) => self.local_reply(id, reply),
                Action::Close(id) => self.close(id),
                Action::DeleteRoot(id) => self.delete_root(id),
            }
        }
    }

    fn resume_response(&mut self, id: u32) {
        let Some(stream) = self.live(id) else { return };
        if stream.response.headers.is_none() {
            let callback = self.state().callback;
            self.state().process.die(KillPattern::ContinueResponseTooEarly, callback, id);
            return;
        }
        self.resume(id, Direction::Response);
    }

    fn close(&mut self, id: u32) {
        let Some(stream) = self.live(id) else { return };
        stream.details.get_or_insert_with(|| "wasm_close_stream".to_owned());
        self.finish(id, End::Reset);
    }
}

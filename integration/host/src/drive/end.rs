//! How streams and root contexts end, and how root contexts tick.

use crate::{
    death::KillPattern,
    stream::{Direction, End},
    vm::Vm,
};

/// Nanoseconds in a millisecond.
const MILLISECOND: u64 = 1_000_000;

impl Vm {
    /// Marks the stream as ended; [`Self::settle`] runs its last callbacks.
    pub(crate) fn finish(&mut self, id: u32, end: End) {
        let now = self.now();
        if let Some(stream) = self.live(id) {
            stream.end = Some(end);
            stream.ended_at = Some(now);
        }
    }

    /// The client is gone.
    pub(crate) fn disconnect(&mut self, id: u32) {
        if let Some(stream) = self.live(id) {
            stream.details = Some("downstream_remote_disconnect".to_owned());
            self.finish(id, End::Disconnect);
        }
        self.settle();
    }

    /// The upstream resets the stream, or cannot be reached: Envoy answers 503.
    pub(crate) fn upstream_reset(&mut self, id: u32) {
        let Some(stream) = self.live(id) else { return };
        let details = if stream.side(Direction::Response).headers.is_some() {
            "upstream_reset_after_response_started{connection_termination}"
        } else {
            "upstream_reset_before_response_started{connection_termination}"
        };
        let reply = crate::vm::state::Reply {
            status: 503,
            details: details.to_owned(),
            body: b"upstream connect error or disconnect/reset before headers. reset reason: connection termination".to_vec(),
            headers: Vec::new(),
            grpc_status: -1,
        };
        self.local_reply(id, reply);
        self.settle();
    }

    /// Runs `on_log`, `on_done` and `on_delete` of every stream that has ended.
    pub(crate) fn settle(&mut self) {
        while let Some(id) = self.next_ended() {
            self.mark(id, true, true);
            self.call("proxy_on_log", id, &[id]);
            self.mark(id, true, false);
            // Streams are deleted whatever on_done answers.
            self.call("proxy_on_done", id, &[id]);
            self.call("proxy_on_delete", id, &[id]);
            self.mark(id, false, false);
            if let Some(stream) = self.state_mut().streams.get_mut(&id) {
                stream.deleted = true;
            }
        }
    }

    fn next_ended(&self) -> Option<u32> {
        let mut streams = self.state().streams.iter();
        streams
            .find(|(_, stream)| stream.end.is_some() && !stream.deleted && !stream.ending)
            .map(|(id, _)| *id)
    }

    fn mark(&mut self, id: u32, ending: bool, logging: bool) {
        if let Some(stream) = self.state_mut().streams.get_mut(&id) {
            stream.ending = ending;
            stream.logging = logging;
        }
    }

    /// When the VM's next tick is due, nanoseconds since the epoch, and which root's.
    pub(crate) fn next_tick(&self) -> Option<(u64, u32)> {
        if self.is_failed() {
            return None;
        }
        let roots = self.state().roots.iter().filter(|(_, root)| !root.deleted);
        roots.filter_map(|(id, root)| Some((root.next_tick?, *id))).min()
    }

    /// Runs one root's tick and arms the next.
    pub(crate) fn tick(&mut self, root: u32) {
        let state = self.state_mut();
        state.ticking = Some(root);
        state.armed_in_tick = false;
        if let Some(root) = state.roots.get_mut(&root) {
            root.next_tick = None;
        }
        self.call("proxy_on_tick", root, &[root]);
        self.settle();
        let now = self.now();
        let state = self.state_mut();
        state.ticking = None;
        let armed = state.armed_in_tick;
        let Some(ticked) = state.roots.get_mut(&root) else { return };
        if ticked.period > 0 {
            ticked.next_tick.get_or_insert(now + ticked.period * MILLISECOND);
            if armed {
                state.process.die(KillPattern::TickArmedDuringTick, "proxy_on_tick", root);
            }
        }
    }

    /// Tells a root context that its configuration is gone.
    pub(crate) fn shut_down_root(&mut self, id: u32) {
        let done = self.call("proxy_on_done", id, &[id]);
        if done.is_some_and(|returned| returned.code == 0) {
            if let Some(root) = self.state_mut().roots.get_mut(&id) {
                root.done_pending = true;
            }
        } else {
            self.delete_root(id);
        }
        self.settle();
    }

    pub(super) fn delete_root(&mut self, id: u32) {
        self.call("proxy_on_delete", id, &[id]);
        if let Some(root) = self.state_mut().roots.get_mut(&id) {
            root.deleted = true;
            root.next_tick = None;
        }
    }
}

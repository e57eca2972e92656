//! One queue of deadlines per plugin and worker, served by the root's tick.

use crate::hostcalls::{self, Result};
use crate::queue::{DeadlineQueue, tick_period};
use std::cell::{Cell, RefCell};
use std::rc::Weak;

/// The host's event loop counts in coarse milliseconds, so a tick may come this much before the
/// time asked for, as native timers do. Asking again would cost a whole further tick.
const EARLY: u64 = 1_000_000;

/// Deadlines of streams, and the plugin's own.
pub(crate) struct Timers<S> {
    streams: RefCell<DeadlineQueue<Weak<S>>>,
    root_due: Cell<Option<u64>>,
    /// What the tick is set for; `None` where it is stopped.
    armed: Cell<Option<u64>>,
}

impl<S> Default for Timers<S> {
    fn default() -> Self {
        Self { streams: RefCell::default(), root_due: Cell::new(None), armed: Cell::new(None) }
    }
}

impl<S> Timers<S> {
    /// Stops the tick. Done in every configuration: it makes the host create the tick's entry
    /// before any tick runs, without which older Envoys crash when one is armed during another's.
    pub(crate) fn reset(&self) -> Result<()> {
        self.armed.set(None);
        hostcalls::set_tick_period(0)
    }

    /// Wakes `stream` at `due`. On an error it will not be woken.
    pub(crate) fn add(&self, now: u64, due: u64, id: u32, stream: Weak<S>) -> Result<()> {
        self.streams.borrow_mut().insert(due, id, stream);
        let armed = self.arm(now);
        if armed.is_err() {
            self.streams.borrow_mut().remove(due, id);
        }
        armed
    }

    /// Wakes the plugin itself at `due`, instead of when it was to be woken before.
    pub(crate) fn set_root(&self, now: u64, due: u64) -> Result<()> {
        self.root_due.set(Some(due));
        self.arm(now)
    }

    /// Wakes the plugin itself at `due`, or earlier where it was to be woken earlier.
    pub(crate) fn bring_root_forward(&self, now: u64, due: u64) -> Result<()> {
        let due = self.root_due.get().map_or(due, |earlier| earlier.min(due));
        self.set_root(now, due)
    }

    /// Forgets a stream; the last one to go stops the tick.
    pub(crate) fn remove(&self, due: u64, id: u32) -> Result<()> {
        self.streams.borrow_mut().remove(due, id);
        if self.next_due().is_none() && self.armed.take().is_some() {
            return hostcalls::set_tick_period(0);
        }
        Ok(())
    }

    /// The next stream whose time has come.
    pub(crate) fn pop_due(&self, now: u64) -> Option<Weak<S>> {
        self.streams.borrow_mut().pop_due(now.saturating_add(EARLY))
    }

    /// Whether the plugin's own time has come; it has to be set anew after.
    pub(crate) fn take_root_due(&self, now: u64) -> bool {
        let is_due = self.root_due.get().is_some_and(|due| due <= now.saturating_add(EARLY));
        if is_due {
            self.root_due.set(None);
        }
        is_due
    }

    /// Sets the tick for the next deadline after a tick has run, or stops it.
    pub(crate) fn rearm(&self, now: u64) -> Result<()> {
        self.armed.set(None);
        if self.next_due().is_none() { hostcalls::set_tick_period(0) } else { self.arm(now) }
    }

    fn next_due(&self) -> Option<u64> {
        let stream_due = self.streams.borrow().next_due();
        [stream_due, self.root_due.get()].into_iter().flatten().min()
    }

    /// Sets the tick, unless it is already set for this time or an earlier one.
    fn arm(&self, now: u64) -> Result<()> {
        let Some(due) = self.next_due() else { return Ok(()) };
        if self.armed.get().is_some_and(|armed| armed <= due) {
            return Ok(());
        }
        hostcalls::set_tick_period(tick_period(now, due))?;
        self.armed.set(Some(due));
        Ok(())
    }
}

//! Deadlines in order, each removable.

use std::collections::VecDeque;
use std::time::Duration;

/// A queue of things to wake, by monotonic nanoseconds; what is due at the same time is woken in
/// the order of its id.
///
/// Most streams of a plugin wait equally long, so a new one goes to the end and the next one comes
/// from the front: a sorted deque does both without moving the others.
#[derive(Debug)]
pub(crate) struct DeadlineQueue<T> {
    waiting: VecDeque<(u64, u32, T)>,
}

impl<T> Default for DeadlineQueue<T> {
    fn default() -> Self {
        Self { waiting: VecDeque::new() }
    }
}

#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "used by the module only"))]
impl<T> DeadlineQueue<T> {
    /// Adds `item`, to be woken at `due`. `id` tells items of one moment apart.
    pub(crate) fn insert(&mut self, due: u64, id: u32, item: T) {
        self.waiting.insert(self.position(due, id), (due, id, item));
    }

    /// Forgets the item of `due` and `id`, if it is still waiting.
    pub(crate) fn remove(&mut self, due: u64, id: u32) {
        let position = self.position(due, id);
        if self.waiting.get(position).is_some_and(|found| (found.0, found.1) == (due, id)) {
            self.waiting.remove(position);
        }
    }

    /// The time of the earliest item.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.waiting.front().map(|(due, ..)| *due)
    }

    /// Takes the earliest item if its time is `now` or before.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<T> {
        if self.next_due()? > now {
            return None;
        }
        self.waiting.pop_front().map(|(.., item)| item)
    }

    fn position(&self, due: u64, id: u32) -> usize {
        self.waiting.partition_point(|waiting| (waiting.0, waiting.1) < (due, id))
    }
}

/// The moment `time` after `now`, at the latest the end of the clock.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "used by the module only"))]
pub(crate) fn due(now: u64, time: Duration) -> u64 {
    now.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// Whole milliseconds from `now` until `due`, rounded up, at least 1: a tick never comes early by
/// rounding, and a period of 0 would mean "never".
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "used by the module only"))]
pub(crate) fn tick_period(now: u64, due: u64) -> u32 {
    let milliseconds = due.saturating_sub(now).div_ceil(1_000_000).max(1);
    u32::try_from(milliseconds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_order_of_time_and_none_before_its_time() {
        let mut queue = DeadlineQueue::default();
        for (due, id) in [(30, 1), (10, 3), (10, 2), (20, 4)] {
            queue.insert(due, id, id);
        }
        queue.remove(20, 4);
        queue.remove(99, 9);
        assert_eq!(queue.next_due(), Some(10));
        assert_eq!(queue.pop_due(9), None);
        assert_eq!(
            [queue.pop_due(10), queue.pop_due(10), queue.pop_due(10)],
            [Some(2), Some(3), None]
        );
        assert_eq!(queue.pop_due(u64::MAX), Some(1));
        assert_eq!(queue.next_due(), None);
    }

    #[test]
    fn a_tick_period_is_rounded_up_and_never_zero() {
        for (now, due, period) in [
            (0, 1, 1),
            (0, 1_000_000, 1),
            (0, 1_000_001, 2),
            (5, 5, 1),
            (9, 5, 1),
            (0, u64::MAX, u32::MAX),
        ] {
            assert_eq!(tick_period(now, due), period);
        }
    }
}

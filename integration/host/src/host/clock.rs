//! Virtual time: ticks, timeouts and queue notifications happen when a test moves the clock.

use std::time::Duration;

use crate::host::TestHost;

impl TestHost {
    /// Moves the clock forward and runs what falls due on the way, in order of time.
    pub fn advance(&self, duration: Duration) {
        let target =
            self.now().saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
        while let Some(at) = self.next_due().filter(|at| *at <= target) {
            self.step_to(at);
        }
        self.process().get_mut().now = target;
    }

    /// Moves the clock to the next tick or timeout and runs it; `None`, and nothing happens, where there is none.
    pub fn advance_to_next(&self) -> Option<Duration> {
        let before = self.now();
        let at = self.next_due()?;
        self.step_to(at);
        Some(Duration::from_nanos(at.saturating_sub(before)))
    }

    /// How long until the next tick or timeout.
    pub fn next_event(&self) -> Option<Duration> {
        Some(Duration::from_nanos(self.next_due()?.saturating_sub(self.now())))
    }

    fn next_due(&self) -> Option<u64> {
        if self.death().is_some() {
            return None;
        }
        let vms = self.0.vms.iter().map(|vm| vm.borrow());
        vms.flat_map(|vm| [vm.next_tick().map(|(at, _)| at), vm.next_deadline()]).flatten().min()
    }

    fn step_to(&self, at: u64) {
        let now = at.max(self.now());
        self.process().get_mut().now = now;
        for cell in &self.0.vms {
            cell.borrow_mut().time_out_calls();
            let due = cell.borrow().next_tick().filter(|(at, _)| *at <= now);
            if let Some((_, root)) = due {
                cell.borrow_mut().tick(root);
            }
        }
        self.run_pending();
    }

    /// Delivers queue notifications.
    pub(crate) fn run_pending(&self) {
        loop {
            let notification = self.process().get_mut().queue_ready.pop_front();
            let Some(notification) = notification else { break };
            if let Some(vm) = self.0.vms.get(notification.vm) {
                let mut vm = vm.borrow_mut();
                vm.call(
                    "proxy_on_queue_ready",
                    notification.root,
                    &[notification.root, notification.token],
                );
                vm.settle();
            }
        }
    }
}

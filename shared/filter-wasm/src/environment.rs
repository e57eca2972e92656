//! The inputs of a decision, from the host.

use crate::hostcalls::{self, Status};
use filter_api::{Cas, Counter, Environment, Gauge, Permit, SharedDataError, UnixTime};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// What all decisions of one plugin on one worker draw from.
pub(crate) struct Sources {
    /// Prefix of shared keys and log lines.
    pub(crate) filter: &'static str,
    /// Counts host calls that failed.
    pub(crate) host_errors: Counter,
    /// Seeded from the host's entropy, per VM.
    pub(crate) random: RefCell<fastrand::Rng>,
    /// How soon the effects at hand want the plugin to be asked.
    pub(crate) wake_root: Cell<Option<Duration>>,
    /// The memory in which names of shared data are put together.
    pub(crate) shared_key: Cell<String>,
}

impl Sources {
    /// Tells of a host call that failed: one count, one line.
    #[cold]
    pub(crate) fn report(&self, what: &str, status: Status) {
        // If even counting fails, the log line is all that is left.
        let _uncounted = hostcalls::increment_metric(self.host_errors.0, 1);
        log::warn!("{}: {what} failed with host status {}", self.filter, status.0);
    }
}

/// One callback's view of the host: each clock is read at most once, and only if asked for.
pub(crate) struct HostEnvironment<'a> {
    sources: &'a Sources,
    monotonic: Option<u64>,
    unix_time: Option<UnixTime>,
}

impl<'a> HostEnvironment<'a> {
    pub(crate) fn new(sources: &'a Sources) -> Self {
        Self { sources, monotonic: None, unix_time: None }
    }

    /// A callback that already knows the monotonic time.
    pub(crate) fn at(sources: &'a Sources, monotonic: u64) -> Self {
        Self { sources, monotonic: Some(monotonic), unix_time: None }
    }

    /// The name by which the host knows `key`, for `then`; no name is allocated for long.
    fn shared_key<T>(&self, key: &str, then: impl FnOnce(&str) -> T) -> T {
        let mut name = self.sources.shared_key.take();
        name.clear();
        for part in [self.sources.filter, "/", key] {
            name.push_str(part);
        }
        let result = then(&name);
        self.sources.shared_key.set(name);
        result
    }

    fn reported<T>(&self, what: &str, result: hostcalls::Result<T>) -> Option<T> {
        result.map_err(|status| self.sources.report(what, status)).ok()
    }
}

impl Environment for HostEnvironment<'_> {
    fn monotonic(&mut self) -> u64 {
        if self.monotonic.is_none() {
            self.monotonic = self.reported("reading the clock", hostcalls::monotonic());
        }
        self.monotonic.unwrap_or_default()
    }

    fn unix_time(&mut self) -> UnixTime {
        if self.unix_time.is_none() {
            let time = self.reported("reading the time of day", hostcalls::unix_time());
            self.unix_time = time.map(UnixTime);
        }
        self.unix_time.unwrap_or_default()
    }

    fn random(&mut self) -> u64 {
        self.sources.random.borrow_mut().u64(..)
    }

    fn try_acquire(&mut self, gauge: Gauge, limit: u64) -> Option<Permit> {
        self.reported("raising a gauge", hostcalls::increment_metric(gauge.0, 1))?;
        if limit == u64::MAX {
            return Some(Permit::raised(gauge));
        }
        let raised = self.reported("reading a gauge", hostcalls::metric(gauge.0));
        if raised.is_some_and(|value| value <= limit) {
            return Some(Permit::raised(gauge));
        }
        self.reported("lowering a gauge", hostcalls::increment_metric(gauge.0, -1))?;
        None
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        match hostcalls::property(path.join("\0").as_bytes()) {
            Ok(value) => Some(value),
            Err(status) => {
                if status != Status::NOT_FOUND {
                    let path = path.join(".");
                    log::debug!("{}: attribute {path}: status {}", self.sources.filter, status.0);
                }
                None
            }
        }
    }

    fn shared_data(&mut self, key: &str) -> Option<(Vec<u8>, Cas)> {
        match self.shared_key(key, hostcalls::shared_data) {
            Ok((value, cas)) => Some((value, Cas(cas))),
            Err(Status::NOT_FOUND) => None,
            Err(status) => {
                self.sources.report("reading shared data", status);
                None
            }
        }
    }

    fn set_shared_data(
        &mut self,
        key: &str,
        value: &[u8],
        cas: Cas,
    ) -> Result<(), SharedDataError> {
        match self.shared_key(key, |key| hostcalls::set_shared_data(key, value, cas.0)) {
            Ok(()) => Ok(()),
            Err(Status::CAS_MISMATCH) => Err(SharedDataError::CasMismatch),
            Err(status) => {
                self.sources.report("setting shared data", status);
                Err(SharedDataError::Host)
            }
        }
    }
}

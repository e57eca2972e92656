//! A world in memory.

use crate::Metrics;
use filter_api::{Cas, Environment, Gauge, Permit, SharedDataError, UnixTime};
use std::collections::BTreeMap;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// 2026-01-01T00:00:00Z, where the time of day begins unless a test sets it.
const BEGIN: UnixTime = UnixTime(1_767_225_600_000_000_000);
/// The monotonic clock does not begin at 0, so that nothing depends on it.
const UPTIME: u64 = 3_600_000_000_000;

/// An [`Environment`] whose clocks move only when told to, whose randomness is the same on every
/// run, and whose shared data can be made to conflict.
#[derive(Clone, Debug)]
pub struct SimEnvironment {
    /// Gauges are raised here, counters counted.
    pub metrics: Metrics,
    /// Attributes of the host, by their path joined with dots.
    pub properties: BTreeMap<String, Vec<u8>>,
    /// Attributes of the stream at hand, which come first.
    stream_properties: BTreeMap<String, Vec<u8>>,
    /// So many of the next compare-and-sets find that another worker was faster.
    pub conflicts: u32,
    /// Whether shared data can be set at all.
    pub shared_data_fails: bool,
    /// When the plugin wants to be asked again, in monotonic nanoseconds.
    pub(crate) root_due: Option<u64>,
    /// How often each input was asked for.
    pub asked: Asked,
    now: u64,
    begin: UnixTime,
    random: u64,
    shared: BTreeMap<String, (Vec<u8>, Cas)>,
    last_cas: u32,
}

/// Counts of the inputs that a decision asked for; each is a host call with a price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Reads of either clock.
    pub clocks: u32,
    /// Random numbers.
    pub randoms: u32,
    /// Reads and writes of shared data.
    pub shared_data: u32,
}

impl SimEnvironment {
    /// A world with this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self {
            metrics: Metrics::default(),
            properties: BTreeMap::new(),
            stream_properties: BTreeMap::new(),
            conflicts: 0,
            shared_data_fails: false,
            root_due: None,
            asked: Asked::default(),
            now: UPTIME,
            begin: BEGIN,
            random: seed,
            shared: BTreeMap::new(),
            last_cas: 0,
        }
    }

    /// Lets time pass.
    pub fn advance(&mut self, time: Duration) {
        self.now += u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    }

    /// Sets the time of day.
    pub fn set_unix_time(&mut self, time: UnixTime) {
        self.begin = UnixTime(time.0.saturating_sub(self.now - UPTIME));
    }

    /// Monotonic nanoseconds, without counting as a question.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Has the plugin asked after `time`, or earlier where it was to be asked earlier.
    pub(crate) fn wake_root(&mut self, time: Duration) {
        let due = self.in_at_least_a_tick(time);
        self.root_due = Some(self.root_due.map_or(due, |earlier| earlier.min(due)));
    }

    /// The moment `time` from now; the host's ticks are of at least a millisecond.
    pub(crate) fn in_at_least_a_tick(&self, time: Duration) -> u64 {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.now.saturating_add(time.max(1_000_000))
    }

    /// Sets the attributes of the stream at hand.
    pub(crate) fn set_stream_properties(&mut self, properties: &[(String, Vec<u8>)]) {
        self.stream_properties = properties.iter().cloned().collect();
    }

    /// Moves the monotonic clock to `instant`, which is not before now.
    pub(crate) fn advance_to(&mut self, instant: u64) {
        self.now = self.now.max(instant);
    }

    fn next_cas(&mut self) -> Cas {
        self.last_cas += 1;
        Cas(self.last_cas)
    }
}

impl Environment for SimEnvironment {
    fn monotonic(&mut self) -> u64 {
        self.asked.clocks += 1;
        self.now
    }

    fn unix_time(&mut self) -> UnixTime {
        self.asked.clocks += 1;
        UnixTime(self.begin.0 + (self.now - UPTIME))
    }

    /// SplitMix64.
    fn random(&mut self) -> u64 {
        self.asked.randoms += 1;
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn try_acquire(&mut self, gauge: Gauge, limit: u64) -> Option<Permit> {
        self.metrics.raise(gauge, limit).then(|| Permit::raised(gauge))
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        let path = path.join(".");
        self.stream_properties.get(&path).or_else(|| self.properties.get(&path)).cloned()
    }

    fn shared_data(&mut self, key: &str) -> Option<(Vec<u8>, Cas)> {
        self.asked.shared_data += 1;
        self.shared.get(key).cloned()
    }

    fn set_shared_data(
        &mut self,
        key: &str,
        value: &[u8],
        cas: Cas,
    ) -> Result<(), SharedDataError> {
        self.asked.shared_data += 1;
        if self.shared_data_fails {
            return Err(SharedDataError::Host);
        }
        if self.conflicts > 0 {
            self.conflicts -= 1;
            return Err(SharedDataError::CasMismatch);
        }
        let present = self.shared.get(key).map(|(_, present)| *present);
        if present.is_some_and(|present| cas != Cas(0) && cas != present) {
            return Err(SharedDataError::CasMismatch);
        }
        let next = self.next_cas();
        self.shared.insert(key.to_owned(), (value.to_vec(), next));
        Ok(())
    }
}

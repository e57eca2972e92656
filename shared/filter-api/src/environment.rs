//! What a decision may ask of the world: time, randomness, attributes and process-wide state.

use crate::Gauge;

/// Time since the Unix epoch, in nanoseconds. The system's clock: it may step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(pub u64);

/// A version of a shared value, for compare-and-set. 0 is never given out by a host for a value
/// that exists, and setting with it is unconditional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cas(pub u32);

/// Why a shared value was not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedDataError {
    /// Another worker was faster: read again, decide again, a bounded number of times.
    CasMismatch,
    /// The host refused.
    Host,
}

/// One unit of a process-wide gauge. It must be given back through
/// [`Effects::release`](crate::Effects::release), once: it can neither be copied nor made up, so a
/// gauge never falls below zero (which the host would wrap to 2^64 − n).
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a permit that is not given back is lost to the process"]
pub struct Permit(Gauge);

impl Permit {
    /// For implementations of [`Environment::try_acquire`], after the gauge was raised.
    pub fn raised(gauge: Gauge) -> Self {
        Self(gauge)
    }

    /// The gauge to lower when the permit comes back.
    #[must_use]
    pub fn gauge(&self) -> Gauge {
        self.0
    }
}

/// The inputs of a decision, asked for only when needed (each is a host call with a price).
///
/// A clock read twice in one callback gives the same value. Apart from taking permits and setting
/// shared data, which have to answer at once, nothing here changes the world.
pub trait Environment {
    /// Nanoseconds on the process's monotonic clock; comparable across workers.
    fn monotonic(&mut self) -> u64;

    /// The time of day; the epoch itself where the host does not tell it.
    fn unix_time(&mut self) -> UnixTime;

    /// 64 uniformly distributed bits; every worker has its own sequence.
    fn random(&mut self) -> u64;

    /// Takes one unit of `gauge` unless that would raise it above `limit`. Two workers that race for
    /// the last unit may both be refused; never are both admitted.
    fn try_acquire(&mut self, gauge: Gauge, limit: u64) -> Option<Permit>;

    /// An attribute of the host by its path, e.g. `["source", "address"]`; `None` where it is
    /// absent or cannot be read.
    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>>;

    /// A value shared by all workers. Keys are prefixed with the filter's name by the adapter.
    /// A key, once set, exists for the life of the process: use a fixed number of them.
    fn shared_data(&mut self, key: &str) -> Option<(Vec<u8>, Cas)>;

    /// Sets a shared value if nobody did since it was read.
    ///
    /// # Errors
    /// [`SharedDataError`]. The host has no create-if-absent: a value that is not there yet is set
    /// whatever the version.
    fn set_shared_data(&mut self, key: &str, value: &[u8], cas: Cas)
    -> Result<(), SharedDataError>;
}

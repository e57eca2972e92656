//! Where the state of all keys is kept: in the host's shared data, in a fixed number of slabs.
//!
//! The host can neither delete a value nor let it expire, so a key of ours is a record in one of
//! 16,384 slabs, chosen by its hash. A record that has expired says nothing and makes room when
//! another is added. So memory follows the number of live keys, and a decision costs the same
//! whether there is one or a million.

mod slab;

pub(crate) use slab::Slab;

#[cfg(test)]
mod tests;

/// Slabs, a power of two: a hash's lowest bits choose.
const SLABS: u16 = 1 << 14;

/// One of the slabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u16);

impl Place {
    /// Where what hashes to `bits` is kept.
    pub(crate) fn of(bits: u64) -> Self {
        Self((bits % u64::from(SLABS)) as u16)
    }

    /// The slab's name in shared data: `slab.` and four hexadecimal digits.
    pub(crate) fn key(self) -> String {
        let mut key = String::from("slab.");
        key.extend(
            [12, 8, 4, 0]
                .iter()
                .filter_map(|shift| char::from_digit(u32::from(self.0 >> shift & 0xf), 16)),
        );
        key
    }
}

/// How many records a slab may hold so that all of them together hold `max_keys`.
///
/// Keys spread by chance: with a mean of m, five times its root more is passed by one slab in a
/// million.
pub(crate) fn capacity(max_keys: u32) -> usize {
    let mean = u64::from(max_keys).div_ceil(u64::from(SLABS));
    let spread = (5 * 5 * mean).isqrt();
    usize::try_from(mean + spread + 4).unwrap_or(usize::MAX)
}

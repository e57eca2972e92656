//! Where the state of all keys is kept: in the host's shared data, in a fixed number of slabs.
//!
//! The host can neither delete a value nor let it expire, so a key of ours is a record in one of
//! 32,768 slabs, chosen by its hash. A record that has expired says nothing and makes room when
//! another is added. So memory follows the number of live keys, and where a million are live a decision
//! looks through thirty records on average, which is a small part of what it costs.

mod slab;

pub(crate) use slab::Slab;

#[cfg(test)]
mod tests;

/// Slabs, a power of two: a hash's lowest bits choose.
const SLABS: u16 = 1 << 15;

/// One of the slabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u16);

impl Place {
    /// Where what hashes to `bits` is kept.
    pub(crate) fn of(bits: u64) -> Self {
        Self((bits % u64::from(SLABS)) as u16)
    }

    /// The slab's name in shared data: `b` and four hexadecimal digits. The letter stands for the layout of
    /// its value, so what an older version of this module has left is not misread; and with the name of
    /// the filter in front it is no longer than what the host keeps without an allocation.
    pub(crate) fn key(self) -> PlaceKey {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |shift: u16| {
            DIGITS.get(usize::from(self.0 >> shift & 0xf)).copied().unwrap_or_default()
        };
        PlaceKey([b'b', digit(12), digit(8), digit(4), digit(0)])
    }
}

/// The name of a slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PlaceKey([u8; 5]);

impl PlaceKey {
    pub(crate) fn as_str(&self) -> &str {
        // All of it is ASCII.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// How many records a slab may hold so that all of them together hold `max_keys`.
///
/// Keys spread by chance: with a mean of m, five times its root more is passed by one slab in a
/// million.
pub(crate) fn capacity(max_keys: u32) -> usize {
    let mean = u64::from(max_keys).div_ceil(u64::from(SLABS));
    // The whole root, as the standard library's needs a table.
    let spread = (1_u64..).take_while(|root| root * root <= 5 * 5 * mean).count() as u64;
    usize::try_from(mean + spread + 4).unwrap_or(usize::MAX)
}

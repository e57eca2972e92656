//! Prefixes of one family, sorted.

use super::sort::sort;

/// Entries from which on there is an index.
const INDEXED: usize = 4096;
/// Bits of an address that the index tells apart.
const INDEX_BITS: u32 = 16;

/// Prefixes of which none lies within another, in order. Each entry is the octets of its first
/// address and then its length, so that the order of bytes is that of addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct Table<const N: usize> {
    entries: Vec<[u8; N]>,
    index: Option<Index>,
}

/// Where to look. Addresses are told apart by the bits after those that all entries share; for each
/// value of these bits `bounds` has the number of entries with a lower one.
#[derive(Clone, Debug)]
struct Index {
    first: u128,
    shared_bits: u32,
    bounds: Box<[u32]>,
}

impl<const N: usize> Table<N> {
    pub(super) fn new(mut entries: Vec<[u8; N]>) -> Self {
        // Of two prefixes with the same first address the shorter one, which holds the other, comes
        // first.
        sort(&mut entries, 0);
        entries.dedup_by(|later, earlier| holds(earlier, later));
        entries.shrink_to_fit();
        let index = if entries.len() < INDEXED { None } else { Index::new(&entries) };
        Self { entries, index }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether an entry holds all of `prefix`. Only the last one that begins at or before it can:
    /// had an earlier one held it, that would hold the last one as well, which would not be there.
    pub(super) fn covers(&self, prefix: &[u8; N]) -> bool {
        let (low, high) = self
            .index
            .as_ref()
            .and_then(|index| index.bounds_of(address(prefix)))
            .unwrap_or((0, self.entries.len()));
        let among = self.entries.get(low..high).unwrap_or_default();
        let after = low.saturating_add(among.partition_point(|entry| entry <= prefix));
        let last = after.checked_sub(1).and_then(|last| self.entries.get(last));
        last.is_some_and(|last| holds(last, prefix))
    }
}

impl Index {
    /// `None` where there are no two entries.
    fn new<const N: usize>(entries: &[[u8; N]]) -> Option<Self> {
        let first = address(entries.first()?);
        let shared_bits = (first ^ address(entries.last()?)).leading_zeros();
        let mut index = Self { first, shared_bits, bounds: Box::default() };
        let mut bounds: Vec<u32> = Vec::with_capacity((1 << INDEX_BITS) + 1);
        // A module's memory cannot hold more of them than `u32` counts.
        for (count, entry) in (0..).zip(entries) {
            let position = index.position(address(entry))?;
            bounds.resize(bounds.len().max(position + 1), count);
        }
        bounds.resize((1 << INDEX_BITS) + 1, u32::try_from(entries.len()).ok()?);
        index.bounds = bounds.into();
        Some(index)
    }

    /// Between which entries the last one at or before `address` ends; `None` where the address does
    /// not begin as all entries do.
    fn bounds_of(&self, address: u128) -> Option<(usize, usize)> {
        let position = self.position(address)?;
        let bound = |position| usize::try_from(*self.bounds.get(position)?).ok();
        Some((bound(position)?, bound(position + 1)?))
    }

    /// The bits that tell apart.
    fn position(&self, address: u128) -> Option<usize> {
        let is_among = (self.first ^ address).leading_zeros() >= self.shared_bits;
        let bits = address.checked_shl(self.shared_bits)? >> (u128::BITS - INDEX_BITS);
        usize::try_from(bits).ok().filter(|_| is_among)
    }
}

/// Whether all of `inner` is within `outer`.
fn holds<const N: usize>(outer: &[u8; N], inner: &[u8; N]) -> bool {
    let length = |entry: &[u8; N]| entry.last().copied().unwrap_or_default();
    let shared = (address(outer) ^ address(inner)).leading_zeros();
    length(outer) <= length(inner) && u32::from(length(outer)) <= shared
}

/// The octets as the first bits of a number.
fn address<const N: usize>(entry: &[u8; N]) -> u128 {
    let octets = entry.iter().take(N - 1);
    octets.zip((0..16).rev()).fold(0, |sum, (octet, place)| sum | u128::from(*octet) << (8 * place))
}

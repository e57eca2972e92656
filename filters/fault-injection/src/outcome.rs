//! A weighted table of which at most one entry happens.

#[cfg(test)]
mod tests;

/// Entries with their upper bounds, ascending, in the unit of their weights. Exactly one happens.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    entries: Vec<(u64, T)>,
    sum: u64,
}

impl<T> Table<T> {
    /// A table of entries with their weights, of which only the proportions count; `None` where they
    /// add up to nothing.
    pub(crate) fn new(weighted: impl IntoIterator<Item = (u64, T)>) -> Option<Self> {
        let mut sum: u64 = 0;
        let bounded = weighted.into_iter().map(|(weight, entry)| {
            sum = sum.saturating_add(weight);
            (sum, entry)
        });
        let entries = bounded.collect();
        (sum > 0).then_some(Self { entries, sum })
    }

    /// The entry at `position`, uniform over all 64 bits.
    pub(crate) fn at(&self, position: u64) -> Option<&T> {
        let bucket = (u128::from(position) * u128::from(self.sum)) >> 64;
        self.entries.iter().find(|(bound, _)| bucket < u128::from(*bound)).map(|(_, entry)| entry)
    }

    /// Every entry.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(_, entry)| entry)
    }
}

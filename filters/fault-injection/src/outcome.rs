//! A weighted table of which at most one entry happens.

#[cfg(test)]
mod tests;

/// Entries with their upper bounds in parts per million, ascending; above the last nothing happens.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    entries: Vec<(u32, T)>,
}

impl<T> Table<T> {
    /// A table of entries with their weights in parts per million; `None` where they add up to more
    /// than a million or to nothing.
    pub(crate) fn new(weighted: impl IntoIterator<Item = (u32, T)>) -> Option<Self> {
        let mut entries = Vec::new();
        let mut bound: u32 = 0;
        for (weight, entry) in weighted {
            bound = bound.checked_add(weight).filter(|bound| *bound <= 1_000_000)?;
            entries.push((bound, entry));
        }
        (bound > 0).then_some(Self { entries })
    }

    /// The entry at `position`, uniform over all 64 bits. Raising the last weight moves no other
    /// entry, so a sticky position keeps its outcome.
    pub(crate) fn at(&self, position: u64) -> Option<&T> {
        let bucket = (u128::from(position) * 1_000_000) >> 64;
        self.entries.iter().find(|(bound, _)| bucket < u128::from(*bound)).map(|(_, entry)| entry)
    }

    /// Every entry.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(_, entry)| entry)
    }
}

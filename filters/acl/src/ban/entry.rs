//! What is known of one caller, as it lies in shared data.

/// A caller's refusals, or its ban. Times are monotonic nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// A hash of the caller's key.
    pub(super) caller: u64,
    pub(super) banned_until: u64,
    /// In order.
    pub(super) refused_at: Vec<u64>,
}

impl Entry {
    pub(super) fn new(caller: u64) -> Self {
        Self { caller, banned_until: 0, refused_at: Vec::new() }
    }

    pub(super) fn is_banned(&self, now: u64) -> bool {
        now < self.banned_until
    }

    pub(super) fn last_refused_at(&self) -> u64 {
        self.refused_at.last().copied().unwrap_or_default()
    }

    /// Reads what [`encode_all`](Self::encode_all) wrote; it ends early where that is not it.
    pub(super) fn decode_all(bytes: &[u8]) -> impl Iterator<Item = Self> {
        let mut numbers = bytes.as_chunks::<8>().0.iter().map(|number| u64::from_le_bytes(*number));
        std::iter::from_fn(move || {
            let (caller, banned_until, count) = (numbers.next()?, numbers.next()?, numbers.next()?);
            let count = usize::try_from(count).ok()?;
            let refused_at: Vec<u64> = numbers.by_ref().take(count).collect();
            Some(Self { caller, banned_until, refused_at })
        })
    }

    pub(super) fn encode_all(entries: &[Self]) -> Vec<u8> {
        let numbers = entries.iter().flat_map(|entry| {
            let head = [entry.caller, entry.banned_until, entry.refused_at.len() as u64];
            head.into_iter().chain(entry.refused_at.iter().copied())
        });
        numbers.flat_map(u64::to_le_bytes).collect()
    }
}

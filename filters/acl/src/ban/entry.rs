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
    pub(super) fn decode_all(bytes: &[u8]) -> Vec<Self> {
        let mut numbers = bytes.as_chunks::<8>().0.iter().map(|number| u64::from_le_bytes(*number));
        let mut entries = Vec::new();
        while let (Some(caller), Some(banned_until), Some(count)) =
            (numbers.next(), numbers.next(), numbers.next())
        {
            let mut entry = Self { caller, banned_until, refused_at: Vec::new() };
            for _ in 0..count {
                let Some(at) = numbers.next() else { break };
                entry.refused_at.push(at);
            }
            entries.push(entry);
        }
        entries
    }

    pub(super) fn encode_all(entries: &[Self]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in entries {
            for number in [entry.caller, entry.banned_until, entry.refused_at.len() as u64] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            for at in &entry.refused_at {
                bytes.extend_from_slice(&at.to_le_bytes());
            }
        }
        bytes
    }
}

//! What all workers know of a remote list.

/// The record in shared data. Times are monotonic nanoseconds, which all workers of a process share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// Of the body in shared data; 0 where there is none.
    pub(super) version: u64,
    /// When the cluster last said that it holds.
    pub(super) confirmed_at: u64,
    /// Nobody asks before.
    pub(super) next_attempt: u64,
    /// Until then one worker is about to ask.
    pub(super) lease_until: u64,
    /// In a row.
    pub(super) failures: u32,
    /// The cluster's mark for this version; empty where it gave none.
    pub(super) etag: Vec<u8>,
}

impl Record {
    /// Reads what [`encode`](Self::encode) wrote; anything else is an empty record.
    pub(super) fn decode(stored: Option<&[u8]>) -> Self {
        let Some((numbers, rest)) = stored.and_then(<[u8]>::split_first_chunk::<32>) else {
            return Self::default();
        };
        let Some((failures, etag)) = rest.split_first_chunk::<4>() else {
            return Self::default();
        };
        let (numbers, _) = numbers.as_chunks::<8>();
        let [version, confirmed_at, next_attempt, lease_until] = numbers else {
            return Self::default();
        };
        Self {
            version: u64::from_le_bytes(*version),
            confirmed_at: u64::from_le_bytes(*confirmed_at),
            next_attempt: u64::from_le_bytes(*next_attempt),
            lease_until: u64::from_le_bytes(*lease_until),
            failures: u32::from_le_bytes(*failures),
            etag: etag.to_vec(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(36 + self.etag.len());
        for number in [self.version, self.confirmed_at, self.next_attempt, self.lease_until] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.failures.to_le_bytes());
        bytes.extend_from_slice(&self.etag);
        bytes
    }

    /// Whether somebody should ask the cluster.
    pub(super) fn is_due(&self, now: u64) -> bool {
        now >= self.next_attempt && now >= self.lease_until
    }

    /// The cluster says that the version holds.
    pub(super) fn confirm(&mut self, now: u64) {
        self.confirmed_at = now;
        self.failures = 0;
    }
}

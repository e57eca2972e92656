//! The list that all workers share.
//!
//! Each entry is a record of 16 bytes, a count of 8, and a label behind its length of one byte.

use super::{Key, Top};
use crate::hash::Digest;
use filter_api::Environment;
use shared_state::Update;

/// Its last letter stands for the layout of the value, so what an older version of this module has left
/// is not misread.
const KEY: &str = "topb";

impl Top {
    /// Adds what was noted here to the shared list. What cannot be told now is told later.
    pub(super) fn tell(&mut self, now: u64, env: &mut dyn Environment) {
        self.said_at = now;
        if self.keys.is_empty() {
            return;
        }
        let (size, keys) = (self.size, &self.keys);
        let told = shared_state::update(env, KEY, |stored| {
            let mut shared = parse(size, stored.unwrap_or_default());
            for key in keys {
                shared.note(key.record, key.count, || key.label.clone());
            }
            Some(bytes(&shared.keys))
        });
        if told == Update::Done {
            self.keys.clear();
            self.unsaid = 0;
        }
    }
}

/// The shared list.
pub(super) fn read(size: usize, env: &mut dyn Environment) -> Top {
    let stored = env.shared_data(KEY).map(|(bytes, _)| bytes);
    parse(size, &stored.unwrap_or_default())
}

fn parse(size: usize, mut bytes: &[u8]) -> Top {
    let mut top = Top::new(size);
    while let Some((key, rest)) = parse_key(bytes) {
        top.note(key.record, key.count, || key.label);
        bytes = rest;
    }
    top
}

fn parse_key(bytes: &[u8]) -> Option<(Key, &[u8])> {
    let (low, rest) = bytes.split_first_chunk()?;
    let (high, rest) = rest.split_first_chunk()?;
    let (count, rest) = rest.split_first_chunk()?;
    let (length, rest) = rest.split_first()?;
    let (label, rest) = rest.split_at_checked(usize::from(*length))?;
    let record = Digest([u64::from_le_bytes(*low), u64::from_le_bytes(*high)]);
    Some((Key { record, count: u64::from_le_bytes(*count), label: label.to_vec() }, rest))
}

fn bytes(keys: &[Key]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for key in keys {
        bytes.extend_from_slice(&key.record.bytes());
        bytes.extend_from_slice(&key.count.to_le_bytes());
        // Labels have 192 bytes at most.
        bytes.push(key.label.len() as u8);
        bytes.extend_from_slice(&key.label);
    }
    bytes
}

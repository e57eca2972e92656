//! Many texts, looked up at the same price however many they are.

use super::lines;
use matchers::sticky::Seed;

/// A set of the lines of one text. The text stays as it was fetched; beside it stands a table of
/// where its lines begin, 8 bytes per line at most twice over.
pub(crate) struct StringSet {
    text: Vec<u8>,
    /// Open addressing with linear probing, at most half full: 0 is free, otherwise one more than
    /// the offset at which a line begins.
    table: Vec<u32>,
    seed: Seed,
    ignores_case: bool,
    count: usize,
}

impl StringSet {
    /// A set of the lines of `text`, which is less than 4 GiB.
    pub(crate) fn new(text: Vec<u8>, ignores_case: bool) -> Self {
        let places = lines(&text).count().saturating_mul(2).next_power_of_two();
        // The same on every worker; a salt that callers could learn buys them nothing, as entries
        // are the operator's.
        let seed = Seed::of("acl.list");
        let mut set = Self { text, table: vec![0; places], seed, ignores_case, count: 0 };
        let mut offset = 0;
        while let Some(rest) = set.text.get(offset..).filter(|rest| !rest.is_empty()) {
            let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let line = rest.get(..length).unwrap_or_default();
            let begin = offset + line.len() - line.trim_ascii_start().len();
            offset += length + 1;
            let entry = line.trim_ascii();
            if !entry.is_empty() && !entry.starts_with(b"#") {
                let place = set.place(entry);
                set.insert(place, begin);
            }
        }
        set
    }

    fn insert(&mut self, place: usize, begin: usize) {
        // A text beyond 4 GiB does not fit into a module.
        let (Some(slot), Ok(begin)) = (self.table.get_mut(place), u32::try_from(begin + 1)) else {
            return;
        };
        self.count += usize::from(*slot == 0);
        *slot = begin;
    }

    /// Whether `value` is one of the lines.
    pub(crate) fn contains(&self, value: &[u8]) -> bool {
        self.table.get(self.place(value)).is_some_and(|slot| *slot != 0)
    }

    /// How many different lines there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Where `value` stands in the table, or would.
    fn place(&self, value: &[u8]) -> usize {
        let hash = match self.ignores_case {
            true => self.seed.position(&value.to_ascii_lowercase()),
            false => self.seed.position(value),
        };
        // The length is a power of two, and at least half of the places are free.
        let mask = self.table.len().wrapping_sub(1);
        let mut place = hash as usize & mask;
        while let Some(slot) = self.table.get(place).filter(|slot| **slot != 0) {
            if self.is_same(self.line(*slot), value) {
                break;
            }
            place = place.wrapping_add(1) & mask;
        }
        place
    }

    fn line(&self, slot: u32) -> &[u8] {
        let rest = self.text.get(slot as usize - 1..).unwrap_or_default();
        rest.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end()
    }

    fn is_same(&self, a: &[u8], b: &[u8]) -> bool {
        if self.ignores_case { a.eq_ignore_ascii_case(b) } else { a == b }
    }
}

impl std::fmt::Debug for StringSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StringSet").field("count", &self.count).finish_non_exhaustive()
    }
}

//! A keyed hash of 128 bits: SipHash-1-3 (Aumasson, Bernstein), as hash tables that strangers fill
//! use it. Whoever does not know the secret cannot make two keys meet.

#[cfg(test)]
mod tests;

/// What the hash is keyed with: one per process, so that nobody outside can compute it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) [u64; 2]);

/// 128 bits of hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Digest(pub(crate) [u64; 2]);

impl Secret {
    /// The hash of `bytes`.
    pub(crate) fn digest(self, bytes: &[u8]) -> Digest {
        let mut hash = PartsHash::new(self);
        hash.push(bytes);
        hash.digest()
    }
}

impl Digest {
    /// Both digests as one. Two that are not related give one that is not related to any.
    pub(crate) fn and(self, other: Self) -> Self {
        let ([a, b], [c, d]) = (self.0, other.0);
        Self([a ^ c, b ^ d])
    }

    /// Both halves as one number. Beside the choice of a slab it tells keys apart: of a million live keys
    /// two are taken for one with a chance of one in 10^12, which nobody can raise without the secret.
    pub(crate) fn folded(self) -> u64 {
        let [low, high] = self.0;
        low ^ high
    }

    /// The bytes, as they are stored.
    pub(crate) fn bytes(self) -> [u8; 16] {
        let [low, high] = self.0;
        (u128::from(low) | u128::from(high) << 64).to_le_bytes()
    }
}

/// Less than eight bytes as a word.
fn padded(rest: &[u8]) -> u64 {
    rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// SipHash-1-3 of parts, each of which begins with its length, so that no two lists of parts are alike
/// (`a;b=c` is not `a` and `b=c`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartsHash {
    state: State,
    words: u64,
}

impl PartsHash {
    /// Of no part yet.
    pub(crate) fn new(secret: Secret) -> Self {
        Self { state: State::new(secret), words: 0 }
    }

    /// Adds a part: its length and its first four bytes as a word, and then its other bytes.
    pub(crate) fn push(&mut self, part: &[u8]) {
        let mut state = self.state;
        let (first, mut rest) = part.split_at_checked(4).unwrap_or((part, &[]));
        let mut word = part.len() as u64 | padded(first) << 32;
        loop {
            state.absorb::<1>(word);
            self.words = self.words.wrapping_add(1);
            if rest.is_empty() {
                break;
            }
            (word, rest) = match rest.split_first_chunk() {
                Some((whole, rest)) => (u64::from_le_bytes(*whole), rest),
                None => (padded(rest), &[][..]),
            };
        }
        self.state = state;
    }

    /// The hash of all parts.
    pub(crate) fn digest(mut self) -> Digest {
        // As of a message of so many words.
        self.state.absorb::<1>(self.words << 59);
        self.state.digest::<3>()
    }
}

#[derive(Clone, Copy, Debug)]
struct State([u64; 4]);

impl State {
    fn new(Secret([k0, k1]): Secret) -> Self {
        Self([
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ])
    }

    fn digest<const D: u32>(mut self) -> Digest {
        let low = self.squeeze::<D>(2, 0xee);
        let high = self.squeeze::<D>(1, 0xdd);
        Digest([low, high])
    }

    #[inline(always)]
    fn absorb<const C: u32>(&mut self, word: u64) {
        let [_, _, _, d] = &mut self.0;
        *d ^= word;
        self.rounds::<C>();
        let [a, ..] = &mut self.0;
        *a ^= word;
    }

    /// Marks the word at `place` and mixes on.
    fn squeeze<const D: u32>(&mut self, place: usize, mark: u64) -> u64 {
        if let Some(word) = self.0.get_mut(place) {
            *word ^= mark;
        }
        self.rounds::<D>();
        self.0.iter().fold(0, |sum, word| sum ^ word)
    }

    #[inline(always)]
    fn rounds<const COUNT: u32>(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.0;
        for _ in 0..COUNT {
            a = a.wrapping_add(b);
            b = b.rotate_left(13) ^ a;
            a = a.rotate_left(32);
            c = c.wrapping_add(d);
            d = d.rotate_left(16) ^ c;
            a = a.wrapping_add(d);
            d = d.rotate_left(21) ^ a;
            c = c.wrapping_add(b);
            b = b.rotate_left(17) ^ c;
            c = c.rotate_left(32);
        }
        self.0 = [a, b, c, d];
    }
}

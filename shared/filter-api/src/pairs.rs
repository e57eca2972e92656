//! The host's serialised header map, read in place.

use std::slice;

/// A borrowed, read-only view of all header pairs, in the order in which they arrived.
///
/// It reads the proxy-wasm serialisation where the host put it: a `u32` count, one pair of `u32`
/// lengths per header, then `name NUL value NUL` per header (all little-endian). Names are lower
/// case and pseudo-headers (`:path`, `:authority`, …) are included, as Envoy gives them. Values are
/// bytes: anything from 0x80 to 0xff may stand in them. A truncated or forged buffer ends the
/// iteration early; it never panics.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeaderPairs<'a> {
    sizes: &'a [[u8; 8]],
    data: &'a [u8],
    /// Bit n is set where some name has n characters (modulo 64). Most rules ask for a header that
    /// is not there; this tells so without walking the pairs.
    name_lengths: u64,
}

impl<'a> HeaderPairs<'a> {
    /// Reads the host's buffer; an empty or malformed one gives an empty view.
    #[must_use]
    pub fn parse(buffer: &'a [u8]) -> Self {
        let Some((count, rest)) = buffer.split_first_chunk::<4>() else {
            return Self::default();
        };
        let count = u32::from_le_bytes(*count) as usize;
        match count.checked_mul(8).and_then(|length| rest.split_at_checked(length)) {
            Some((sizes, data)) => {
                let sizes = sizes.as_chunks().0;
                let name_lengths =
                    sizes.iter().fold(0, |seen, sizes| seen | length_bit(lengths(*sizes).0));
                Self { sizes, data, name_lengths }
            }
            None => Self::default(),
        }
    }

    /// How many pairs the map says it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// Whether there is no pair at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// Every pair, in order.
    #[must_use]
    pub fn iter(&self) -> Pairs<'a> {
        Pairs { sizes: self.sizes.iter(), data: self.data }
    }

    /// The pairs whose names have a length of which `lengths` has the bit
    /// ([`length_bit`](Self::length_bit)), in order; most of the others are passed over without a look
    /// at their names.
    #[inline]
    pub fn of_lengths(&self, lengths: u64) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let may_be_there = self.name_lengths & lengths != 0;
        let (data, mut offset) = (self.data, 0_usize);
        let sizes = if may_be_there { self.sizes } else { &[] };
        sizes.iter().filter_map(move |sizes| {
            let (name_length, value_length) = self::lengths(*sizes);
            // Forged lengths may wrap it; every access is checked.
            let begin = offset;
            offset = begin.wrapping_add(name_length).wrapping_add(value_length).wrapping_add(2);
            if lengths & length_bit(name_length) == 0 {
                return None;
            }
            let (name, after) = data.get(begin..)?.split_at_checked(name_length)?;
            Some((name, after.get(1..)?.get(..value_length)?))
        })
    }

    /// The bit of a name's length, for [`of_lengths`](Self::of_lengths).
    #[inline]
    #[must_use]
    pub fn length_bit(name: &[u8]) -> u64 {
        length_bit(name.len())
    }

    /// Every value of the header `name` (lower case), in order. Repeated headers give several.
    #[must_use]
    pub fn values<'n>(&self, name: &'n [u8]) -> Values<'a, 'n> {
        let may_be_there = self.name_lengths & length_bit(name.len()) != 0;
        let sizes = if may_be_there { self.sizes } else { &[] };
        Values { sizes: sizes.iter(), data: self.data, offset: 0, name }
    }

    /// The first value of the header `name` (lower case).
    ///
    /// For pseudo-headers, which cannot repeat, and for headers whose first value is the meaning by
    /// definition. A rule that looks at a header asks [`values`](Self::values).
    #[must_use]
    pub fn first(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.values(name).next()
    }

    /// Whether the header `name` (lower case) is there, if only with an empty value.
    #[must_use]
    pub fn contains(&self, name: &[u8]) -> bool {
        self.first(name).is_some()
    }
}

/// The iterator of [`HeaderPairs::iter`].
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    sizes: slice::Iter<'a, [u8; 8]>,
    data: &'a [u8],
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (name_length, value_length) = lengths(*self.sizes.next()?);
        let (name, data) = self.data.split_at_checked(name_length)?;
        let (value, data) = data.get(1..)?.split_at_checked(value_length)?;
        self.data = data.get(1..)?;
        Some((name, value))
    }
}

/// The iterator of [`HeaderPairs::values`].
///
/// It runs once per header rule and request, so it walks the lengths alone and looks at a name only
/// where its length is right.
#[derive(Clone, Debug)]
pub struct Values<'a, 'n> {
    sizes: slice::Iter<'a, [u8; 8]>,
    data: &'a [u8],
    /// Where the next pair begins in `data`. Forged lengths may wrap it; every access is checked.
    offset: usize,
    name: &'n [u8],
}

impl<'a> Iterator for Values<'a, '_> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        for sizes in self.sizes.by_ref() {
            let (name_length, value_length) = lengths(*sizes);
            let begin = self.offset;
            self.offset =
                begin.wrapping_add(name_length).wrapping_add(value_length).wrapping_add(2);
            if name_length == self.name.len() {
                let (name, after) = self.data.get(begin..)?.split_at_checked(name_length)?;
                if name == self.name {
                    return after.get(1..)?.get(..value_length);
                }
            }
        }
        None
    }
}

#[inline]
fn length_bit(length: usize) -> u64 {
    1 << (length % 64)
}

#[inline]
fn lengths(sizes: [u8; 8]) -> (usize, usize) {
    let [a, b, c, d, e, f, g, h] = sizes;
    (u32::from_le_bytes([a, b, c, d]) as usize, u32::from_le_bytes([e, f, g, h]) as usize)
}

/// Serialises pairs as the host expects them in a local reply or a callout.
///
/// Lengths beyond `u32::MAX` cannot occur on a 32-bit module; on a 64-bit host they saturate.
pub fn encode_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)> + Clone) -> Vec<u8>
where
    N: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let (mut count, mut size) = (0_u32, 4_usize);
    for (name, value) in pairs.clone() {
        count = count.saturating_add(1);
        // Two lengths, and a NUL behind either part.
        size = size.saturating_add(name.as_ref().len() + value.as_ref().len() + 10);
    }
    let mut buffer = Vec::with_capacity(size);
    buffer.extend_from_slice(&count.to_le_bytes());
    for (name, value) in pairs.clone() {
        buffer.extend_from_slice(&length(name.as_ref()));
        buffer.extend_from_slice(&length(value.as_ref()));
    }
    for (name, value) in pairs {
        for part in [name.as_ref(), value.as_ref()] {
            buffer.extend_from_slice(part);
            buffer.push(0);
        }
    }
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn reads_what_was_encoded_in_order_with_repeats_and_empty_values() {
        let bytes =
            encode_pairs([(&b"x-a"[..], &b"1"[..]), (b"x-b", b""), (b"x-a", b"\xff\x00tail")]);
        let pairs = HeaderPairs::parse(&bytes);
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs.values(b"x-a").collect::<Vec<_>>(), [&b"1"[..], b"\xff\x00tail"]);
        assert_eq!(pairs.first(b"x-b"), Some(&b""[..]));
        assert!(!pairs.contains(b"x-c"));
    }

    #[test]
    fn every_truncation_and_every_flipped_byte_is_read_without_panic() {
        let whole = encode_pairs([("x-a", "1"), ("x-bc", "twenty-one")]);
        for end in 0..whole.len() {
            let cut = HeaderPairs::parse(&whole[..end]);
            assert!(cut.iter().count() < 2, "cut at {end}");
        }
        for index in 0..whole.len() {
            for bit in 0..8 {
                let mut forged = whole.clone();
                forged[index] ^= 1 << bit;
                let pairs = HeaderPairs::parse(&forged);
                let _ = pairs.iter().count() + pairs.values(b"x-a").count();
            }
        }
    }

    #[test]
    fn pairs_are_chosen_by_the_lengths_of_their_names() {
        let long = "x".repeat(65);
        let bytes = encode_pairs([("x-a", "1"), ("x", "2"), ("ab", "3"), (long.as_str(), "4")]);
        let pairs = HeaderPairs::parse(&bytes);
        let lengths = HeaderPairs::length_bit(b"x-a") | HeaderPairs::length_bit(b"x");
        let chosen: Vec<_> = pairs.of_lengths(lengths).map(|(_, value)| value).collect();
        assert_eq!(chosen, [&b"1"[..], b"2", b"4"]);
        assert_eq!(pairs.of_lengths(HeaderPairs::length_bit(b"abcd")).count(), 0);
        for end in 0..bytes.len() {
            // Without a panic; the last value may still be whole.
            assert!(HeaderPairs::parse(&bytes[..end]).of_lengths(u64::MAX).count() <= 4);
        }
    }

    #[test]
    fn names_of_64_characters_more_are_told_apart() {
        let long = "x".repeat(65);
        let bytes = encode_pairs([(long.as_str(), "long"), ("x", "short")]);
        let pairs = HeaderPairs::parse(&bytes);
        assert_eq!(pairs.first(b"x"), Some(&b"short"[..]));
        assert_eq!(pairs.first(long.as_bytes()), Some(&b"long"[..]));
        assert_eq!(pairs.first(b"y"), None);
    }

    #[test]
    fn a_count_beyond_the_buffer_is_an_empty_map() {
        assert!(HeaderPairs::parse(&[0xff; 4]).is_empty());
        assert!(HeaderPairs::parse(b"").is_empty());
    }
}

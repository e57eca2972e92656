//! Numbers as lower-case hexadecimal text.

/// All sixteen digits.
pub(crate) fn digits(number: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    for (digit, shift) in digits.iter_mut().zip((0..16).rev()) {
        let value = (number >> (4 * shift) & 0xf) as u8;
        *digit = value + if value < 10 { b'0' } else { b'a' - 10 };
    }
    digits
}

/// The number that 1 to 16 lower-case digits stand for.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    text.iter().try_fold(0, |sum, digit| Some(sum << 4 | u64::from(nibble(*digit)?)))
}

/// The bytes that as many pairs of lower-case digits stand for.
pub(crate) fn bytes<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_number_is_sixteen_digits_and_read_back() {
        assert_eq!(&digits(0x0123_4567_89ab_cdef), b"0123456789abcdef");
        for value in [0, 1, u64::MAX, 0xf0f0_1234_0000_abcd] {
            assert_eq!(number(&digits(value)), Some(value));
        }
        assert_eq!(number(b"ff"), Some(255));
        for text in [&b""[..], b"F", b"0123456789abcdef0", b"g", b"-1", b" 1", b"\xff"] {
            assert_eq!(number(text), None, "{text:?}");
        }
    }

    #[test]
    fn bytes_are_read_at_their_full_length_only() {
        assert_eq!(bytes(b"00ff10"), Some([0, 0xff, 0x10]));
        for text in [&b"00ff1"[..], b"00ff1000", b"", b"00FF10", b"00fg10"] {
            assert_eq!(bytes::<3>(text), None, "{text:?}");
        }
    }
}

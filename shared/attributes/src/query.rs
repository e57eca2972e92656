//! The query of a path.

use std::borrow::Cow;

/// Values of the query parameter `name`, in order, as they stand. Its name may stand there raw or
/// percent-encoded; a parameter without `=` has an empty value.
pub fn query_values<'a, 'n>(
    query: &'a [u8],
    name: &'n [u8],
) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
    query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).filter_map(move |pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let key = halves.next()?;
        let value = halves.next().unwrap_or_default();
        (key == name || *percent_decode(key) == *name).then_some(value)
    })
}

/// `%XX` as the byte it stands for; anything else, `+` and broken escapes included, as it is.
#[must_use]
pub fn percent_decode(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [b'%', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(nibble(*high) << 4 | nibble(*low));
                tail
            }
            [byte, tail @ ..] => {
                decoded.push(*byte);
                tail
            }
            [] => return Cow::Owned(decoded),
        };
    }
}

/// The value of a hexadecimal digit.
fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn escapes_are_decoded_and_broken_ones_kept() {
        for (text, decoded) in [
            (&b"a%20b"[..], &b"a b"[..]),
            (b"%fF%00%41", b"\xff\0A"),
            (b"100%", b"100%"),
            (b"%4", b"%4"),
            (b"%zz%2", b"%zz%2"),
            (b"a+b", b"a+b"),
            (b"%%41", b"%A"),
            (b"", b""),
        ] {
            assert_eq!(*percent_decode(text), *decoded, "{text:?}");
        }
    }

    #[test]
    fn every_value_of_a_parameter_is_given() {
        let query = b"a=1&&b&a=2=3&%61=4&c=a&=5&A=6";
        assert_eq!(query_values(query, b"a").collect::<Vec<_>>(), [&b"1"[..], b"2=3", b"4"]);
        assert_eq!(query_values(query, b"b").collect::<Vec<_>>(), [&b""[..]]);
        assert_eq!(query_values(b"", b"a").count(), 0);
        assert_eq!(query_values(b"a%3Db=1", b"a=b").collect::<Vec<_>>(), [&b"1"[..]]);
    }
}

//! Base64, of RFC 4648's first alphabet. Those who write it in headers disagree about padding.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_encode_padding(false),
);

/// The bytes of a base64 text, at least one of them; padding may be left out.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    ENGINE.decode(text).ok().filter(|bytes| !bytes.is_empty())
}

/// The text of some bytes, without padding.
pub(crate) fn encode(bytes: &[u8]) -> Vec<u8> {
    ENGINE.encode(bytes).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn base64_with_and_without_padding() {
        for (text, bytes) in [
            ("QQ==", Some(&b"A"[..])),
            ("QQ", Some(b"A")),
            ("QUI=", Some(b"AB")),
            ("QUJD", Some(b"ABC")),
            ("++//", Some(b"\xfb\xef\xff")),
            ("Q", None),
            ("", None),
            ("====", None),
            ("Q!==", None),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), bytes, "{text:?}");
        }
    }

    #[test]
    fn what_was_encoded_is_decoded_again() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 1..bytes.len() {
            let text = encode(&bytes[..length]);
            assert_eq!(decode(&text).as_deref(), Some(&bytes[..length]));
        }
        assert_eq!(encode(b""), b"");
        assert_eq!(encode(b"ABCD"), b"QUJDRA");
        assert_eq!(encode(b"\xfb\xef\xff"), b"++//");
    }
}

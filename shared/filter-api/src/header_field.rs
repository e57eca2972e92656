//! Header names and values that cannot split a message.
//!
//! Envoy writes response headers of a module to the wire as they are: a CR LF in a value becomes a
//! second header, an empty name becomes `: value`. So the contract carries only checked ones.

use std::fmt;
use std::rc::Rc;

/// A header name: lower-case token characters (RFC 9110 §5.6.2), no pseudo-header.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderName(Rc<[u8]>);

/// A header value: 0x20–0x7e, 0x80–0xff and TAB (RFC 9110 §5.5).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderValue(Rc<[u8]>);

/// Why a header name or value was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidHeader {
    /// The host frames messages itself: `content-length`, `connection` and their kind.
    Framing,
    /// The name is empty or holds a character no header name may have.
    Name,
    /// The value holds a control character.
    Value,
}

impl HeaderName {
    /// Checks `name` and folds it to lower case.
    ///
    /// # Errors
    /// [`InvalidHeader::Name`] for an empty name, a pseudo-header or a character outside RFC 9110's
    /// token; [`InvalidHeader::Framing`] for a header that only the host may write.
    pub fn new(name: &str) -> Result<Self, InvalidHeader> {
        const FRAMING: [&str; 8] = [
            "connection",
            "content-length",
            "host",
            "keep-alive",
            "proxy-connection",
            "te",
            "transfer-encoding",
            "upgrade",
        ];
        let lower = name.to_ascii_lowercase();
        if lower.is_empty() || !lower.bytes().all(is_token) {
            return Err(InvalidHeader::Name);
        }
        if FRAMING.contains(&lower.as_str()) {
            return Err(InvalidHeader::Framing);
        }
        Ok(Self(lower.into_bytes().into()))
    }

    /// The lower-case bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl HeaderValue {
    /// Checks `value`.
    ///
    /// # Errors
    /// [`InvalidHeader::Value`] for a control character other than TAB.
    pub fn new(value: impl AsRef<[u8]>) -> Result<Self, InvalidHeader> {
        let value = value.as_ref();
        if is_plain(value) || value.iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control()) {
            Ok(Self(value.into()))
        } else {
            Err(InvalidHeader::Value)
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Whether no byte is a control character: eight at a time, as values are checked on every request.
fn is_plain(value: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 0xff;
    const TOPS: u64 = ONES << 7;
    // What is borrowed or wraps over from a neighbour only sends a value to the slower check.
    let controls = |word: u64| {
        let below_space = word.wrapping_sub(ONES * 0x20) & !word;
        let deleted = word ^ (ONES * 0x7f);
        below_space | (deleted.wrapping_sub(ONES) & !deleted)
    };
    let (words, rest) = value.as_chunks::<8>();
    let found = words.iter().fold(0, |found, word| found | controls(u64::from_le_bytes(*word)));
    found & TOPS == 0 && !rest.iter().any(u8::is_ascii_control)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl fmt::Display for InvalidHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Framing => "a header that only Envoy may write",
            Self::Name => "not a header name (letters, digits and !#$%&'*+-.^_`|~)",
            Self::Value => "not a header value (no control characters, no line breaks)",
        })
    }
}

impl std::error::Error for InvalidHeader {}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn names_are_folded_and_nothing_that_splits_gets_through() {
        assert_eq!(HeaderName::new("X-Reason").unwrap().as_bytes(), b"x-reason");
        for bad in ["", ":path", "x y", "x\r\ny", "x\0", "é", "x:"] {
            assert_eq!(HeaderName::new(bad), Err(InvalidHeader::Name), "{bad:?}");
        }
        assert_eq!(HeaderName::new("Content-Length"), Err(InvalidHeader::Framing));
    }

    #[test]
    fn values_admit_every_byte_but_controls() {
        for byte in 0..=u8::MAX {
            let admitted = byte == 9 || (0x20..0x7f).contains(&byte) || byte >= 0x80;
            assert_eq!(HeaderValue::new([b'a', byte]).is_ok(), admitted, "{byte:#x}");
            for place in 0..20 {
                let mut long = [0xff; 20];
                long[place] = byte;
                assert_eq!(HeaderValue::new(long).is_ok(), admitted, "{byte:#x} at {place}");
            }
        }
    }
}

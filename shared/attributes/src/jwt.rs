//! Claims of a token that Envoy's `jwt_authn` filter has verified.
//!
//! They are there where its provider has `payload_in_metadata: payload`, as Istio configures it.
//! Envoy hands a text over as it is and a list as pairs of which the names are the elements. What
//! kind it is it does not say, so a number or a boolean cannot be told from text: as in Istio, a
//! claim is a text or a list of texts.

use crate::host::plain_property;
use filter_api::{Environment, HeaderPairs};

/// The token's `<issuer>/<subject>`, which Istio calls the request's principal; `None` where no
/// token was verified or it lacks either.
pub fn request_principal(env: &mut dyn Environment) -> Option<Vec<u8>> {
    let issuer = plain_property(env, payload!("iss"))?;
    Some(with_slash(issuer, &plain_property(env, payload!("sub"))?))
}

/// `<first>/<second>`.
pub(crate) fn with_slash(mut first: Vec<u8>, second: &[u8]) -> Vec<u8> {
    first.push(b'/');
    first.extend_from_slice(second);
    first
}

/// The texts of a claim: its elements, or itself. An object has none.
pub(crate) fn texts(claim: &[u8]) -> Vec<&[u8]> {
    let pairs = HeaderPairs::parse(claim);
    let size = |(name, value): (&[u8], &[u8])| name.len().saturating_add(value.len());
    let expected = pairs.iter().map(|pair| size(pair).saturating_add(10)).sum::<usize>();
    let is_empty_list = claim == [0; 4];
    if is_empty_list || (!pairs.is_empty() && expected.saturating_add(4) == claim.len()) {
        return match pairs.iter().all(|(_, value)| value.is_empty()) {
            true => pairs.iter().map(|(element, _)| element).collect(),
            false => Vec::new(),
        };
    }
    if claim.is_empty() { Vec::new() } else { vec![claim] }
}

#[cfg(test)]
mod tests {
    use super::texts;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// As Envoy 1.40.0 gives them.
    #[test]
    fn a_claim_is_a_text_or_a_list_of_texts() {
        let list = b"\x02\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0a\0\0bb\0\0";
        assert_eq!(texts(list), [&b"a"[..], b"bb"]);
        assert_eq!(texts(b"\x01\0\0\0\x01\0\0\0\0\0\0\0x\0\0"), [b"x"]);
        assert_eq!(texts(b"\0\0\0\0"), [&b""[..]; 0]);
        assert_eq!(texts(b"admin"), [b"admin"]);
        assert_eq!(texts(b""), [&b""[..]; 0]);
        let object = b"\x01\0\0\0\x04\0\0\0\x01\0\0\0name\0g\0";
        assert_eq!(texts(object), [&b""[..]; 0]);
        for end in 1..list.len() {
            let cut = texts(&list[..end]);
            assert!(cut == [&list[..end]] || end == 4, "cut at {end}: {cut:?}");
        }
    }
}

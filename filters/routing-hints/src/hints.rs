//! Headers by which routes are chosen, and that no client may send.

use filter_api::{HeaderName, HeaderPairs, RequestHead, encode_pairs};

/// The hint headers of the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hints {
    names: Vec<HeaderName>,
    /// Most headers are passed over by their length alone.
    lengths: u64,
}

impl Hints {
    /// One more hint header.
    pub(crate) fn add(&mut self, name: &HeaderName) {
        if !self.names.contains(name) {
            self.lengths |= HeaderPairs::length_bit(name.as_bytes());
            self.names.push(name.clone());
        }
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Their names, for people.
    pub(crate) fn summary(&self) -> String {
        let names = self.names.iter().filter_map(|name| std::str::from_utf8(name.as_bytes()).ok());
        let names: Vec<&str> = names.collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }

    /// The hint headers that the request brings, each name once.
    pub(crate) fn found(&self, request: &RequestHead<'_>) -> Vec<HeaderName> {
        let mut found: Vec<HeaderName> = Vec::new();
        let alike = request.headers().of_lengths(self.lengths);
        for (name, _) in alike.filter(|(name, _)| self.is_hint(name)) {
            let known = |known: &HeaderName| known.as_bytes() == name;
            if found.iter().any(known) {
                continue;
            }
            let own = self.names.iter().find(|own| known(own)).cloned();
            // A name that is alike but for `_` is as valid as the one it is like.
            let alias = || HeaderName::new(std::str::from_utf8(name).ok()?).ok();
            found.extend(own.or_else(alias));
        }
        found
    }

    /// The request's headers but for hints, in the host's serialisation: what rules look at.
    pub(crate) fn without(&self, request: &RequestHead<'_>) -> Vec<u8> {
        let kept: Vec<_> =
            request.headers().iter().filter(|(name, _)| !self.is_hint(name)).collect();
        encode_pairs(kept)
    }

    /// Whether a header is called like a hint, `_` and `-` being alike: behind gateways that make
    /// variables of headers they are.
    fn is_hint(&self, name: &[u8]) -> bool {
        self.names.iter().any(|hint| is_alike(hint.as_bytes(), name))
    }
}

fn is_alike(hint: &[u8], name: &[u8]) -> bool {
    let fold = |byte: &u8| if *byte == b'_' { b'-' } else { *byte };
    hint.len() == name.len() && hint.iter().map(fold).eq(name.iter().map(fold))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn every_value_and_spelling_of_a_hint_is_found_and_left_out() {
        let mut hints = Hints::default();
        assert!(hints.is_empty());
        for name in ["x-route", "X-Route", "x_bucket-1"] {
            hints.add(&HeaderName::new(name).unwrap());
        }
        let bytes = encode_pairs([
            ("x-route", "1"),
            ("x-a", "2"),
            ("x_route", "3"),
            ("x-route", "4"),
            ("x-bucket-1", "5"),
            ("x-routes", "6"),
            ("xxroute", "7"),
        ]);
        let request = RequestHead::new(HeaderPairs::parse(&bytes));
        let found: Vec<HeaderName> = hints.found(&request);
        let found: Vec<&[u8]> = found.iter().map(HeaderName::as_bytes).collect();
        assert_eq!(found, [&b"x-route"[..], b"x_route", b"x-bucket-1"]);
        let kept = hints.without(&request);
        let kept: Vec<&[u8]> = HeaderPairs::parse(&kept).iter().map(|(_, value)| value).collect();
        assert_eq!(kept, [b"2", b"6", b"7"]);
        assert!(Hints::default().found(&request).is_empty());
    }
}

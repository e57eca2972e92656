//! The request and response heads a filter looks at.

use crate::HeaderPairs;

/// A request's headers, as they stood when the callback began.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestHead<'a> {
    headers: HeaderPairs<'a>,
}

impl<'a> RequestHead<'a> {
    /// A head over one snapshot of the header map. A filter that said it needs no headers is given
    /// the default, empty head.
    #[must_use]
    pub fn new(headers: HeaderPairs<'a>) -> Self {
        Self { headers }
    }

    /// All headers, pseudo-headers included.
    #[must_use]
    pub fn headers(&self) -> HeaderPairs<'a> {
        self.headers
    }

    /// `:method`, case as sent.
    #[must_use]
    pub fn method(&self) -> &'a [u8] {
        self.pseudo(b":method")
    }

    /// `:authority` (HTTP/1's `Host`), port included.
    #[must_use]
    pub fn authority(&self) -> &'a [u8] {
        self.pseudo(b":authority")
    }

    /// `:scheme`.
    #[must_use]
    pub fn scheme(&self) -> &'a [u8] {
        self.pseudo(b":scheme")
    }

    /// `:path` as it stands, query included.
    #[must_use]
    pub fn path_and_query(&self) -> &'a [u8] {
        self.pseudo(b":path")
    }

    /// `:path` up to the first `?`.
    #[must_use]
    pub fn path(&self) -> &'a [u8] {
        self.split_query().0
    }

    /// What follows the first `?` of `:path`; `None` where there is no `?`.
    #[must_use]
    pub fn query(&self) -> Option<&'a [u8]> {
        self.split_query().1
    }

    /// Values of the cookie `name` over all `cookie` headers, in order (RFC 6265 §5.4), without the
    /// double quotes that may stand around one (§4.1.1): Envoy and most servers take them off, so that
    /// `"x"` and `x` are one value.
    pub fn cookies<'n>(&self, name: &'n [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.headers
            .values(b"cookie")
            .flat_map(|header| header.split(|byte| *byte == b';'))
            .filter_map(move |pair| {
                let rest = pair.trim_ascii_start().strip_prefix(name)?.trim_ascii_start();
                rest.strip_prefix(b"=").map(unquoted)
            })
    }

    /// Whether this is a gRPC request by its content type, as Envoy decides it.
    #[must_use]
    pub fn is_grpc(&self) -> bool {
        self.headers.first(b"content-type").is_some_and(|value| {
            value.strip_prefix(b"application/grpc").is_some_and(|rest| {
                rest.is_empty() || rest.starts_with(b"+") || rest.starts_with(b";")
            })
        })
    }

    fn pseudo(&self, name: &[u8]) -> &'a [u8] {
        self.headers.first(name).unwrap_or_default()
    }

    fn split_query(&self) -> (&'a [u8], Option<&'a [u8]>) {
        let whole = self.path_and_query();
        let mut halves = whole.splitn(2, |byte| *byte == b'?');
        (halves.next().unwrap_or_default(), halves.next())
    }
}

/// A cookie's value without blanks and without quotes around it.
fn unquoted(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    let inner = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    inner.unwrap_or(value)
}

/// An answer's headers, as they stood when the callback began.
#[derive(Clone, Copy, Debug, Default)]
pub struct ResponseHead<'a> {
    headers: HeaderPairs<'a>,
    /// No body and no trailers follow.
    pub end_of_stream: bool,
}

impl<'a> ResponseHead<'a> {
    /// A head over one snapshot of the header map.
    #[must_use]
    pub fn new(headers: HeaderPairs<'a>, end_of_stream: bool) -> Self {
        Self { headers, end_of_stream }
    }

    /// All headers, `:status` included.
    #[must_use]
    pub fn headers(&self) -> HeaderPairs<'a> {
        self.headers
    }

    /// `:status` as a number, `None` where it is not three digits.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.headers.first(b":status")? {
            [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
                Some([a, b, c].iter().fold(0, |sum, digit| sum * 10 + u16::from(**digit - b'0')))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode_pairs;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn path_query_and_cookies_are_taken_apart() {
        let bytes = encode_pairs([
            (":path", "/a/b?x=1?y"),
            ("cookie", "a=1; session=s=1"),
            ("cookie", "session=2;broken"),
        ]);
        let head = RequestHead::new(HeaderPairs::parse(&bytes));
        assert_eq!(head.path(), b"/a/b");
        assert_eq!(head.query(), Some(&b"x=1?y"[..]));
        assert_eq!(head.cookies(b"session").collect::<Vec<_>>(), [&b"s=1"[..], b"2"]);
        assert_eq!(head.cookies(b"broken").count(), 0);
        assert_eq!(head.method(), b"");
    }

    #[test]
    fn a_cookie_is_the_same_in_quotes_and_with_blanks() {
        for (cookie, value) in [
            ("s=\"x\"", "x"),
            ("s= \"x\" ;t=1", "x"),
            ("s =x", "x"),
            ("s=\"\"", ""),
            ("s=\"", "\""),
            ("s=\"x", "\"x"),
            ("s=\"\"x\"\"", "\"x\""),
        ] {
            let bytes = encode_pairs([("cookie", cookie)]);
            let head = RequestHead::new(HeaderPairs::parse(&bytes));
            assert_eq!(head.cookies(b"s").collect::<Vec<_>>(), [value.as_bytes()], "{cookie}");
        }
    }

    #[test]
    fn grpc_is_told_by_content_type() {
        for (value, grpc) in [
            ("application/grpc", true),
            ("application/grpc+proto", true),
            ("application/grpc; charset=utf-8", true),
            ("application/grpc-web", false),
            ("text/plain", false),
        ] {
            let bytes = encode_pairs([("content-type", value)]);
            assert_eq!(RequestHead::new(HeaderPairs::parse(&bytes)).is_grpc(), grpc, "{value}");
        }
    }

    #[test]
    fn status_is_three_digits_or_none() {
        for (value, status) in [("200", Some(200)), ("599", Some(599)), ("20", None), ("2x0", None)]
        {
            let bytes = encode_pairs([(":status", value)]);
            assert_eq!(ResponseHead::new(HeaderPairs::parse(&bytes), true).status(), status);
        }
    }
}

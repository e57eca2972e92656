//! The cookie that makes a choice last: what it holds, and how it is written.
//!
//! Its value is the user's number, and the time of its issue where that matters:
//! `0123456789abcdef` or `0123456789abcdef.6955b900`. Anything else is no cookie of ours.

use crate::hex;
use filter_api::{HeaderValue, RequestHead, ResponseHead, UnixTime};

#[cfg(test)]
mod tests;

const NANOS: u64 = 1_000_000_000;

/// One cookie, as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    /// What follows the value: `; Path=/; Max-Age=…`.
    pub(crate) attributes: String,
    /// The same for its deletion.
    pub(crate) delete_attributes: String,
    /// Seconds after which it is issued anew.
    pub(crate) refresh_after: Option<u64>,
}

/// The number of a user, read or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id {
    /// Sixteen lower-case hexadecimal digits: the user's key.
    pub(crate) digits: [u8; 16],
    /// Seconds since the epoch, where the cookie says it.
    pub(crate) issued: Option<u64>,
}

impl Cookie {
    /// The first value of the request's cookies of this name that is one of ours.
    pub(crate) fn read(&self, request: &RequestHead<'_>) -> Option<Id> {
        request.cookies(self.name.as_bytes()).find_map(Id::parse)
    }

    /// Whether the request has a cookie of this name, of whatever value.
    pub(crate) fn is_in(&self, request: &RequestHead<'_>) -> bool {
        request.cookies(self.name.as_bytes()).next().is_some()
    }

    /// Whether it is time to issue it anew. A cookie that does not say when it was issued, or says a
    /// time to come, is as old as can be; where the time is not known nothing is.
    pub(crate) fn is_stale(&self, id: Id, now: UnixTime) -> bool {
        let Some(after) = self.refresh_after.filter(|_| now != UnixTime::default()) else {
            return false;
        };
        let age = id.issued.and_then(|issued| (now.0 / NANOS).checked_sub(issued));
        age.is_none_or(|age| age >= after)
    }

    /// `name=value` for `id`, issued `now`.
    pub(crate) fn pair(&self, id: Id, now: UnixTime) -> String {
        let mut pair = [&self.name, "="].concat();
        push_digits(&mut pair, &id.digits);
        if self.refresh_after.is_some() {
            pair.push('.');
            let issued = hex::digits(now.0 / NANOS);
            let significant = issued.iter().position(|digit| *digit != b'0').unwrap_or(15);
            push_digits(&mut pair, issued.get(significant..).unwrap_or_default());
        }
        pair
    }

    /// `Set-Cookie` for a `pair`; `None` cannot be, as names and attributes were checked.
    pub(crate) fn set(&self, pair: &str) -> Option<HeaderValue> {
        HeaderValue::new([pair, &self.attributes].concat()).ok()
    }

    /// `Set-Cookie` that deletes it.
    pub(crate) fn delete(&self) -> Option<HeaderValue> {
        HeaderValue::new([&self.name, "=", &self.delete_attributes].concat()).ok()
    }
}

impl Id {
    /// A new one.
    pub(crate) fn new(number: u64) -> Self {
        Self { digits: hex::digits(number), issued: None }
    }

    fn parse(value: &[u8]) -> Option<Self> {
        let (digits, rest) = value.split_first_chunk::<16>()?;
        hex::number(digits)?;
        let issued = match rest {
            [] => None,
            [b'.', time @ ..] => Some(hex::number(time)?),
            _ => return None,
        };
        Some(Self { digits: *digits, issued })
    }
}

fn push_digits(text: &mut String, digits: &[u8]) {
    text.extend(digits.iter().map(|digit| char::from(*digit)));
}

/// The `cookie` header of a request with `pairs` added; several lines become one.
pub(crate) fn with_pairs(request: &RequestHead<'_>, pairs: &[String]) -> Option<HeaderValue> {
    let mut all: Vec<u8> = Vec::new();
    let lines = request.headers().values(b"cookie").map(<[u8]>::trim_ascii);
    let lines = lines.filter(|line| !line.is_empty());
    for line in lines.chain(pairs.iter().map(|pair| pair.as_bytes())) {
        if !all.is_empty() {
            all.extend_from_slice(b"; ");
        }
        all.extend_from_slice(line);
    }
    HeaderValue::new(all).ok()
}

/// Whether a cache that serves several users may store the answer, and so would hand one user's
/// cookie to all (RFC 9111 §3, §7.3): it says so by a time of freshness, and not otherwise.
pub(crate) fn is_shared_cacheable(response: &ResponseHead<'_>) -> bool {
    let headers = response.headers();
    let mut is_fresh = headers.contains(b"expires");
    let directives = headers
        .values(b"cache-control")
        .flat_map(|line| line.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii);
    for directive in directives {
        let mut halves = directive.splitn(2, |byte| *byte == b'=');
        let name = halves.next().unwrap_or_default().trim_ascii();
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        if is(b"private") || is(b"no-store") || is(b"no-cache") {
            return false;
        }
        let zero = halves.next().is_some_and(|value| value.trim_ascii() == b"0");
        is_fresh |= is(b"public") || ((is(b"max-age") || is(b"s-maxage")) && !zero);
    }
    is_fresh
}

//! Which key of a quota a request belongs to.

use crate::hash::{Digest, Secret};
use addresses::{aggregate, parse_ip};
use std::borrow::Cow;
use std::net::IpAddr;

#[cfg(test)]
mod tests;

/// The text that is hashed: every part behind its length, so that no two lists of parts are alike
/// (`a;b=c` is not `a` and `b=c`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyText(Vec<u8>);

impl KeyText {
    /// One that need not grow in most cases.
    pub(crate) fn with_room() -> Self {
        Self(Vec::with_capacity(128))
    }

    /// Adds a part.
    pub(crate) fn push(&mut self, part: &[u8]) {
        self.0.extend_from_slice(&(part.len() as u64).to_le_bytes());
        self.0.extend_from_slice(part);
    }

    /// The hash of all parts.
    pub(crate) fn digest(&self, secret: Secret) -> Digest {
        secret.digest(&self.0)
    }
}

/// A dimension's value as it counts for the key: of an IPv6 address only the first `v6_length` bits,
/// because a client has whole networks of them.
pub(crate) fn value_for_key(value: &[u8], v6_length: u8) -> Cow<'_, [u8]> {
    // Nearly no value is such an address: these bytes tell most.
    if !value.contains(&b':') {
        return Cow::Borrowed(value);
    }
    match parse_ip(value) {
        Some(ip @ IpAddr::V6(_)) => match aggregate(ip, v6_length) {
            // NUL stands in no header, so no text is taken for an address.
            IpAddr::V6(network) => {
                let mut bytes = vec![0];
                bytes.extend_from_slice(&network.octets());
                Cow::Owned(bytes)
            }
            IpAddr::V4(_) => Cow::Borrowed(value),
        },
        // An IPv4 address that was written as an IPv6 one is the same client.
        Some(IpAddr::V4(ip)) => Cow::Owned(ip.to_string().into_bytes()),
        None => Cow::Borrowed(value),
    }
}

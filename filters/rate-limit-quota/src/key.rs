//! Which key of a quota a request belongs to.

use addresses::{aggregate, parse_ip};
use std::borrow::Cow;
use std::net::IpAddr;

#[cfg(test)]
mod tests;

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

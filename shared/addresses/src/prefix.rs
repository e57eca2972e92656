//! One prefix.

use crate::address::{canonical, mask};
use filter_config::quoted;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[cfg(test)]
mod tests;

/// Bits before the IPv4 address in `::ffff:10.0.0.1`.
const MAPPED: u8 = 96;

/// Addresses that begin with the same bits. A prefix holds addresses of its own family only:
/// `::/0` is all of IPv6 and nothing of IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpPrefix {
    address: IpAddr,
    length: u8,
}

impl IpPrefix {
    /// The prefix of `length` bits of `address`; `None` where it is longer than the address or has
    /// bits set beyond it. A prefix within `::ffff:0:0/96` is the IPv4 prefix that it stands for.
    #[must_use]
    pub fn new(address: IpAddr, length: u8) -> Option<Self> {
        let is_mapped = canonical(address) != address;
        let (address, length) = match length.checked_sub(MAPPED) {
            Some(length) if is_mapped => (canonical(address), length),
            _ => (address, length),
        };
        let prefix = Self { address, length };
        (length <= width(address) && prefix.first(length) == address).then_some(prefix)
    }

    /// Reads `10.0.0.0/8`, `2001:db8::/32` or a bare address, which is one address alone.
    ///
    /// # Errors
    /// One line with what was found and what is allowed: no address, a leading zero, a length that
    /// is none or too great, bits set beyond the length.
    pub fn parse(text: &str) -> Result<Self, String> {
        const ALLOWED: &str = "an IP address or a prefix such as 10.0.0.0/8 or 2001:db8::/32, \
                               without leading zeros, ports and zones";
        let refuse = |why: &str, allowed: &str| {
            ["found ", &quoted(text), why, ", allowed is ", allowed].concat()
        };
        let (bare, length) = match text.split_once('/') {
            Some((bare, length)) => (bare, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = bare.parse().map_err(|_| refuse("", ALLOWED))?;
        let length = match length.map(digits) {
            None => width(address),
            Some(Some(length)) if length <= width(address) => length,
            Some(_) => {
                let longest = if address.is_ipv4() { "32" } else { "128" };
                let allowed = ["a prefix length from 0 to ", longest].concat();
                return Err(refuse("", &allowed));
            }
        };
        Self::new(address, length).ok_or_else(|| {
            let prefix = Self { address, length };
            let allowed = spelled(prefix.first(length));
            let allowed = [&allowed, "/", &length.to_string()].concat();
            refuse(", which has bits set beyond the prefix", &allowed)
        })
    }

    /// The first address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Bits that all its addresses share: 0 to 32 for IPv4, 0 to 128 for IPv6.
    #[must_use]
    pub fn length(&self) -> u8 {
        self.length
    }

    /// Whether the address begins with the prefix.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = canonical(ip);
        let ip = Self { address: ip, length: width(ip) };
        ip.address.is_ipv4() == self.address.is_ipv4() && ip.first(self.length) == self.address
    }

    /// The address with all bits beyond `length` cleared.
    fn first(&self, length: u8) -> IpAddr {
        match self.address {
            IpAddr::V4(v4) => {
                let mask = mask(length.saturating_add(MAPPED)) as u32;
                IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
            }
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask(length))),
        }
    }
}

impl From<IpAddr> for IpPrefix {
    /// This address alone.
    fn from(ip: IpAddr) -> Self {
        let address = canonical(ip);
        Self { address, length: width(address) }
    }
}

impl fmt::Display for IpPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// An address for a message, IPv6 in all its groups: the standard library's shortest form is 3 KB in
/// every module.
fn spelled(ip: IpAddr) -> String {
    let (octets, size, joint) = match ip {
        IpAddr::V4(v4) => (v4.octets().to_vec(), 1, "."),
        IpAddr::V6(v6) => (v6.octets().to_vec(), 2, ":"),
    };
    let mut groups: Vec<String> = Vec::new();
    for group in octets.chunks(size) {
        let hex = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
        groups.push(match group {
            [octet] => octet.to_string(),
            _ => {
                let digits = group.iter().flat_map(|octet| [hex(octet >> 4), hex(octet & 15)]);
                let digits: String = digits.collect();
                let shortest = digits.trim_start_matches('0');
                if shortest.is_empty() { "0".to_owned() } else { shortest.to_owned() }
            }
        });
    }
    groups.join(joint)
}

/// Bits of an address.
fn width(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

/// A length as it is written: digits without a leading zero.
fn digits(text: &str) -> Option<u8> {
    let is_plain = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| is_plain)
}

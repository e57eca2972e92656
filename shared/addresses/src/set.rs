//! Many prefixes.

use crate::IpPrefix;
use std::net::IpAddr;
use table::Table;

mod sort;
mod table;
#[cfg(test)]
mod tests;

/// Prefixes of which an address may have any.
///
/// Made once, then only asked. A prefix takes 5 bytes (IPv4) or 17 (IPv6); one that lies within
/// another is dropped, as it says nothing new. From a few thousand on, an index of 256 KiB per
/// family keeps the cost of a question flat.
#[derive(Clone, Debug, Default)]
pub struct IpPrefixSet {
    v4: Table<5>,
    v6: Table<17>,
}

impl IpPrefixSet {
    /// Whether the address is within any of the prefixes.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.covers(ip.into())
    }

    /// Whether all of `prefix` is within one of the prefixes.
    #[must_use]
    pub fn covers(&self, prefix: IpPrefix) -> bool {
        match prefix.address() {
            IpAddr::V4(v4) => self.v4.covers(&entry(&v4.octets(), prefix.length())),
            IpAddr::V6(v6) => self.v6.covers(&entry(&v6.octets(), prefix.length())),
        }
    }

    /// How many prefixes there are, those not counted that lie within another.
    #[must_use]
    pub fn len(&self) -> usize {
        self.v4.len().saturating_add(self.v6.len())
    }

    /// Whether there is no prefix.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl FromIterator<IpPrefix> for IpPrefixSet {
    fn from_iter<I: IntoIterator<Item = IpPrefix>>(prefixes: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for prefix in prefixes {
            match prefix.address() {
                IpAddr::V4(ip) => v4.push(entry(&ip.octets(), prefix.length())),
                IpAddr::V6(ip) => v6.push(entry(&ip.octets(), prefix.length())),
            }
        }
        Self { v4: Table::new(v4), v6: Table::new(v6) }
    }
}

/// The octets of an address and then the length of its prefix.
fn entry<const N: usize>(octets: &[u8], length: u8) -> [u8; N] {
    let mut entry = [length; N];
    for (place, octet) in entry.iter_mut().zip(octets) {
        *place = *octet;
    }
    entry
}

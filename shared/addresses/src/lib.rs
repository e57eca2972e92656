//! IP addresses, prefixes and large sets of prefixes.
//!
//! An address here is canonical: `::ffff:10.0.0.1`, an IPv4 address in IPv6's clothes, is `10.0.0.1`,
//! so that a prefix of one family cannot be dodged by writing the other. What people and browsers
//! read in two ways is no address: `010.0.0.1` (octal or decimal?), `fe80::1%eth0` (whose eth0?).
//!
//! ```
//! use addresses::{IpPrefix, IpPrefixSet, ip_of_socket};
//!
//! let office: IpPrefixSet =
//!     ["10.1.0.0/16", "2001:db8::/32"].iter().map(|text| IpPrefix::parse(text)).collect::<Result<_, _>>()?;
//! assert!(office.contains(ip_of_socket(b"[::ffff:10.1.2.3]:80").unwrap()));
//!
//! let error = IpPrefix::parse("10.1.2.3/16").unwrap_err();
//! assert_eq!(error, "found \"10.1.2.3/16\", which has bits set beyond the prefix, allowed is 10.1.0.0/16");
//! # Ok::<(), String>(())
//! ```

mod address;
mod prefix;
mod set;

pub use address::{aggregate, canonical, ip_of_socket, parse_ip};
pub use prefix::IpPrefix;
pub use set::IpPrefixSet;

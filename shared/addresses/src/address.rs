//! Reading an address.

use std::net::{IpAddr, Ipv6Addr};

/// An address in text, canonical. `None` for what is none: a leading zero, a zone, a port or
/// brackets included.
#[must_use]
pub fn parse_ip(text: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(text).ok()?.parse().ok().map(canonical)
}

/// The address of `1.2.3.4:80` or `[2001:db8::1]:80`, as Envoy writes an address with its port;
/// `None` for a pipe or an internal listener. The zone of a link-local address is dropped.
#[must_use]
pub fn ip_of_socket(text: &[u8]) -> Option<IpAddr> {
    let position = |byte| text.iter().rposition(|other| *other == byte);
    let host = text.get(..position(b':')?)?;
    match host.strip_prefix(b"[") {
        Some(inside) => {
            let inside = inside.strip_suffix(b"]")?;
            parse_ip(inside.split(|byte| *byte == b'%').next()?)
        }
        None => parse_ip(host),
    }
}

/// An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) as what it is; all others as they are.
#[must_use]
pub fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
    }
}

/// An address as one client: an IPv4 address as it is, of an IPv6 address the first `v6_length`
/// bits (0 to 128, more is 128). A provider gives a household 64 bits to choose freely from.
#[must_use]
pub fn aggregate(ip: IpAddr, v6_length: u8) -> IpAddr {
    match canonical(ip) {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask(v6_length))),
        v4 => v4,
    }
}

/// The first `length` bits of 128 set.
pub(crate) fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128_u32.saturating_sub(length.into())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn addresses_are_canonical_and_what_has_two_readings_is_none() {
        for (text, expected) in [
            ("10.0.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::FFFF:a00:1", "10.0.0.1"),
            ("::10.0.0.1", "::a00:1"),
            ("2001:DB8::1", "2001:db8::1"),
        ] {
            assert_eq!(parse_ip(text.as_bytes()), ip(expected), "{text}");
        }
        for text in [
            "",
            "10.0.0",
            "10.0.0.01",
            "010.0.0.1",
            "0x0a.0.0.1",
            "10.0.0.256",
            "10.1",
            "167772161",
            " 10.0.0.1",
            "10.0.0.1:80",
            "[::1]",
            "fe80::1%eth0",
            "::1::",
            ":::",
            "1.2.3.4.5",
            "é",
        ] {
            assert_eq!(parse_ip(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_ip(b"10.0.0.1\xff"), None);
    }

    #[test]
    fn a_socket_address_gives_its_address() {
        for (text, expected) in [
            ("10.0.0.1:80", ip("10.0.0.1")),
            ("[2001:db8::1]:80", ip("2001:db8::1")),
            ("[::ffff:10.0.0.1]:80", ip("10.0.0.1")),
            ("[fe80::1%2]:80", ip("fe80::1")),
            ("2001:db8::1", None),
            ("10.0.0.1", None),
            ("/run/envoy.sock", None),
            ("envoy://internal/1", None),
            ("[::1]", None),
            ("[]:80", None),
            ("[::1:80", None),
            ("::1]:80", None),
            (":80", None),
            ("", None),
        ] {
            assert_eq!(ip_of_socket(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(ip_of_socket(b"\xff:80"), None);
    }

    #[test]
    fn addresses_of_one_client_are_one() {
        for (text, length, expected) in [
            ("2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::"),
            ("2001:db8:1:2:3:4:5:6", 56, "2001:db8:1::"),
            ("2001:db8::1", 128, "2001:db8::1"),
            ("2001:db8::1", 200, "2001:db8::1"),
            ("2001:db8::1", 0, "::"),
            ("10.0.0.1", 0, "10.0.0.1"),
            ("::ffff:10.0.0.1", 64, "10.0.0.1"),
        ] {
            assert_eq!(Some(aggregate(ip(text).unwrap(), length)), ip(expected), "{text}/{length}");
        }
    }
}

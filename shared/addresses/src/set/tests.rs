use super::IpPrefixSet;
use super::sort::sort;
use crate::IpPrefix;
use fastrand::Rng;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// An address of which few bits vary, so that prefixes meet.
fn address(rng: &mut Rng, bits: u32) -> IpAddr {
    let varied = rng.u64(..) & (u64::MAX >> (64 - bits));
    if rng.bool() {
        IpAddr::V4(Ipv4Addr::from_bits((varied as u32) << (32 - bits) | rng.u32(..4)))
    } else {
        IpAddr::V6(Ipv6Addr::from_bits(
            0x2001_0db8 << 96 | u128::from(varied) << (96 - bits) | u128::from(rng.u8(..4)),
        ))
    }
}

fn prefix(rng: &mut Rng, bits: u32) -> IpPrefix {
    loop {
        let ip = address(rng, bits);
        let longest = if ip.is_ipv4() { 32 } else { 128 };
        let length = rng.u8(..=longest);
        // Cleared from the right until it is a prefix.
        let cleared = match ip {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(
                v4.to_bits() & u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0),
            )),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(
                v6.to_bits() & u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0),
            )),
        };
        // Short ones hold everything, and so would test nothing.
        if length > longest / 4 || rng.u8(..50) == 0 {
            return IpPrefix::new(cleared, length).unwrap();
        }
    }
}

/// Whether any of the prefixes holds the other, told one by one.
fn any_covers(prefixes: &[IpPrefix], inner: IpPrefix) -> bool {
    prefixes.iter().any(|outer| outer.length() <= inner.length() && outer.contains(inner.address()))
}

#[test]
fn a_set_holds_what_its_prefixes_hold() {
    let mut rng = Rng::with_seed(1);
    let (mut inside, mut outside) = (0, 0);
    for size in [0, 1, 2, 3, 10, 40] {
        for bits in [4, 8, 20] {
            for _ in 0..40 {
                let prefixes: Vec<_> = (0..size).map(|_| prefix(&mut rng, bits)).collect();
                let set: IpPrefixSet = prefixes.iter().copied().collect();
                for _ in 0..60 {
                    let (ip, other) = (address(&mut rng, bits), prefix(&mut rng, bits));
                    let expected = any_covers(&prefixes, ip.into());
                    assert_eq!(set.contains(ip), expected, "{ip} in {prefixes:?}");
                    assert_eq!(set.covers(other), any_covers(&prefixes, other), "{other}");
                    if expected { inside += 1 } else { outside += 1 }
                }
            }
        }
    }
    assert!(inside > 2000 && outside > 2000, "{inside} {outside}");
}

#[test]
fn an_indexed_set_holds_what_its_prefixes_hold() {
    let mut rng = Rng::with_seed(2);
    for bits in [13, 24, 32] {
        let mut prefixes: Vec<IpPrefix> =
            (0..40_000).map(|_| IpPrefix::from(address(&mut rng, bits))).collect();
        prefixes.extend((0..5).map(|_| {
            loop {
                let short = prefix(&mut rng, bits);
                if short.length() > 20 {
                    break short;
                }
            }
        }));
        let set: IpPrefixSet = prefixes.iter().copied().collect();
        assert!(set.v4.len() > 4096 && set.v6.len() > 4096, "without an index");
        for step in 0..150 {
            let ip = match step % 3 {
                0 => address(&mut rng, bits),
                1 => prefixes[rng.usize(..prefixes.len())].address(),
                _ => neighbour(prefixes[rng.usize(..prefixes.len())].address(), rng.bool()),
            };
            assert_eq!(set.contains(ip), any_covers(&prefixes, ip.into()), "{ip} {bits}");
        }
        for far in ["0.0.0.0", "255.255.255.255", "::", "ffff::", "2001:db9::"] {
            let ip: IpAddr = far.parse().unwrap();
            assert_eq!(set.contains(ip), any_covers(&prefixes, ip.into()), "{ip}");
        }
    }
}

fn neighbour(ip: IpAddr, up: bool) -> IpAddr {
    match (ip, up) {
        (IpAddr::V4(v4), true) => Ipv4Addr::from_bits(v4.to_bits().wrapping_add(1)).into(),
        (IpAddr::V4(v4), false) => Ipv4Addr::from_bits(v4.to_bits().wrapping_sub(1)).into(),
        (IpAddr::V6(v6), true) => Ipv6Addr::from_bits(v6.to_bits().wrapping_add(1)).into(),
        (IpAddr::V6(v6), false) => Ipv6Addr::from_bits(v6.to_bits().wrapping_sub(1)).into(),
    }
}

#[test]
fn entries_are_sorted_as_the_standard_library_does() {
    let mut rng = Rng::with_seed(4);
    for size in [0, 1, 2, 23, 24, 25, 300, 5000] {
        for spread in [1, 2, 256] {
            let byte = |rng: &mut Rng| (rng.u16(..spread)) as u8;
            let entries: Vec<[u8; 5]> =
                (0..size).map(|_| std::array::from_fn(|_| byte(&mut rng))).collect();
            let (mut sorted, mut expected) = (entries.clone(), entries);
            sort(&mut sorted, 0);
            expected.sort_unstable();
            assert_eq!(sorted, expected, "{size} {spread}");
        }
    }
}

#[test]
fn families_are_apart_and_mapped_addresses_are_ipv4() {
    let set = |texts: &[&str]| -> IpPrefixSet {
        texts.iter().map(|text| IpPrefix::parse(text).unwrap()).collect()
    };
    let ip = |text: &str| -> IpAddr { text.parse().unwrap() };
    let all_v6 = set(&["::/0"]);
    assert!(all_v6.contains(ip("2001:db8::1")) && !all_v6.contains(ip("10.0.0.1")));
    assert!(!all_v6.contains(ip("::ffff:10.0.0.1")));
    let all_v4 = set(&["0.0.0.0/0"]);
    assert!(all_v4.contains(ip("::ffff:10.0.0.1")) && !all_v4.contains(ip("::")));
    assert!(!IpPrefixSet::default().contains(ip("10.0.0.1")));
}

#[test]
fn what_lies_within_another_is_dropped() {
    let set: IpPrefixSet = ["10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/16", "10.0.0.0/8", "11.0.0.1"]
        .iter()
        .map(|text| IpPrefix::parse(text).unwrap())
        .collect();
    assert_eq!(set.len(), 2);
    assert!(!set.is_empty() && IpPrefixSet::default().is_empty());
    let covers = |text| set.covers(IpPrefix::parse(text).unwrap());
    assert!(covers("10.0.0.0/8") && covers("10.2.0.0/15") && covers("11.0.0.1"));
    assert!(!covers("10.0.0.0/7") && !covers("11.0.0.0/31") && !covers("0.0.0.0/0"));
}

/// In a module's own memory, which never shrinks: what this leaves is also what the making took.
#[cfg(target_arch = "wasm32")]
#[test]
fn a_million_prefixes_are_made_within_their_share_of_64_mib() {
    const MILLION: u32 = 1_000_000;
    let pages = || core::arch::wasm32::memory_size(0);
    let mut rng = Rng::with_seed(3);
    let before = pages();
    let v4: IpPrefixSet =
        (0..MILLION).map(|_| IpPrefix::from(IpAddr::V4(rng.u32(..).into()))).collect();
    let with_v4 = pages();
    let v6: IpPrefixSet =
        (0..MILLION).map(|_| IpPrefix::from(IpAddr::V6(rng.u128(..).into()))).collect();
    assert!(v4.len() > 999_000 && v6.len() == MILLION as usize);
    let mib = |pages: usize| pages / 16;
    assert!(mib(with_v4 - before) <= 12, "v4: {} MiB", mib(with_v4 - before));
    assert!(mib(pages() - with_v4) <= 30, "v6: {} MiB", mib(pages() - with_v4));
    wasm_bindgen_test::console_log!(
        "v4 {} MiB, v6 {} MiB",
        mib(with_v4 - before),
        mib(pages() - with_v4)
    );
}

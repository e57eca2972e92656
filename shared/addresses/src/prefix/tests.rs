use super::IpPrefix;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn prefix(text: &str) -> IpPrefix {
    IpPrefix::parse(text).unwrap()
}

#[test]
fn a_bare_address_is_one_address_and_a_mapped_prefix_is_ipv4() {
    for (text, shown) in [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.1", "10.0.0.1/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::fffe:0:0/95", "::fffe:0:0/95"),
    ] {
        assert_eq!(prefix(text).to_string(), shown, "{text}");
    }
}

#[test]
fn what_has_two_readings_is_refused_with_what_is_allowed() {
    let address = "an IP address or a prefix such as 10.0.0.0/8 or 2001:db8::/32, without leading \
                   zeros, ports and zones";
    let v4 = "a prefix length from 0 to 32";
    let v6 = "a prefix length from 0 to 128";
    for (text, allowed) in [
        ("", address),
        ("/8", address),
        ("10.0.0/8", address),
        ("010.0.0.0/8", address),
        ("10.0.0.1:80", address),
        ("fe80::1%eth0", address),
        ("[::1]", address),
        (" 10.0.0.1", address),
        ("10.0.0.0/33", v4),
        ("10.0.0.0/", v4),
        ("10.0.0.0/08", v4),
        ("10.0.0.0/+8", v4),
        ("10.0.0.0/-1", v4),
        ("10.0.0.0/256", v4),
        ("10.0.0.0/8/8", v4),
        ("10.0.0.0/255.0.0.0", v4),
        ("::/129", v6),
    ] {
        let error = IpPrefix::parse(text).unwrap_err();
        assert_eq!(error, format!("found \"{text}\", allowed is {allowed}"));
    }
    for (text, allowed) in [
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("10.0.0.1/0", "0.0.0.0/0"),
        ("2001:db8::1/64", "2001:db8:0:0:0:0:0:0/64"),
        ("::ffff:10.0.0.1/104", "0:0:0:0:0:ffff:a00:0/104"),
        ("::ffff:10.0.0.0/90", "0:0:0:0:0:ffc0:0:0/90"),
    ] {
        let error = IpPrefix::parse(text).unwrap_err();
        let why = "which has bits set beyond the prefix";
        assert_eq!(error, format!("found \"{text}\", {why}, allowed is {allowed}"));
    }
}

#[test]
fn a_prefix_holds_its_own_family_alone() {
    for (text, inside, outside) in [
        ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
        ("10.0.0.0/8", "::ffff:10.0.0.1", "::10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.0", "a00::"),
        ("10.0.0.1", "10.0.0.1", "10.0.0.0"),
        ("0.0.0.0/0", "255.255.255.255", "::"),
        ("::/0", "ffff::", "10.0.0.1"),
        ("::/0", "::1", "::ffff:10.0.0.1"),
        ("2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"),
        ("2001:db8::1", "2001:db8::1", "2001:db8::"),
    ] {
        assert!(prefix(text).contains(inside.parse().unwrap()), "{text} {inside}");
        assert!(!prefix(text).contains(outside.parse().unwrap()), "{text} {outside}");
    }
}

#[test]
fn a_prefix_is_made_only_of_its_first_address() {
    let ip = |text: &str| text.parse().unwrap();
    assert_eq!(IpPrefix::new(ip("10.0.0.0"), 8), Some(prefix("10.0.0.0/8")));
    assert_eq!(IpPrefix::new(ip("10.0.0.0"), 33), None);
    assert_eq!(IpPrefix::new(ip("10.0.0.1"), 8), None);
    assert_eq!(IpPrefix::new(ip("::"), 129), None);
    assert_eq!(IpPrefix::from(ip("::ffff:10.0.0.1")), prefix("10.0.0.1"));
}

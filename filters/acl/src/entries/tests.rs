use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn read(entry_type: EntryType, text: &str) -> Result<Entries, BadLine> {
    let read = Entries::read(entry_type, text.as_bytes().to_vec());
    let count = Entries::check(entry_type, text.as_bytes());
    assert_eq!(read.as_ref().err(), count.as_ref().err(), "checking and reading say the same");
    read
}

fn holds(entries: &Entries, value: &str) -> bool {
    entries.contains(value.as_bytes()).unwrap()
}

#[test]
fn lines_are_entries_but_for_blanks_and_comments() {
    let entries = read(EntryType::Strings, "a\r\n\n# b\n  c d \t\na\n#\né").unwrap();
    assert_eq!(entries.len(), 3);
    for (value, is_entry) in [
        ("a", true),
        ("c d", true),
        ("é", true),
        ("b", false),
        ("# b", false),
        ("", false),
        ("A", false),
        ("a\r", false),
    ] {
        assert_eq!(holds(&entries, value), is_entry, "{value:?}");
    }
    assert_eq!(read(EntryType::Strings, "").unwrap().len(), 0);
    assert!(!holds(&read(EntryType::Strings, "\n\n").unwrap(), ""));
}

#[test]
fn case_counts_unless_it_is_told_not_to() {
    let entries = read(EntryType::CaseInsensitiveStrings, "Alpha\nbeta\nBETA").unwrap();
    assert_eq!(entries.len(), 2);
    assert!(holds(&entries, "ALPHA") && holds(&entries, "beTa") && !holds(&entries, "gamma"));
}

#[test]
fn addresses_are_read_strictly_and_compared_as_addresses() {
    let entries = read(EntryType::IpAddresses, "10.0.0.0/8\n192.168.1.1\n2001:db8::/32\n").unwrap();
    for (value, is_entry) in [
        ("10.255.0.1", true),
        ("192.168.1.1", true),
        ("192.168.1.2", false),
        ("::ffff:10.1.1.1", true),
        ("2001:db8:1::1", true),
        ("2001:db9::1", false),
    ] {
        assert_eq!(holds(&entries, value), is_entry, "{value}");
    }
    assert_eq!(entries.contains(b"unknown"), Err(NoAddress));
    assert_eq!(entries.contains(b"010.0.0.1"), Err(NoAddress));
    for (text, line) in
        [("10.0.0.0/8\n10.0.0.1/8", 2), ("010.0.0.1", 1), ("#\n\nx", 3), ("1.2.3.4/33", 1)]
    {
        assert_eq!(read(EntryType::IpAddresses, text).unwrap_err().line, line, "{text}");
    }
}

/// Mixer appended /32 to every bare address, so that one of IPv6 stood for 2^96.
#[test]
fn a_bare_address_is_one_address() {
    let entries = read(EntryType::IpAddresses, "2001:db8::1").unwrap();
    assert!(holds(&entries, "2001:db8::1") && !holds(&entries, "2001:db8::2"));
}

#[test]
fn patterns_match_any_part_unless_anchored() {
    let entries = read(EntryType::Regex, "bot\n^a+$\nx|y\n").unwrap();
    for (value, is_entry) in
        [("evil-bot/1", true), ("aaa", true), ("aab", false), ("1y1", true), ("b", false)]
    {
        assert_eq!(holds(&entries, value), is_entry, "{value}");
    }
    assert_eq!(read(EntryType::Regex, "a\na)(b").unwrap_err().line, 2);
    let many = "a\n".repeat(MOST_PATTERNS + 1);
    assert_eq!(read(EntryType::Regex, &many).unwrap_err().line, MOST_PATTERNS + 1);
}

#[test]
fn what_is_no_text_is_no_list() {
    for text in [&b"a\n\xff"[..], b"a\nb\0c", b"a\n\x89PNG\r\n\x1a\n"] {
        let bad = Entries::check(EntryType::Strings, text).unwrap_err();
        assert_eq!(bad.line, 2, "{bad:?}");
    }
}

/// Many entries, every one found and nothing else; places collide.
#[test]
fn a_hundred_thousand_strings_are_all_found() {
    let text: String = (0..100_000).map(|n| format!("user-{n}\n")).collect();
    let entries = read(EntryType::Strings, &text).unwrap();
    assert_eq!(entries.len(), 100_000);
    assert!((0..100_000).all(|n| holds(&entries, &format!("user-{n}"))));
    assert!((100_000..200_000).all(|n| !holds(&entries, &format!("user-{n}"))));
}

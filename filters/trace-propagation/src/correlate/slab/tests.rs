use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const TTL: u64 = 100;
const ID: TraceId = TraceId { high: 1, low: 2 };

fn key(name: &str) -> Key {
    Key { bytes: name.as_bytes().to_vec(), trace_id: None }
}

/// A slab under test, with its clock.
struct Slab {
    bytes: Vec<u8>,
    now: u64,
    limits: Limits,
    evicted: u64,
}

impl Slab {
    fn new(slots: usize) -> Self {
        Self { bytes: Vec::new(), now: 1000, limits: Limits::of_slots(slots), evicted: 0 }
    }

    fn remember(&mut self, name: &str, carried: &str) {
        let new = NewEntry {
            key: &key(name),
            trace_id: ID,
            carried: carried.as_bytes(),
            expires: self.now + TTL,
        };
        let (bytes, outcome) = remember(Some(&self.bytes), &new, self.now, self.limits);
        self.bytes = bytes;
        self.evicted += outcome.evicted;
    }

    fn close(&mut self, name: &str) -> bool {
        let closed = close(&self.bytes, &key(name));
        let is_known = closed.is_some();
        self.bytes = closed.unwrap_or_else(|| self.bytes.clone());
        is_known
    }

    /// What was carried; `?` where it is ambiguous, nothing where it is not known.
    fn find(&self, name: &str) -> Option<String> {
        Some(match find(&self.bytes, &key(name), self.now)? {
            Found::Ambiguous => "?".to_owned(),
            Found::Carried { carried, .. } => {
                String::from_utf8(self.bytes[carried].to_vec()).unwrap()
            }
        })
    }
}

#[test]
fn what_was_remembered_is_found_until_it_expires() {
    let mut slab = Slab::new(4);
    slab.remember("a", "one");
    slab.now += TTL - 1;
    assert_eq!(slab.find("a").as_deref(), Some("one"));
    assert_eq!(slab.find("b"), None);
    slab.now += 1;
    assert_eq!(slab.find("a"), None);
    slab.remember("b", "two");
    assert_eq!(entries(&slab.bytes).count(), 1, "an expired entry takes no room");
}

#[test]
fn the_same_twice_is_one_and_anything_else_is_ambiguous_until_all_are_over() {
    let mut slab = Slab::new(4);
    slab.remember("a", "one");
    slab.remember("a", "one");
    assert_eq!(slab.find("a").as_deref(), Some("one"));
    assert!(slab.close("a"));
    slab.remember("a", "two");
    assert_eq!(slab.find("a").as_deref(), Some("?"));
    assert!(slab.close("a"));
    slab.remember("a", "two");
    assert_eq!(slab.find("a").as_deref(), Some("?"), "one of the others is still open");
    assert!(slab.close("a") && slab.close("a"));
    assert!(!slab.close("a"), "closed once for each");
    assert_eq!(slab.find("a").as_deref(), Some("?"));
    slab.remember("a", "three");
    assert_eq!(slab.find("a").as_deref(), Some("three"));
}

#[test]
fn a_request_that_is_over_is_still_known_and_gives_way_to_the_next() {
    let mut slab = Slab::new(4);
    slab.remember("a", "one");
    assert!(slab.close("a"));
    assert_eq!(slab.find("a").as_deref(), Some("one"), "work goes on after an answer");
    slab.remember("a", "two");
    assert_eq!(slab.find("a").as_deref(), Some("two"));
}

#[test]
fn room_is_made_by_what_is_over_and_then_by_the_oldest() {
    let mut slab = Slab::new(3);
    for name in ["a", "b", "c"] {
        slab.remember(name, name);
        slab.now += 1;
    }
    assert!(slab.close("b"));
    slab.remember("d", "d");
    assert_eq!((slab.find("b"), slab.evicted), (None, 0));
    slab.remember("e", "e");
    assert_eq!((slab.find("a"), slab.evicted), (None, 1));
    assert!(["c", "d", "e"].iter().all(|name| slab.find(name).is_some()));
}

#[test]
fn a_slab_keeps_within_its_bytes() {
    let mut slab = Slab::new(16);
    for n in 0..200 {
        slab.remember(&format!("key-{n}"), &"x".repeat(2000));
        assert!(slab.bytes.len() <= slab.limits.bytes, "{}", slab.bytes.len());
        assert!(slab.find(&format!("key-{n}")).is_some());
    }
    assert_eq!(slab.limits.bytes, 8192);
    assert!(fits(201, &[0; LARGEST_ENTRY - FIXED - 201]));
    assert!(!fits(201, &[0; LARGEST_ENTRY - FIXED - 200]));
}

#[test]
fn a_trace_id_of_a_64_bit_system_finds_its_long_form_and_another_upper_half_does_not() {
    let long = Key { bytes: b"t2".to_vec(), trace_id: Some(ID) };
    let new = NewEntry { key: &long, trace_id: ID, carried: b"x", expires: 10 };
    let (bytes, _) = remember(None, &new, 0, Limits::of_slots(4));
    let with = |high| Key { bytes: b"t2".to_vec(), trace_id: Some(TraceId { high, low: 2 }) };
    assert!(find(&bytes, &with(0), 0).is_some());
    assert!(find(&bytes, &with(1), 0).is_some());
    assert!(find(&bytes, &with(9), 0).is_none());
}

#[test]
fn any_bytes_are_read_without_harm() {
    let mut slab = Slab::new(4);
    slab.remember("a", "one");
    slab.remember("b", "two");
    for end in 0..slab.bytes.len() {
        let cut = &slab.bytes[..end];
        assert!(find(cut, &key("b"), 0).is_none(), "cut at {end}");
        assert!(entries(cut).count() < 2);
    }
    for index in 0..slab.bytes.len() {
        let mut forged = slab.bytes.clone();
        forged[index] ^= 0xff;
        let new = NewEntry { key: &key("c"), trace_id: ID, carried: b"x", expires: 2000 };
        let (bytes, _) = remember(Some(&forged), &new, 1000, slab.limits);
        assert!(find(&bytes, &key("c"), 1000).is_some());
        let _ = close(&forged, &key("b"));
    }
    assert_eq!(entries(&[0; 64]).count(), 0);
}

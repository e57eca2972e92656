use super::*;
use crate::algorithm::State;
use crate::hash::{Digest, Secret};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW: u64 = 1_000;

fn key(number: u64) -> Digest {
    Secret([1, 2]).digest(&number.to_le_bytes())
}

fn state(expires: u64, detail: &[u8]) -> State {
    State { expires, detail: detail.into() }
}

#[test]
fn what_was_set_is_there_whatever_its_length() {
    let mut slab = Slab::default();
    for (number, detail) in [(1, &b""[..]), (2, b"two"), (3, &[7; 300])] {
        slab.set(key(number), &state(NOW + number, detail), NOW);
    }
    // In place, longer, shorter.
    slab.set(key(1), &state(NOW + 10, b""), NOW);
    slab.set(key(2), &state(NOW + 20, b"twenty"), NOW);
    slab.set(key(3), &state(NOW + 30, b""), NOW);
    let slab = Slab::new(slab.bytes().to_vec());
    assert_eq!(slab.get(key(1)), Some(state(NOW + 10, b"")));
    assert_eq!(slab.get(key(2)), Some(state(NOW + 20, b"twenty")));
    assert_eq!(slab.get(key(3)), Some(state(NOW + 30, b"")));
    assert_eq!(slab.get(key(4)), None);
    assert_eq!(slab.bytes().len(), 3 * 26 + 6);
}

#[test]
fn what_has_expired_makes_room_for_the_next() {
    let mut slab = Slab::default();
    for number in 0..10 {
        slab.set(key(number), &state(NOW + number, b""), NOW);
    }
    assert!(!slab.has_room(NOW, 9) && slab.has_room(NOW, 10));
    assert!(slab.has_room(NOW + 5, 9) && !slab.has_room(NOW + 5, 4));
    slab.set(key(100), &state(NOW + 100, b""), NOW + 5);
    assert_eq!(slab.bytes().len(), (4 + 1) * 26);
    assert_eq!(slab.get(key(3)), None);
    assert_eq!(slab.get(key(9)), Some(state(NOW + 9, b"")));
}

#[test]
fn a_value_that_is_no_slab_is_read_as_far_as_it_is_one() {
    let mut slab = Slab::default();
    slab.set(key(1), &state(NOW + 1, b"one"), NOW);
    slab.set(key(2), &state(NOW + 2, b"two"), NOW);
    for end in 0..slab.bytes().len() {
        let mut cut = Slab::new(slab.bytes()[..end].to_vec());
        assert_eq!(cut.get(key(2)), None);
        cut.set(key(3), &state(NOW + 3, b""), NOW);
        assert_eq!(cut.get(key(3)), Some(state(NOW + 3, b"")), "cut at {end}");
    }
}

#[test]
fn every_place_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<String> =
        (0..u64::from(SLABS)).map(|bits| Place::of(bits).key().as_str().to_owned()).collect();
    assert_eq!(names.len(), usize::from(SLABS));
    assert_eq!(Place::of(0x1_2abc).key().as_str(), "slab.2abc");
    assert_eq!(Place::of(u64::from(SLABS)), Place::of(0));
}

/// Keys spread by chance, so some slabs have more than their share. There is room for it.
#[test]
fn there_is_room_for_as_many_keys_as_were_promised() {
    for (most, bytes_per_key) in [(1_000_000_u32, 64), (200_000, 64)] {
        let mut held = vec![0_usize; usize::from(SLABS)];
        let secret = Secret([3, 4]);
        for number in 0..u64::from(most) {
            let Digest([bits, _]) = secret.digest(&number.to_le_bytes());
            held[usize::try_from(bits % u64::from(SLABS)).unwrap()] += 1;
        }
        let fullest = held.iter().max().unwrap();
        let capacity = capacity(most);
        println!("{most} keys: at most {fullest} in one slab, room for {capacity}");
        assert!(*fullest <= capacity);
        // With GCRA: 34 bytes a record, and the host's own for each slab.
        let bytes = 34 * u64::from(most) + 200 * u64::from(SLABS);
        assert!(bytes <= bytes_per_key * u64::from(most), "{bytes} bytes");
    }
    assert_eq!(capacity(1), 10);
}

use super::*;
use crate::algorithm::State;
use crate::hash::{Digest, Secret};
use filter_api::Environment;
use filter_testing::SimEnvironment;
use std::collections::BTreeMap;
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
    assert_eq!(slab.bytes().len(), 4 + 3 * 25);
}

#[test]
fn what_has_expired_makes_room_for_the_next() {
    let mut slab = Slab::default();
    for number in 0..16 {
        slab.set(key(number), &state(NOW + number, b""), 0);
    }
    assert!(!slab.has_room(NOW, 15) && slab.has_room(NOW, 16));
    assert!(slab.has_room(NOW + 5, 11) && !slab.has_room(NOW + 5, 10));
    slab.set(key(100), &state(NOW + 100, b""), NOW + 5);
    assert_eq!(slab.bytes().len(), 4 + (10 + 1) * 25);
    assert_eq!(slab.get(key(5)), None);
    assert_eq!(slab.get(key(15)), Some(state(NOW + 15, b"")));
}

/// However many keys come and go, what has expired is never more than a few.
#[test]
fn a_slab_follows_the_number_of_live_keys() {
    let mut slab = Slab::default();
    for number in 0..1_000 {
        slab.set(key(number), &state(NOW + number + 4, b""), NOW + number);
        assert!(slab.bytes().len() <= 4 + 16 * 25, "{} bytes", slab.bytes().len());
    }
}

/// Details of every length come and go, in a slab and in a map.
#[test]
fn a_slab_says_what_a_map_would() {
    let mut env = SimEnvironment::seeded(1);
    let mut slab = Slab::default();
    let mut map = BTreeMap::new();
    for now in NOW..NOW + 3_000 {
        let number = env.random() % 40;
        let detail = vec![now as u8; [0, 1, 8, 9, 16, 300][(env.random() % 6) as usize]];
        let state = state(now + env.random() % 60, &detail);
        map.insert(number, state.clone());
        slab.set(key(number), &state, now);
        slab = Slab::new(slab.bytes().to_vec());
        for (number, state) in map.iter().filter(|(_, state)| state.expires > now) {
            assert_eq!(slab.get(key(*number)).as_ref(), Some(state), "{number} at {now}");
        }
        assert!(slab.bytes().len() <= 4 + 40 * (25 + 300));
    }
}

#[test]
fn a_value_that_is_no_slab_says_nothing() {
    let mut slab = Slab::default();
    slab.set(key(1), &state(NOW + 1, b"one"), NOW);
    slab.set(key(2), &state(NOW + 2, b"longer than eight"), NOW);
    let whole = slab.bytes().to_vec();
    for end in 0..whole.len() {
        let mut cut = Slab::new(whole[..end].to_vec());
        // A detail that is not all there is none; without all records nothing is there.
        let records = end >= 4 + 2 * 25;
        assert_eq!(cut.get(key(1)).is_some(), records, "cut at {end}");
        assert_eq!(cut.get(key(2)), records.then(|| state(NOW + 2, &[])));
        cut.set(key(3), &state(NOW + 3, b""), NOW);
        assert_eq!(cut.get(key(3)), Some(state(NOW + 3, b"")), "cut at {end}");
    }
    for bytes in [&[][..], &[0xff; 4], &[0xff; 300], &[1, 0, 0, 0], &[0; 3]] {
        let mut none = Slab::new(bytes.to_vec());
        assert_eq!((none.get(key(1)), none.has_room(NOW, 1)), (None, true));
        none.set(key(1), &state(NOW + 1, b"one"), NOW);
        assert_eq!(none.bytes().len(), 4 + 25);
    }
}

#[test]
fn every_place_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<String> =
        (0..u64::from(SLABS)).map(|bits| Place::of(bits).key().as_str().to_owned()).collect();
    assert_eq!(names.len(), usize::from(SLABS));
    assert_eq!(Place::of(0x1_2abc).key().as_str(), "b2abc");
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
        // 25 bytes a record, and the host's own for each slab.
        let bytes = 25 * u64::from(most) + 200 * u64::from(SLABS);
        assert!(bytes <= bytes_per_key * u64::from(most), "{bytes} bytes");
    }
    assert_eq!(capacity(1), 10);
}

use super::*;
use std::cmp::Ordering;

fn compare(left: &[u8], right: &[u8]) -> Ordering {
    assert_eq!(left.len(), right.len());
    // SAFETY: both are as long as that.
    unsafe { memcmp(left.as_ptr(), right.as_ptr(), left.len()) }.cmp(&0)
}

#[test]
fn every_length_and_every_place_of_a_difference() {
    for size in 0..70 {
        let left: Vec<u8> = (0..size).map(|place| place as u8 ^ 0x80).collect();
        assert_eq!(compare(&left, &left.clone()), Ordering::Equal);
        for first in 0..left.len() {
            for by in [1, 0x7f, 0x80, 0xff] {
                let mut right = left.clone();
                right[first] ^= by;
                // What comes after does not count, whichever way it differs.
                for later in right.iter_mut().skip(first + 1) {
                    *later = !*later;
                }
                let expected = left[first].cmp(&right[first]);
                assert_eq!(compare(&left, &right), expected, "{size} at {first} by {by}");
            }
        }
    }
}

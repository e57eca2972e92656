use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn lease(record: u64, units: u64, until: u64) -> Lease {
    let standing = Standing::default();
    Lease { record: Digest([0, record]), units, until, receipt: 0, standing }
}

#[test]
fn units_are_served_until_they_or_their_time_are_used_up() {
    let mut leases = Leases::default();
    let record = Digest([0, 1]);
    assert_eq!(leases.take(record, 10, 1), None);
    assert!(leases.keep(lease(1, 5, 100), 10));
    assert_eq!(leases.take(record, 10, 3).map(|lease| lease.units), Some(2));
    assert_eq!(leases.take(record, 10, 3), None);
    assert_eq!(leases.take(record, 99, 2).map(|lease| lease.units), Some(0));
    leases.put_back(record, 2);
    assert_eq!(leases.take(record, 100, 1), None, "it has ended");
    assert_eq!(leases.take(Digest([1, 1]), 10, 1), None, "another key of the same set");
}

#[test]
fn a_lease_that_runs_is_never_driven_out() {
    let mut leases = Leases::default();
    for record in 0..4 {
        assert!(leases.has_place(Digest([0, record]), 10));
        assert!(leases.keep(lease(record, 5, 100), 10));
    }
    assert!(!leases.has_place(Digest([0, 9]), 10) && !leases.keep(lease(9, 5, 100), 10));
    assert!(leases.has_place(Digest([0, 2]), 10), "its own place");
    assert!(leases.keep(lease(9, 5, 200), 100), "one that has ended makes room");
    assert_eq!(leases.take(Digest([0, 9]), 100, 1).map(|lease| lease.units), Some(4));
}

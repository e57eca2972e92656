use super::*;
use crate::algorithm::{Algorithm, Limit};
use crate::hash::Secret;
use filter_api::{Gauge, Permit, UnixTime};
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW: u64 = 3_600_000_000_000;
const MINUTE: u64 = 60_000_000_000;

fn claim(key: u64, amount: u64) -> Claim {
    let digest = Secret([1, 2]).digest(&key.to_le_bytes());
    Claim {
        terms: Terms {
            algorithm: Algorithm::FixedWindow,
            limit: Limit { amount, period: MINUTE, burst: 0 },
            penalty: None,
            lease: None,
        },
        place: Place::of(key),
        record: digest,
        overflow: Secret([3, 4]).digest(b"overflow"),
        check: 1,
        charge: 1,
        reserve: 0,
        is_shadow: false,
        is_global: false,
        is_leased: false,
        is_settled: false,
        standing: Standing::default(),
        proposed: None,
        state: None,
        taken: None,
    }
}

fn settle(env: &mut dyn Environment, claims: &mut [Claim]) -> Settled {
    Ledger::new(env, NOW, 10, false).settle(claims, None)
}

fn settle_retry(env: &mut dyn Environment, claims: &mut [Claim], times: u8) -> Settled {
    let retry = Retry { id: Secret([5, 6]).digest(b"id"), known_for: MINUTE, times };
    Ledger::new(env, NOW, 10, false).settle(claims, Some(retry))
}

/// How much is left of a key.
fn left(env: &mut dyn Environment, key: u64, amount: u64) -> u64 {
    let mut peek = [Claim { check: 0, charge: 0, ..claim(key, amount) }];
    settle(env, &mut peek);
    peek[0].standing.remaining
}

/// A world in which, before each compare-and-set that is announced, another worker is faster.
struct Racing {
    world: SimEnvironment,
    /// The keys that others take of, and with which set it happens, from 0.
    rivals: Vec<(u64, u64)>,
    sets: u64,
}

impl Racing {
    fn new(rivals: &[(u64, u64)]) -> Self {
        Self { world: SimEnvironment::seeded(1), rivals: rivals.to_vec(), sets: 0 }
    }
}

impl Environment for Racing {
    fn monotonic(&mut self) -> u64 {
        NOW
    }
    fn unix_time(&mut self) -> UnixTime {
        self.world.unix_time()
    }
    fn random(&mut self) -> u64 {
        self.world.random()
    }
    fn try_acquire(&mut self, gauge: Gauge, limit: u64) -> Option<Permit> {
        self.world.try_acquire(gauge, limit)
    }
    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        self.world.property(path)
    }
    fn shared_data(&mut self, key: &str) -> Option<(Vec<u8>, Cas)> {
        self.world.shared_data(key)
    }
    fn set_shared_data(
        &mut self,
        key: &str,
        value: &[u8],
        cas: Cas,
    ) -> Result<(), SharedDataError> {
        let set = self.sets;
        self.sets += 1;
        for (at, rival) in self.rivals.clone() {
            if at == set {
                assert_eq!(settle(&mut self.world, &mut [claim(rival, 2)]), Settled::Taken);
            }
        }
        self.world.set_shared_data(key, value, cas)
    }
}

#[test]
fn all_are_taken_or_none() {
    let mut env = SimEnvironment::seeded(1);
    assert_eq!(settle(&mut env, &mut [claim(1, 5), claim(2, 1)]), Settled::Taken);
    let mut claims = [claim(1, 5), claim(2, 1), claim(3, 5)];
    assert_eq!(settle(&mut env, &mut claims), Settled::Refused);
    let admitted: Vec<bool> = claims.iter().map(|claim| claim.standing.is_admitted).collect();
    assert_eq!(admitted, [true, false, true]);
    assert!(claims.iter().all(|claim| claim.taken.is_none()));
    assert_eq!((left(&mut env, 1, 5), left(&mut env, 3, 5)), (4, 5));
}

#[test]
fn one_slab_is_read_and_written_once() {
    let mut env = SimEnvironment::seeded(1);
    let twins = || {
        let other = Claim { record: claim(7, 5).overflow, ..claim(7, 5) };
        [claim(7, 5), other]
    };
    assert_eq!(settle(&mut env, &mut twins()), Settled::Taken);
    assert_eq!(env.asked.shared_data, 2);
    assert_eq!(settle(&mut env, &mut [claim(7, 1), twins()[1].clone()]), Settled::Refused);
    assert_eq!(env.asked.shared_data, 3, "a refusal writes nothing");
}

/// The second slab is taken by others between reading and writing: what was taken of the first is
/// given back.
#[test]
fn what_was_taken_before_a_refusal_is_given_back() {
    let mut env = Racing::new(&[(1, 2), (1, 2)]);
    let mut claims = [claim(1, 2), claim(2, 2)];
    let mut ledger = Ledger::new(&mut env, NOW, 10, false);
    assert_eq!(ledger.settle(&mut claims, None), Settled::Refused);
    assert_eq!((ledger.conflicts, ledger.owed.len()), (1, 0));
    assert_eq!(left(&mut env.world, 1, 2), 2);
    assert_eq!(left(&mut env.world, 2, 2), 0);
}

#[test]
fn a_slab_that_changed_is_decided_on_anew() {
    let mut env = Racing::new(&[(1, 2)]);
    let mut claims = [claim(1, 2), claim(2, 2)];
    assert_eq!(settle(&mut env, &mut claims), Settled::Taken);
    assert_eq!((left(&mut env.world, 1, 2), left(&mut env.world, 2, 2)), (1, 0));
}

#[test]
fn eight_conflicts_are_too_many_and_nothing_is_taken() {
    let mut env = SimEnvironment::seeded(1);
    env.conflicts = 7;
    assert_eq!(settle(&mut env, &mut [claim(1, 3)]), Settled::Taken);
    env.conflicts = 8;
    assert_eq!(settle(&mut env, &mut [claim(1, 3)]), Settled::Failed);
    assert_eq!(env.conflicts, 0);
    assert_eq!(left(&mut env, 1, 3), 2);
}

#[test]
fn a_host_that_refuses_is_asked_once() {
    let mut env = SimEnvironment::seeded(1);
    env.shared_data_fails = true;
    assert_eq!(settle(&mut env, &mut [claim(1, 3)]), Settled::Failed);
    assert_eq!(env.asked.shared_data, 2);
}

#[test]
fn keys_without_room_share_one_count_or_none() {
    let mut env = SimEnvironment::seeded(1);
    let key = |number: u64| {
        let record = Secret([9, 9]).digest(&number.to_le_bytes());
        Claim { record, ..claim(1, 2) }
    };
    let settle_in_two = |env: &mut SimEnvironment, number, refuses| {
        let mut claims = [key(number)];
        let settled = Ledger::new(env, NOW, 2, refuses).settle(&mut claims, None);
        (settled, claims[0].standing.is_crowded)
    };
    assert_eq!(settle_in_two(&mut env, 1, false), (Settled::Taken, false));
    assert_eq!(settle_in_two(&mut env, 2, true), (Settled::Taken, false));
    assert_eq!(settle_in_two(&mut env, 3, true), (Settled::Refused, true));
    // Two units for all of them together; those that were there keep theirs.
    assert_eq!(settle_in_two(&mut env, 3, false), (Settled::Taken, true));
    assert_eq!(settle_in_two(&mut env, 4, false), (Settled::Taken, true));
    assert_eq!(settle_in_two(&mut env, 5, false), (Settled::Refused, true));
    assert_eq!(settle_in_two(&mut env, 3, false), (Settled::Refused, true));
    assert_eq!(settle_in_two(&mut env, 1, false), (Settled::Taken, false));
}

#[test]
fn a_retry_passes_as_often_as_it_may_and_only_once_it_has_paid() {
    let mut env = SimEnvironment::seeded(1);
    for (key, other) in [(1, 1), (1, 2)] {
        // In one slab and in two.
        let claims = || [claim(key, 9), Claim { place: Place::of(other), ..claim(20 + other, 1) }];
        assert_eq!(settle_retry(&mut env, &mut claims(), 2), Settled::Taken);
        assert_eq!(settle_retry(&mut env, &mut claims(), 2), Settled::Deduplicated);
        assert_eq!(settle_retry(&mut env, &mut claims(), 2), Settled::Deduplicated);
        assert_eq!(settle_retry(&mut env, &mut claims(), 2), Settled::Refused);
        env = SimEnvironment::seeded(1);
    }
    assert_eq!(settle(&mut env, &mut [claim(1, 1)]), Settled::Taken);
    assert_eq!(settle_retry(&mut env, &mut [claim(1, 1)], 2), Settled::Refused);
    assert_eq!(settle_retry(&mut env, &mut [claim(1, 1)], 2), Settled::Refused);
}

/// A try that was overtaken has noted nothing: its own note is not taken for that of an earlier request.
#[test]
fn a_request_is_not_its_own_retry() {
    let mut env = Racing::new(&[(1, 2)]);
    let mut claims = [claim(1, 2), claim(2, 2)];
    assert_eq!(settle_retry(&mut env, &mut claims, 2), Settled::Taken);
    assert!(claims.iter().all(|claim| claim.taken.is_some()));
}

#[test]
fn a_lease_is_taken_whole_or_the_request_pays_alone() {
    let mut env = SimEnvironment::seeded(1);
    let leased = || {
        let mut claim = claim(1, 10);
        claim.terms.lease = Some(LeaseTerms { units: 4, duration: 1_000 });
        [claim]
    };
    let mut units = Vec::new();
    loop {
        let mut claims = leased();
        if settle(&mut env, &mut claims) == Settled::Refused {
            break;
        }
        let taken = claims[0].taken.unwrap();
        units.push(taken.units);
        assert_eq!(taken.until, if taken.units == 4 { NOW + 1_000 } else { NOW });
    }
    assert_eq!(units, [4, 4, 1, 1]);
}

#[test]
fn a_ban_follows_enough_refusals_and_is_not_prolonged() {
    let mut env = SimEnvironment::seeded(1);
    let banned = |env: &mut SimEnvironment, now| {
        let mut claim = claim(1, 0);
        claim.terms.penalty = Some(Penalty { refusals: 3, within: MINUTE, duration: 10 * MINUTE });
        let mut claims = [claim];
        assert_eq!(Ledger::new(env, now, 10, false).settle(&mut claims, None), Settled::Refused);
        let standing = claims[0].standing;
        standing.is_penalized.then_some(standing.retry_after)
    };
    for _ in 0..3 {
        assert_eq!(banned(&mut env, NOW), None);
    }
    assert_eq!(banned(&mut env, NOW), Some(Some(10 * MINUTE)));
    assert_eq!(banned(&mut env, NOW + 9 * MINUTE), Some(Some(MINUTE)));
    assert_eq!(banned(&mut env, NOW + 10 * MINUTE), None);
    // Too slow for a ban.
    for minutes in [20, 21, 22, 23] {
        assert_eq!(banned(&mut env, NOW + minutes * MINUTE), None);
    }
}

#[test]
fn what_cannot_be_given_back_is_owed() {
    let mut env = SimEnvironment::seeded(1);
    let mut claims = [claim(1, 5)];
    assert_eq!(settle(&mut env, &mut claims), Settled::Taken);
    env.shared_data_fails = true;
    let mut ledger = Ledger::new(&mut env, NOW, 10, false);
    ledger.give_back(&claims[0].terms, &claims[0].taken.unwrap(), 1);
    let owed: Vec<_> = ledger.owed.iter().map(|owed| (owed.taken.place, owed.units)).collect();
    assert_eq!(owed, [(Place::of(1), 1)]);
}

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

mod golden;
mod models;

const SECOND: u64 = 1_000_000_000;

const ALL: [Algorithm; 4] =
    [Algorithm::Concurrency, Algorithm::FixedWindow, Algorithm::Gcra, Algorithm::RollingWindow];

fn limit(amount: u64, period: u64) -> Limit {
    Limit { amount, period, burst: amount }
}

/// One key's state under an algorithm, as the store would keep it.
struct Key {
    algorithm: Algorithm,
    limit: Limit,
    state: Option<State>,
}

impl Key {
    fn new(algorithm: Algorithm, limit: Limit) -> Self {
        Self { algorithm, limit, state: None }
    }

    fn take(&mut self, ask: Ask) -> Outcome {
        let outcome = self.algorithm.take(&self.limit, self.state.as_ref(), ask);
        if let Some(state) = &outcome.state {
            assert!(outcome.admitted, "a refusal took something");
            self.state = Some(state.clone());
        }
        outcome
    }

    fn give_back(&mut self, now: u64, cost: u64, receipt: u64) {
        let state = self.state.as_ref();
        if let Some(state) = self.algorithm.give_back(&self.limit, state, now, cost, receipt) {
            self.state = Some(state);
        }
    }

    fn charge(&mut self, now: u64, cost: u64) {
        if let Some(state) = self.algorithm.charge(&self.limit, self.state.as_ref(), now, cost) {
            self.state = Some(state);
        }
    }
}

#[test]
fn a_limit_of_nothing_admits_nothing_and_names_no_time() {
    for algorithm in ALL {
        let mut key = Key::new(algorithm, limit(0, SECOND));
        let outcome = key.take(Ask::of(SECOND, 1));
        assert!(!outcome.admitted && outcome.retry_after.is_none(), "{algorithm:?}");
        assert_eq!(outcome.remaining, 0, "{algorithm:?}");
    }
}

#[test]
fn more_than_ever_fits_is_refused_without_a_time() {
    for algorithm in ALL {
        for cost in [11, u64::MAX] {
            let mut key = Key::new(algorithm, limit(10, SECOND));
            let outcome = key.take(Ask::of(SECOND, cost));
            assert!(!outcome.admitted, "{algorithm:?}");
            assert_eq!((outcome.retry_after, outcome.state), (None, None), "{algorithm:?}");
        }
    }
}

#[test]
fn a_changed_limit_takes_effect_at_once() {
    for algorithm in ALL {
        let mut key = Key::new(algorithm, limit(10, SECOND));
        assert!(key.take(Ask::of(SECOND, 4)).admitted);
        key.limit = limit(3, SECOND);
        let outcome = key.take(Ask::of(SECOND + 1, 1));
        assert_eq!((outcome.admitted, outcome.remaining), (false, 0), "{algorithm:?}");
        key.limit = limit(20, SECOND / 2);
        assert!(!key.take(Ask::of(SECOND + 2, 17)).admitted, "{algorithm:?}");
        assert!(key.take(Ask::of(SECOND + 2, 16)).admitted, "{algorithm:?}");
        // From one a year to many a second nobody waits for the year.
        let mut key = Key::new(algorithm, limit(1, 365 * 24 * 3_600 * SECOND));
        assert!(key.take(Ask::of(SECOND, 1)).admitted);
        key.limit = limit(1_000, SECOND);
        assert!(key.take(Ask::of(SECOND + 1, 998)).admitted, "{algorithm:?}");
    }
}

#[test]
fn what_is_reserved_is_refused_to_one_and_given_to_another() {
    for algorithm in ALL {
        let mut key = Key::new(algorithm, limit(10, SECOND));
        let low = |now| Ask { reserve: 4, ..Ask::of(now, 1) };
        let low_admitted = (0..10).filter(|_| key.take(low(SECOND)).admitted).count();
        let high_admitted = (0..10).filter(|_| key.take(Ask::of(SECOND, 1)).admitted).count();
        assert_eq!((low_admitted, high_admitted), (6, 4), "{algorithm:?}");
        let refused = key.take(low(SECOND));
        if let Some(wait) = refused.retry_after {
            assert!(key.take(low(SECOND + wait)).admitted, "{algorithm:?}");
        }
    }
}

#[test]
fn a_debt_is_paid_before_anything_is_admitted() {
    for algorithm in ALL {
        let mut key = Key::new(algorithm, limit(10, SECOND));
        assert!(key.take(Ask { check: 1, ..Ask::of(SECOND, 0) }).admitted);
        key.charge(SECOND, 25);
        let outcome = key.take(Ask { check: 1, ..Ask::of(SECOND, 0) });
        assert_eq!((outcome.admitted, outcome.remaining), (false, 0), "{algorithm:?}");
        // Twenty-five tenths of a second for the bucket, a whole period for the others.
        let over = if algorithm == Algorithm::Gcra { SECOND * 16 / 10 } else { SECOND };
        assert!(!key.take(Ask::of(SECOND + over - 1, 1)).admitted, "{algorithm:?}");
        assert!(key.take(Ask::of(SECOND + over, 1)).admitted, "{algorithm:?}");
    }
}

#[test]
fn a_state_that_no_algorithm_wrote_is_used_up_or_empty_and_never_a_panic() {
    for algorithm in ALL {
        for detail in [vec![], vec![0; 7], vec![0xff; 8], vec![0xff; 33], vec![1; 64]] {
            for expires in [0, SECOND + 1, u64::MAX] {
                let mut key = Key::new(algorithm, limit(10, SECOND));
                key.state = Some(State { expires, detail: Detail::from(&*detail) });
                let outcome = key.take(Ask::of(SECOND, 1));
                key.give_back(SECOND, 1, outcome.receipt);
                key.charge(SECOND, u64::MAX);
                assert!(!key.take(Ask::of(SECOND, 1)).admitted, "{algorithm:?} {detail:?}");
            }
        }
    }
}

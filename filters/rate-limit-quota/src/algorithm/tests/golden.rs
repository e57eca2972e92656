//! Rows of others' tests: throttled, redis-cell, governor, and Mixer's memquota and redisquota.

use super::*;
use serde_json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The clock of the rows begins at 0, where nothing has expired yet.
const BEGIN: u64 = 1_000_000 * SECOND;
const MILLISECOND: u64 = SECOND / 1_000;

fn gcra() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/gcra.json")).unwrap()
}

fn mixer() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/mixer_quota.json")).unwrap()
}

fn rows(table: &Value) -> &Vec<Value> {
    table["rows"].as_array().unwrap()
}

fn number(row: &Value, column: usize) -> i64 {
    row[column].as_i64().unwrap()
}

fn unsigned(row: &Value, column: usize) -> u64 {
    row[column].as_u64().unwrap()
}

fn flag(row: &Value, column: usize) -> bool {
    row[column].as_bool().unwrap()
}

/// A time that may not be: −1 in the rows.
fn or_minus_1(time: Option<u64>, unit: u64) -> i64 {
    time.map_or(-1, |time| i64::try_from(time.div_ceil(unit)).unwrap())
}

#[test]
fn throttled_and_redis_cell() {
    let table = gcra();
    let params = &table["params"];
    let mut key = Key::new(Algorithm::Gcra, limit(params["limit"].as_u64().unwrap(), 5 * SECOND));
    assert_eq!(key.limit.burst, params["max_burst"].as_u64().unwrap() + 1);
    for row in rows(&table) {
        let at = BEGIN + unsigned(row, 0) * MILLISECOND;
        let outcome = key.take(Ask::of(at, unsigned(row, 1)));
        let seen = (
            i64::try_from(outcome.remaining).unwrap(),
            i64::try_from(outcome.reset_after / MILLISECOND).unwrap(),
            or_minus_1(outcome.retry_after, MILLISECOND),
            !outcome.admitted,
        );
        let expected = (number(row, 2), number(row, 3), number(row, 4), flag(row, 5));
        assert_eq!(seen, expected, "{row}");
    }
    assert_eq!(rows(&table).len(), 16);
}

#[test]
fn redis_cell_end_to_end() {
    let table = &gcra()["more"][0];
    let mut key = Key::new(Algorithm::Gcra, Limit { amount: 1, period: 2 * SECOND, burst: 1 });
    for row in rows(table) {
        let outcome = key.take(Ask::of(BEGIN + unsigned(row, 0) * MILLISECOND, 1));
        assert_eq!(outcome.admitted, flag(row, 1), "{row}");
        assert_eq!(key.limit.burst, unsigned(row, 2), "{row}");
        assert_eq!(outcome.remaining, unsigned(row, 3), "{row}");
        assert_eq!(or_minus_1(outcome.retry_after, SECOND), number(row, 4), "{row}");
        assert_eq!(outcome.reset_after / SECOND, unsigned(row, 5), "{row}");
    }
}

#[test]
fn governor() {
    for table in gcra()["more"].as_array().unwrap().iter().skip(1) {
        let per_second = table["params"]["per_second"].as_u64().unwrap();
        let burst = table["params"]["burst"].as_u64().unwrap();
        let mut key =
            Key::new(Algorithm::Gcra, Limit { amount: per_second, period: SECOND, burst });
        for row in rows(table) {
            let at = BEGIN + unsigned(row, 0) * MILLISECOND;
            let outcome = key.take(Ask::of(at, unsigned(row, 1)));
            // "insufficient capacity": it never fits.
            let never = row[2].is_string();
            assert_eq!(outcome.admitted, !never && flag(row, 2), "{row}");
            assert_eq!(never, !outcome.admitted && outcome.retry_after.is_none(), "{row}");
        }
    }
}

/// A window of three ticks, each of a second.
fn three_ticks() -> Key {
    Key::new(Algorithm::RollingWindow, limit(5, 3 * SECOND))
}

fn tick(number: u64) -> u64 {
    BEGIN + number * SECOND
}

fn left(key: &Key, now: u64) -> u64 {
    key.algorithm.take(&key.limit, key.state.as_ref(), Ask::of(now, 0)).remaining
}

#[test]
fn mixers_rolling_window() {
    let table = mixer();
    let mut key = three_ticks();
    for row in rows(&table["rolling_alloc"]) {
        let outcome = key.take(Ask::of(tick(unsigned(row, 1)), unsigned(row, 0)));
        let expected = (unsigned(row, 2), flag(row, 3));
        assert_eq!((outcome.remaining, outcome.admitted), expected, "{row}");
    }
}

/// What was taken and when, to be given back from the newest on, as Mixer's client asked.
#[derive(Default)]
struct Taken(Vec<(u64, u64)>);

impl Taken {
    fn give_back(&mut self, key: &mut Key, now: u64, mut amount: u64) -> u64 {
        let before = left(key, now);
        while let Some((units, receipt)) = self.0.last_mut().filter(|_| amount > 0) {
            let part = (*units).min(amount);
            key.give_back(now, part, *receipt);
            amount -= part;
            *units -= part;
            if *units == 0 {
                self.0.pop();
            }
        }
        left(key, now) - before
    }
}

#[test]
fn mixers_release() {
    let table = mixer();
    let mut key = three_ticks();
    let mut taken = Taken::default();
    for row in rows(&table["rolling_release"]) {
        let outcome = key.take(Ask::of(tick(unsigned(row, 1)), unsigned(row, 0)));
        assert!(outcome.admitted, "{row}");
        taken.0.push((unsigned(row, 0), outcome.receipt));
        let now = tick(unsigned(row, 3));
        let released = taken.give_back(&mut key, now, unsigned(row, 2));
        assert_eq!((released, left(&key, now)), (unsigned(row, 4), unsigned(row, 5)), "{row}");
    }
}

/// Mixer's handler over its quotas. What it adds to them, best effort and answers by deduplication id,
/// is the test's; retries by request id are the filter's, and have cases of their own.
struct Handler {
    quotas: Vec<(String, Key, Taken)>,
    answers: Vec<(String, u64)>,
}

impl Handler {
    fn new(table: &Value) -> Self {
        let quotas = table["quotas"].as_object().unwrap().iter().map(|(name, quota)| {
            let max = quota["max"].as_u64().unwrap();
            let key = match quota["valid_s"].as_u64().unwrap() {
                0 => Key::new(Algorithm::Concurrency, limit(max, 100_000 * SECOND)),
                seconds => Key::new(Algorithm::RollingWindow, limit(max, seconds * SECOND)),
            };
            (name.clone(), key, Taken::default())
        });
        Self { quotas: quotas.collect(), answers: Vec::new() }
    }

    fn quota(&mut self, name: &str) -> (&mut Key, &mut Taken) {
        let (_, key, taken) = self.quotas.iter_mut().find(|(other, ..)| other == name).unwrap();
        (key, taken)
    }

    fn allocate(&mut self, name: &str, id: &str, amount: u64, best_effort: bool, now: u64) -> u64 {
        let id = format!("{name}.{id}");
        if let Some((_, granted)) = self.answers.iter().find(|(other, _)| *other == id) {
            return *granted;
        }
        let (key, taken) = self.quota(name);
        let wanted = if best_effort { amount.min(left(key, now)) } else { amount };
        let outcome = key.take(Ask::of(now, wanted));
        let granted = if outcome.admitted { wanted } else { 0 };
        taken.0.push((granted, outcome.receipt));
        self.answers.push((id, granted));
        granted
    }
}

#[test]
fn mixers_handler() {
    let table = &mixer()["handler"];
    let mut handler = Handler::new(table);
    for row in rows(table) {
        let (name, id) = (row[0].as_str().unwrap(), row[1].as_str().unwrap());
        let now = BEGIN + unsigned(row, 6) * SECOND;
        let (amount, release) = (unsigned(row, 2), unsigned(row, 7));
        if release == 0 {
            let granted = handler.allocate(name, id, amount, flag(row, 4), now);
            assert_eq!(granted, unsigned(row, 3), "{row}");
            continue;
        }
        let answered = format!("{name}.{id}.released");
        let earlier = handler.answers.iter().find(|(other, _)| *other == answered).cloned();
        let released = match earlier {
            Some((_, released)) => released,
            None => {
                let (key, taken) = handler.quota(name);
                let released = taken.give_back(key, now, release);
                handler.answers.push((answered, released));
                released
            }
        };
        assert_eq!(released, unsigned(row, 8), "{row}");
    }
}

#[test]
fn mixers_reaper() {
    let table = &mixer()["reaper"];
    let max = table["quota"]["max"].as_u64().unwrap();
    let quotas = serde_json::json!({"quotas": {"Q": {"max": max, "valid_s": 0}}});
    let mut handler = Handler::new(&quotas);
    let mut reaps = 0;
    for step in table["steps"].as_array().unwrap() {
        match step[0].as_str().unwrap() {
            "reap" => reaps += 1,
            id => {
                // Forgotten after the second reaping.
                let id = format!("{} {}", id.split(' ').nth(1).unwrap(), reaps / 2);
                let granted = handler.allocate("Q", &id, max, false, BEGIN);
                assert_eq!(granted, unsigned(step, 2), "{step}");
            }
        }
    }
}

#[test]
fn redisquota() {
    let table = &mixer()["redisquota"];
    let config = &table["config"];
    for algorithm in [Algorithm::FixedWindow, Algorithm::RollingWindow] {
        let period = config["valid_s"].as_u64().unwrap() * SECOND;
        // The rows run one after the other, each on the key of its dimensions.
        let mut keys: Vec<(String, Key)> = Vec::new();
        for case in table["cases"].as_array().unwrap() {
            let dims = case["dims"].to_string();
            let max = if dims.contains("reviews") {
                config["overrides"][0][1].as_u64().unwrap()
            } else {
                config["max"].as_u64().unwrap()
            };
            // In redisquota's own test each row begins with an empty Redis.
            keys.clear();
            keys.push((dims, Key::new(algorithm, limit(max, period))));
            let key = &mut keys[0].1;
            let amount = case["amount"].as_u64().unwrap();
            let best_effort = case["best_effort"].as_bool().unwrap();
            let wanted = if best_effort { amount.min(left(key, BEGIN)) } else { amount };
            let outcome = key.take(Ask::of(BEGIN, wanted));
            let granted = if outcome.admitted { wanted } else { 0 };
            assert_eq!(granted, case["granted"].as_u64().unwrap(), "{algorithm:?} {case}");
        }
    }
}

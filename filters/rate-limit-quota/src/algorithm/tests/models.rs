//! Each algorithm against a slow and obvious model, over random schedules.

use super::*;
use filter_api::Environment;
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SCHEDULES: u64 = 300;
const STEPS: usize = 300;

/// What was really used, when.
#[derive(Clone, Copy, Debug)]
struct Used {
    at: u64,
    units: u64,
}

/// A schedule's random numbers.
struct Dice(SimEnvironment);

impl Dice {
    fn up_to(&mut self, most: u64) -> u64 {
        self.0.random() % (most + 1)
    }
}

fn schedule(seed: u64) -> (Dice, Limit) {
    let mut dice = Dice(SimEnvironment::seeded(seed));
    let amount = 1 + dice.up_to(12);
    let burst = 1 + dice.up_to(12);
    // Not a multiple of anything.
    let period = 600_007 + dice.up_to(5_000_000);
    (dice, Limit { amount, period, burst })
}

/// Time goes on: mostly little, sometimes far.
fn step(dice: &mut Dice, limit: &Limit, now: &mut u64) {
    *now += match dice.up_to(9) {
        0 => dice.up_to(limit.period * 2),
        1..4 => dice.up_to(limit.period / 3),
        _ => dice.up_to(limit.period / limit.amount),
    };
}

fn used_within(log: &[Used], after: u64, until: u64) -> u64 {
    log.iter().filter(|used| used.at > after && used.at <= until).map(|used| used.units).sum()
}

/// A bucket of time: it holds `burst` intervals, and a unit is one of them.
struct Bucket {
    level: u64,
    at: u64,
}

impl Bucket {
    fn admits(&mut self, limit: &Limit, now: u64, cost: u64) -> bool {
        let interval = limit.period.div_ceil(limit.amount);
        self.level = (self.level + (now - self.at)).min(limit.burst * interval);
        self.at = now;
        let is_there = self.level >= cost * interval;
        if is_there {
            self.level -= cost * interval;
        }
        is_there
    }
}

#[test]
fn gcra_is_a_bucket_that_fills_evenly() {
    let mut decisions = 0;
    for seed in 0..SCHEDULES {
        let (mut dice, limit) = schedule(seed);
        let mut key = Key::new(Algorithm::Gcra, limit);
        let mut now = SECOND;
        let interval = limit.period.div_ceil(limit.amount);
        let mut bucket = Bucket { level: limit.burst * interval, at: now };
        for _ in 0..STEPS {
            step(&mut dice, &limit, &mut now);
            let cost = dice.up_to(3);
            let outcome = key.take(Ask::of(now, cost));
            assert_eq!(outcome.admitted, bucket.admits(&limit, now, cost), "seed {seed}");
            assert_eq!(outcome.remaining, bucket.level / interval, "seed {seed}");
            decisions += 1;
        }
    }
    println!("GCRA: {decisions} decisions equal the bucket's");
}

#[test]
fn a_fixed_window_is_a_count_that_begins_anew() {
    for seed in 0..SCHEDULES {
        let (mut dice, limit) = schedule(seed);
        let mut key = Key::new(Algorithm::FixedWindow, limit);
        let (mut now, mut end, mut used) = (SECOND, 0, 0);
        for _ in 0..STEPS {
            step(&mut dice, &limit, &mut now);
            let cost = dice.up_to(3);
            let outcome = key.take(Ask::of(now, cost));
            if now >= end {
                used = 0;
            }
            let is_there = used + cost <= limit.amount;
            if is_there && cost > 0 {
                if now >= end {
                    end = now + limit.period;
                }
                used += cost;
            }
            assert_eq!(outcome.admitted, is_there, "seed {seed}");
            assert_eq!(outcome.remaining, limit.amount - used, "seed {seed}");
        }
    }
}

#[test]
fn a_rolling_window_never_holds_more_and_forgets_within_a_sixtieth() {
    for seed in 0..SCHEDULES {
        let (mut dice, limit) = schedule(seed);
        let mut key = Key::new(Algorithm::RollingWindow, limit);
        let (mut now, mut log) = (SECOND, Vec::new());
        for _ in 0..STEPS {
            step(&mut dice, &limit, &mut now);
            let cost = dice.up_to(3);
            let in_window = used_within(&log, now - limit.period, now);
            let with_late = used_within(&log, now - limit.period - limit.period / 60, now);
            let outcome = key.take(Ask::of(now, cost));
            if outcome.admitted {
                assert!(in_window + cost <= limit.amount, "seed {seed}: too much");
                log.push(Used { at: now, units: cost });
            } else {
                assert!(with_late + cost > limit.amount, "seed {seed}: too little");
            }
            assert!(key.state.as_ref().is_none_or(|state| state.detail.len() <= 62 * 16));
        }
    }
}

/// Whoever waits as long as the refusal says, and is alone, is admitted; a nanosecond less is too early.
#[test]
fn the_time_to_wait_is_true_and_no_longer_than_it_must_be() {
    let mut refusals = 0;
    for seed in 0..SCHEDULES {
        for algorithm in [Algorithm::FixedWindow, Algorithm::Gcra, Algorithm::RollingWindow] {
            let (mut dice, limit) = schedule(seed);
            let mut key = Key::new(algorithm, limit);
            let mut now = SECOND;
            for _ in 0..STEPS / 3 {
                step(&mut dice, &limit, &mut now);
                let cost = 1 + dice.up_to(2);
                let Some(wait) = key.take(Ask::of(now, cost)).retry_after else { continue };
                let early =
                    algorithm.take(&limit, key.state.as_ref(), Ask::of(now + wait - 1, cost));
                assert!(!early.admitted, "{algorithm:?}, seed {seed}: no need to wait so long");
                now += wait;
                assert!(key.take(Ask::of(now, cost)).admitted, "{algorithm:?}, seed {seed}");
                refusals += 1;
            }
        }
    }
    println!("{refusals} refused clients waited exactly as told and were admitted");
}

/// The most that any span of one period saw, by each algorithm's own definition.
fn assert_bound(algorithm: Algorithm, limit: &Limit, log: &[Used], seed: u64) {
    for (index, first) in log.iter().enumerate() {
        let mut sum = 0;
        for used in &log[index..] {
            sum += used.units;
            let span = used.at - first.at;
            let bound = match algorithm {
                Algorithm::Gcra => {
                    let interval = limit.period.div_ceil(limit.amount);
                    limit.burst + span / interval
                }
                _ if span < limit.period => limit.amount,
                _ => break,
            };
            assert!(sum <= bound, "{algorithm:?}, seed {seed}: {sum} in {span} ns");
        }
    }
}

/// Units taken ahead may be used at any time until the lease ends, by one of several workers, and the
/// bound still holds for what is really used.
#[test]
fn leases_never_admit_more() {
    for seed in 0..SCHEDULES {
        for algorithm in [Algorithm::Gcra, Algorithm::RollingWindow] {
            let (mut dice, limit) = schedule(seed);
            let mut key = Key::new(algorithm, limit);
            let (mut now, mut log) = (SECOND, Vec::new());
            // The workers' leases: units and end.
            let mut leases = [(0_u64, 0_u64); 3];
            for _ in 0..STEPS {
                step(&mut dice, &limit, &mut now);
                let worker = usize::try_from(dice.up_to(2)).unwrap();
                let (units, until) = &mut leases[worker];
                if *units == 0 || *until <= now {
                    let wanted = 1 + dice.up_to(4);
                    *until = now + dice.up_to(limit.period / 4);
                    let ask = Ask { used_by: *until, ..Ask::of(now, wanted) };
                    *units = if key.take(ask).admitted { wanted } else { 0 };
                }
                if *units > 0 {
                    *units -= 1;
                    log.push(Used { at: now, units: 1 });
                }
            }
            assert_bound(algorithm, &limit, &log, seed);
        }
    }
}

/// What is given back was not used: without it the bound holds, however late it comes.
#[test]
fn giving_back_never_admits_more() {
    for seed in 0..SCHEDULES {
        for algorithm in [Algorithm::Gcra, Algorithm::RollingWindow] {
            let (mut dice, limit) = schedule(seed);
            let mut key = Key::new(algorithm, limit);
            let (mut now, mut log) = (SECOND, Vec::<Used>::new());
            let mut open: Vec<(usize, u64)> = Vec::new();
            for _ in 0..STEPS {
                step(&mut dice, &limit, &mut now);
                if dice.up_to(3) == 0 && !open.is_empty() {
                    let last = u64::try_from(open.len() - 1).unwrap();
                    let chosen = usize::try_from(dice.up_to(last)).unwrap();
                    let (index, receipt) = open.swap_remove(chosen);
                    key.give_back(now, log[index].units, receipt);
                    log[index].units = 0;
                    continue;
                }
                let cost = 1 + dice.up_to(2);
                let outcome = key.take(Ask::of(now, cost));
                if outcome.admitted {
                    open.push((log.len(), outcome.receipt));
                    log.push(Used { at: now, units: cost });
                }
            }
            assert_bound(algorithm, &limit, &log, seed);
        }
    }
}

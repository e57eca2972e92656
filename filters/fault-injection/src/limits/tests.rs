use super::*;
use filter_api::{Effect, MetricRegistry, Stat};
use filter_testing::SimEnvironment;
use std::time::Duration;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const GAUGE: Stat = Stat::gauge("active", "");
const RULE_GAUGE: Stat = Stat::gauge("rule.<rule>.active", "");
const CONFLICTS: Stat = Stat::counter("conflicts", "");

struct World {
    env: SimEnvironment,
    filter: Limits,
    rule: Limits,
    conflicts: Counter,
}

fn world(max_active: [u64; 2], rates: [Option<u32>; 2]) -> World {
    let mut env = SimEnvironment::seeded(1);
    let gauges = [env.metrics.gauge(&RULE_GAUGE, "r"), env.metrics.gauge(&GAUGE, "")];
    let conflicts = env.metrics.counter(&CONFLICTS, "");
    let [rule, filter] = [0, 1].map(|index| Limits {
        gauge: gauges[index],
        max_active: max_active[index],
        rate: rates[index].map(|most| RateLimit::new(format!("rate.{index}"), most)),
    });
    World { env, filter, rule, conflicts }
}

impl World {
    /// Tries to begin a fault; gives back at once what a refused one had taken.
    fn begin(&mut self) -> Option<Permits> {
        let mut effects = Effects::default();
        let permits =
            acquire(false, &self.rule, &self.filter, self.conflicts, &mut effects, &mut self.env);
        for effect in effects {
            match effect {
                Effect::Release(permit) => self.lower(permit.gauge()),
                Effect::Count(counter, by) => self.env.metrics.count_by(counter, by),
                other => panic!("{other:?}"),
            }
        }
        permits
    }

    fn end(&mut self, mut permits: Permits) {
        let mut effects = Effects::default();
        release(&mut permits, &mut effects);
        for effect in effects {
            if let Effect::Release(permit) = effect {
                self.lower(permit.gauge());
            }
        }
    }

    fn lower(&mut self, gauge: Gauge) {
        assert!(self.env.metrics.lower(gauge), "below zero");
    }

    fn gauges(&self) -> [Option<u64>; 2] {
        ["rule.r.active", "active"].map(|name| self.env.metrics.value(name))
    }
}

#[test]
fn a_momentary_fault_takes_a_unit_only_of_a_maximum() {
    let mut world = world([u64::MAX, 1], [None; 2]);
    let mut effects = Effects::default();
    let World { env, filter, rule, conflicts } = &mut world;
    let permits = acquire(true, rule, filter, *conflicts, &mut effects, env).unwrap();
    assert_eq!(world.gauges(), [Some(0), Some(1)]);
    assert!(world.begin().is_none(), "the maximum holds for others meanwhile");
    world.end(permits);
    assert_eq!(world.gauges(), [Some(0), Some(0)]);
}

#[test]
fn both_gauges_are_kept_without_a_maximum() {
    let mut world = world([u64::MAX; 2], [None; 2]);
    let permits = world.begin().unwrap();
    assert_eq!(world.gauges(), [Some(1), Some(1)]);
    world.end(permits);
    assert_eq!(world.gauges(), [Some(0), Some(0)]);
    assert_eq!(world.env.asked.shared_data + world.env.asked.clocks, 0, "and nothing else asked");
}

#[test]
fn whichever_maximum_is_reached_nothing_stays_taken() {
    for max_active in [[1, 5], [5, 1]] {
        let mut world = world(max_active, [None; 2]);
        let first = world.begin().unwrap();
        assert!(world.begin().is_none(), "{max_active:?}");
        assert_eq!(world.gauges(), [Some(1), Some(1)]);
        world.end(first);
        assert!(world.begin().is_some());
    }
}

#[test]
fn a_maximum_of_zero_admits_nothing() {
    assert!(world([u64::MAX, 0], [None; 2]).begin().is_none());
}

#[test]
fn a_rate_admits_one_seconds_worth_and_fills_evenly() {
    for rates in [[Some(4), None], [None, Some(4)]] {
        let mut world = world([u64::MAX; 2], rates);
        let admitted = (0..10).filter_map(|_| world.begin()).count();
        assert_eq!(admitted, 4);
        for (wait, expected) in [(249, 0), (1, 1), (250, 1), (5_000, 4)] {
            world.env.advance(Duration::from_millis(wait));
            let admitted = (0..10).filter_map(|_| world.begin()).count();
            assert_eq!(admitted, expected, "after {wait} ms more");
        }
    }
}

#[test]
fn a_refused_rate_gives_the_gauges_back() {
    let mut world = world([u64::MAX; 2], [Some(1), None]);
    let first = world.begin().unwrap();
    assert!(world.begin().is_none());
    assert_eq!(world.gauges(), [Some(1), Some(1)]);
    world.end(first);
}

#[test]
fn over_a_minute_no_more_than_the_rate_and_its_burst() {
    let mut world = world([u64::MAX; 2], [Some(7), None]);
    let mut admitted = 0;
    for _ in 0..6_000 {
        admitted += u32::from(world.begin().is_some());
        world.env.advance(Duration::from_millis(10));
    }
    assert!((7 * 60..=7 * 61).contains(&admitted), "{admitted}");
}

#[test]
fn a_rate_that_cannot_be_kept_refuses_and_says_so() {
    let mut world = world([u64::MAX; 2], [Some(1_000_000), None]);
    world.env.conflicts = 4;
    assert!(world.begin().is_none());
    world.env.shared_data_fails = true;
    assert!(world.begin().is_none());
    assert_eq!(world.env.metrics.value("conflicts"), Some(2));
    assert_eq!(world.gauges(), [Some(0), Some(0)]);
}

use super::*;
use crate::stats::MemoryStats;
use filter_testing::SimEnvironment;
use std::collections::HashSet;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn memory(capacity: u64, env: &mut SimEnvironment) -> Memory {
    let (slabs, limits) = Memory::layout(capacity);
    Memory {
        role: Role::Inbound,
        key: KeySource::RequestId,
        by_trace_id: false,
        ttl: 30_000_000_000,
        slabs,
        limits,
        seed: Seed::of("test"),
        stats: MemoryStats::define(&mut env.metrics),
    }
}

fn text_key(n: u32) -> Key {
    Key::of_text(b'r', format!("request-{n}").as_bytes()).unwrap()
}

#[test]
fn a_flood_of_distinct_ids_keeps_within_the_capacity_and_ends_with_the_ttl() {
    const CAPACITY: u64 = 1600;
    let mut env = SimEnvironment::seeded(1);
    let memory = memory(CAPACITY, &mut env);
    let mut effects = Effects::default();
    for n in 0..50_000 {
        let keys = vec![text_key(n)];
        let id = TraceId { high: 0, low: u64::from(n) + 1 };
        let kept = memory.remember(keys, id, &[b'x'; 300], &mut effects, &mut env);
        assert_eq!(kept.len(), 1);
    }
    let slabs: HashSet<String> = (0..50_000).map(|n| memory.slab(&text_key(n))).collect();
    let sizes: Vec<usize> = slabs
        .iter()
        .filter_map(|slab| env.shared_data(slab))
        .map(|(value, _)| value.len())
        .collect();
    let total: usize = sizes.iter().sum();
    assert_eq!(slabs.len() as u64, CAPACITY / SLOTS, "no key but those of the slabs");
    assert!(total <= CAPACITY as usize * 512, "{total}");
    let known = |env: &mut SimEnvironment| {
        (0..50_000).filter(|n| memory.recall(&[text_key(*n)], env).is_some()).count()
    };
    let before = known(&mut env);
    // The hash fills every slab, so all places are taken.
    assert_eq!(before as u64, CAPACITY);
    assert!(memory.recall(&[text_key(49_999)], &mut env).is_some(), "the youngest is known");
    env.advance(std::time::Duration::from_secs(30));
    assert_eq!(known(&mut env), 0);
}

#[test]
fn the_layout_holds_the_capacity_and_never_nothing() {
    for (capacity, slabs) in [(1, 1), (15, 1), (16, 1), (100_000, 6250), (1_000_000, 62_500)] {
        assert_eq!(Memory::layout(capacity).0, slabs, "{capacity}");
    }
    let mut env = SimEnvironment::seeded(1);
    let memory = memory(1, &mut env);
    let mut effects = Effects::default();
    for n in 0..3 {
        let id = TraceId { high: 0, low: 1 };
        let _ = memory.remember(vec![text_key(n)], id, b"x", &mut effects, &mut env);
    }
    let known = (0..3).filter(|n| memory.recall(&[text_key(*n)], &mut env).is_some()).count();
    assert_eq!(known, 1);
}

#[test]
fn an_update_that_fails_four_times_is_given_up_and_counted() {
    let mut env = SimEnvironment::seeded(1);
    let memory = memory(16, &mut env);
    let mut effects = Effects::default();
    env.conflicts = 4;
    let id = TraceId { high: 0, low: 1 };
    let kept = memory.remember(vec![text_key(1)], id, b"x", &mut effects, &mut env);
    assert!(kept.is_empty());
    let expected = filter_api::Effect::Count(memory.stats.conflicts, 1);
    assert_eq!(effects.as_slice(), [expected]);
    env.conflicts = 3;
    let kept = memory.remember(vec![text_key(1)], id, b"x", &mut effects, &mut env);
    assert_eq!(kept.len(), 1);
}

#[test]
fn keys_that_are_empty_or_too_long_are_none() {
    assert_eq!(Key::of_text(b'r', b""), None);
    assert!(Key::of_text(b'r', &[b'x'; LONGEST_KEY]).is_some());
    assert_eq!(Key::of_text(b'r', &[b'x'; LONGEST_KEY + 1]), None);
}

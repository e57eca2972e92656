use super::*;
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn note(top: &mut Top, key: u64, count: u64) {
    top.note(Digest([key, 0]), count, || format!("q\0{key}").into_bytes());
}

fn counts(top: &Top) -> Vec<(u64, u64)> {
    let mut counts: Vec<_> = top.keys.iter().map(|key| (key.record.0[0], key.count)).collect();
    counts.sort_unstable();
    counts
}

#[test]
fn whoever_is_refused_more_than_the_least_is_in_the_list() {
    let mut top = Top::new(3);
    let mut env = SimEnvironment::seeded(1);
    let mut truth = [0_u64; 20];
    for _ in 0..5_000 {
        // Two keys have half of all refusals.
        let key = match env.random() % 4 {
            0 => 0,
            1 => 1,
            _ => 2 + env.random() % 18,
        };
        truth[usize::try_from(key).unwrap()] += 1;
        note(&mut top, key, 1);
    }
    for key in [0, 1] {
        let listed = counts(&top).into_iter().find(|(other, _)| *other == key);
        let (_, count) = listed.expect("the most refused are listed");
        assert!(count >= truth[usize::try_from(key).unwrap()]);
    }
    assert_eq!(top.keys.len(), 3);
}

#[test]
fn workers_add_up() {
    let mut env = SimEnvironment::seeded(1);
    let (mut one, mut two) = (Top::new(4), Top::new(4));
    note(&mut one, 1, 5);
    note(&mut two, 1, 2);
    note(&mut two, 2, 9);
    one.tell(10, &mut env);
    two.tell(10, &mut env);
    assert!(one.keys.is_empty() && two.keys.is_empty());
    let shared = shared::read(4, &mut env);
    assert_eq!(counts(&shared), [(1, 7), (2, 9)]);
    assert_eq!(
        String::from_utf8(shared.json()).unwrap(),
        r#"{"topKeys":[{"quota":"q","key":"2","refused":9},{"quota":"q","key":"1","refused":7}]}"#
    );
}

#[test]
fn what_cannot_be_told_is_told_later() {
    let mut env = SimEnvironment::seeded(1);
    let mut top = Top::new(4);
    note(&mut top, 1, 5);
    env.shared_data_fails = true;
    top.tell(10, &mut env);
    env.shared_data_fails = false;
    note(&mut top, 1, 1);
    top.tell(20, &mut env);
    assert_eq!(counts(&shared::read(4, &mut env)), [(1, 6)]);
}

#[test]
fn a_list_that_is_none_is_read_as_far_as_it_is_one() {
    let mut env = SimEnvironment::seeded(1);
    let mut top = Top::new(4);
    note(&mut top, 1, 5);
    note(&mut top, 2, 5);
    top.tell(10, &mut env);
    let (bytes, cas) = env.shared_data("topb").unwrap();
    for end in 0..bytes.len() {
        env.set_shared_data("topb", &bytes[..end], filter_api::Cas(0)).unwrap();
        assert!(shared::read(4, &mut env).keys.len() < 2);
    }
    assert_ne!(cas, filter_api::Cas(0));
}

#[test]
fn no_label_breaks_out_of_its_text() {
    let mut json = Vec::new();
    push_printable(&mut json, b"a\"b\\c\n\xff\x7fd");
    assert_eq!(json, b"a?b?c???d");
}

#[test]
fn others_are_told_now_and_then() {
    let mut top = Top::new(4);
    top.said_at = 5;
    top.unsaid = FLUSH_AFTER - 1;
    assert!(!top.is_due(5 + FLUSH_EVERY - 1) && top.is_due(5 + FLUSH_EVERY));
    top.unsaid = FLUSH_AFTER;
    assert!(top.is_due(5));
}

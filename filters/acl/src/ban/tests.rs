use super::*;
use filter_api::{HeaderPairs, RequestHead, encode_pairs};
use filter_testing::SimEnvironment;
use identity::Evidence;
use matchers::header_index::Snapshot;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SECOND: Duration = Duration::from_secs(1);

fn ban(denials: usize) -> Ban {
    let key = Expression::parse("request.headers[x-key]").unwrap();
    Ban::new("b", key, denials, 10 * SECOND, 60 * SECOND)
}

fn with_key<T>(key: &str, then: impl FnOnce(&mut Facts<'_>) -> T) -> T {
    let bytes = encode_pairs([("x-key", key)]);
    let request = RequestHead::new(HeaderPairs::parse(&bytes));
    then(&mut Facts::new(&Snapshot::unindexed(&request), Evidence::default()))
}

fn count(ban: &Ban, key: &str, env: &mut SimEnvironment) -> Tallied {
    with_key(key, |facts| ban.count(facts, env)).unwrap()
}

fn holds(ban: &Ban, key: &str, env: &mut SimEnvironment) -> bool {
    with_key(key, |facts| ban.holds(facts, env))
}

#[test]
fn the_nth_refusal_within_the_time_begins_a_ban_of_one_caller() {
    let (ban, mut env) = (ban(3), SimEnvironment::seeded(1));
    for expected in [Tallied::OneMore, Tallied::OneMore, Tallied::Began] {
        assert!(!holds(&ban, "a", &mut env));
        assert_eq!(count(&ban, "a", &mut env), expected);
        env.advance(SECOND);
    }
    assert!(holds(&ban, "a", &mut env) && !holds(&ban, "b", &mut env));
    env.advance(58 * SECOND);
    assert!(holds(&ban, "a", &mut env));
    // What is refused during the ban does not make it longer.
    assert_eq!(count(&ban, "a", &mut env), Tallied::OneMore);
    env.advance(SECOND);
    assert!(!holds(&ban, "a", &mut env));
    assert_eq!(count(&ban, "a", &mut env), Tallied::OneMore);
}

/// Exactly the last `within`, wherever it begins.
#[test]
fn the_window_slides() {
    let (ban, mut env) = (ban(3), SimEnvironment::seeded(1));
    for _ in 0..20 {
        assert_eq!(count(&ban, "a", &mut env), Tallied::OneMore);
        env.advance(5 * SECOND);
    }
    assert_eq!(count(&ban, "a", &mut env), Tallied::OneMore);
    env.advance(SECOND);
    assert_eq!(count(&ban, "a", &mut env), Tallied::Began);
}

#[test]
fn no_key_is_nobody_and_shared_data_that_fails_is_told() {
    let (ban, mut env) = (ban(1), SimEnvironment::seeded(1));
    let empty = Snapshot::unindexed(&RequestHead::default());
    let mut nobody = Facts::new(&empty, Evidence::default());
    assert_eq!(ban.count(&mut nobody, &mut env), None);
    assert!(!ban.holds(&mut nobody, &mut env));
    env.shared_data_fails = true;
    assert_eq!(count(&ban, "a", &mut env), Tallied::Failed);
}

#[test]
fn an_ipv6_caller_is_its_network() {
    let (ban, mut env) = (ban(1), SimEnvironment::seeded(1));
    assert_eq!(count(&ban, "2001:db8::1", &mut env), Tallied::Began);
    assert!(holds(&ban, "2001:db8:0:0:ffff::2", &mut env));
    assert!(!holds(&ban, "2001:db8:0:1::1", &mut env));
    assert_eq!(count(&ban, "192.0.2.1", &mut env), Tallied::Began);
    assert!(holds(&ban, "::ffff:192.0.2.1", &mut env) && !holds(&ban, "192.0.2.2", &mut env));
}

/// Twenty thousand callers take no more than the fixed places, and no ban of one is lost to those
/// that are merely counted.
#[test]
fn memory_is_bounded_and_bans_outlast_a_flood() {
    let (ban, mut env) = (ban(2), SimEnvironment::seeded(1));
    for _ in 0..2 {
        count(&ban, "victim", &mut env);
    }
    for n in 0..20_000 {
        count(&ban, &format!("flood-{n}"), &mut env);
    }
    assert!(holds(&ban, "victim", &mut env));
    let most = (0..VALUES).filter_map(|n| env.shared_data(&format!("ban/b/{n}")));
    let most = most.map(|(value, _)| value.len()).max().unwrap();
    assert_eq!(most, PLACES * 32, "places times one refusal each");
}

#[test]
fn bytes_that_are_no_entries_are_none() {
    assert_eq!(Entry::decode_all(b"short"), []);
    let all = vec![Entry { caller: 1, banned_until: 2, refused_at: vec![3, 4] }, Entry::new(5)];
    let bytes = Entry::encode_all(&all);
    assert_eq!(Entry::decode_all(&bytes), all);
    assert_eq!(Entry::decode_all(&[0xff; 64]).len(), 1);
}

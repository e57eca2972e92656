use super::*;
use filter_api::{HeaderPairs, encode_pairs};
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SECOND: Duration = Duration::from_secs(1);

fn provider(entry_type: EntryType, on_expired: OnExpired) -> Provider {
    let stats = ProviderStats {
        updates: Counter(0),
        fetch_failures: Counter(1),
        entries: Gauge(2),
        shared_data_conflicts: Counter(3),
    };
    let settings = ProviderSettings {
        tag: 7,
        entry_type,
        cluster: Cluster::new("lists").unwrap(),
        authority: "lists".to_owned(),
        path: "/vip.txt".to_owned(),
        refresh_interval: 30 * SECOND,
        ttl: 120 * SECOND,
        on_expired,
        timeout: 5 * SECOND,
        max_size: 1000,
        stats,
    };
    Provider::new("vip", settings)
}

fn strings() -> Provider {
    provider(EntryType::Strings, OnExpired::Deny)
}

fn poll(provider: &Provider, env: &mut SimEnvironment) -> Option<Callout> {
    provider.poll(env, &mut Effects::default()).0
}

/// The cluster answers; what was counted.
fn answer(
    provider: &Provider,
    status: Option<u32>,
    headers: &[(&str, &str)],
    body: &[u8],
    env: &mut SimEnvironment,
) -> Vec<u32> {
    let bytes = encode_pairs(headers.iter().copied());
    let headers = HeaderPairs::parse(&bytes);
    let result = CalloutResult { status, headers, body, ..CalloutResult::unanswered(7) };
    let mut effects = Effects::default();
    let again = provider.answered(&result, env, &mut effects);
    assert_eq!(again, Duration::from_millis(1));
    let counted = effects.into_iter().map(|effect| match effect {
        filter_api::Effect::Count(counter, 1) => counter.0,
        other => panic!("{other:?}"),
    });
    counted.collect()
}

/// Fetches `body` as the only worker.
fn fetch(provider: &Provider, body: &str, env: &mut SimEnvironment) {
    assert!(poll(provider, env).is_some());
    assert_eq!(answer(provider, Some(200), &[("etag", "\"1\"")], body.as_bytes(), env), [0]);
    assert!(poll(provider, env).is_none());
}

/// What the list says of a value; `None` where there is no valid list.
fn holds(provider: &Provider, value: &str, env: &mut SimEnvironment) -> Option<bool> {
    match provider.standing(env) {
        Standing::Valid(entries) => Some(entries.contains(value.as_bytes()).unwrap()),
        Standing::Open | Standing::Closed => None,
    }
}

#[test]
fn nothing_is_valid_before_the_first_answer_and_the_answer_is_kept_until_its_time_is_over() {
    let (provider, mut env) = (strings(), SimEnvironment::seeded(1));
    assert!(matches!(provider.standing(&mut env), Standing::Closed));
    fetch(&provider, "a\nb\n", &mut env);
    assert_eq!(holds(&provider, "a", &mut env), Some(true));
    assert_eq!(holds(&provider, "c", &mut env), Some(false));
    env.advance(119 * SECOND);
    assert_eq!(holds(&provider, "a", &mut env), Some(true));
    env.advance(SECOND);
    assert_eq!(holds(&provider, "a", &mut env), None);
}

#[test]
fn what_holds_when_nothing_is_valid_is_as_configured() {
    let mut env = SimEnvironment::seeded(1);
    let open = provider(EntryType::Strings, OnExpired::Allow);
    assert!(matches!(open.standing(&mut env), Standing::Open));
    let kept = provider(EntryType::Strings, OnExpired::Keep);
    assert!(matches!(kept.standing(&mut env), Standing::Closed), "there is nothing to keep");
    fetch(&kept, "a", &mut env);
    env.advance(10_000 * SECOND);
    assert_eq!(holds(&kept, "a", &mut env), Some(true));
    // The other one finds in shared data what this one fetched.
    open.adopt(&mut env, &mut Effects::default());
    assert!(matches!(open.standing(&mut env), Standing::Open), "it is too old");
}

#[test]
fn one_of_many_workers_asks_and_all_have_the_list() {
    let mut env = SimEnvironment::seeded(1);
    let workers: Vec<Provider> = (0..8).map(|_| strings()).collect();
    let asking: Vec<bool> = workers.iter().map(|one| poll(one, &mut env).is_some()).collect();
    assert_eq!(asking, [true, false, false, false, false, false, false, false]);
    answer(&workers[0], Some(200), &[], b"a", &mut env);
    for worker in &workers {
        assert!(poll(worker, &mut env).is_none());
        assert_eq!(holds(worker, "a", &mut env), Some(true));
    }
    // A worker of a later configuration has it before its first look.
    let late = strings();
    late.adopt(&mut env, &mut Effects::default());
    assert_eq!(holds(&late, "a", &mut env), Some(true));
}

#[test]
fn a_worker_that_never_comes_back_is_given_up() {
    let (gone, other, mut env) = (strings(), strings(), SimEnvironment::seeded(1));
    assert!(poll(&gone, &mut env).is_some());
    env.advance(5 * SECOND);
    assert!(poll(&other, &mut env).is_none());
    env.advance(SECOND);
    assert!(poll(&other, &mut env).is_some());
}

#[test]
fn unchanged_is_asked_for_and_makes_the_list_hold_longer() {
    let (provider, mut env) = (strings(), SimEnvironment::seeded(1));
    fetch(&provider, "a", &mut env);
    for _ in 0..10 {
        env.advance(30 * SECOND);
        let Some(Callout::HttpGet { headers, path, .. }) = poll(&provider, &mut env) else {
            panic!("no call");
        };
        assert_eq!(path, "/vip.txt");
        let (name, value) = headers.first().unwrap();
        assert_eq!((name.as_bytes(), value.as_bytes()), (&b"if-none-match"[..], &b"\"1\""[..]));
        assert!(answer(&provider, Some(304), &[], b"", &mut env).is_empty());
        poll(&provider, &mut env);
        assert_eq!(holds(&provider, "a", &mut env), Some(true));
    }
    // The same body again is no update.
    env.advance(30 * SECOND);
    assert!(poll(&provider, &mut env).is_some());
    assert!(answer(&provider, Some(200), &[], b"a", &mut env).is_empty());
}

#[test]
fn what_is_no_list_changes_nothing() {
    for (status, headers, body) in [
        (None, &[][..], &b""[..]),
        (Some(500), &[], b"a"),
        (Some(404), &[], b"a"),
        (Some(206), &[], b"a"),
        (Some(301), &[("location", "/x")], b"a"),
        (Some(200), &[], b""),
        (Some(200), &[], b"# nothing\n\n"),
        (Some(200), &[("content-type", "text/html; charset=utf-8")], b"<html>maintenance</html>"),
        (Some(200), &[("content-type", "application/json")], b"{}"),
        (Some(200), &[], b"a\nb\xff"),
        (Some(200), &[], b"\x1f\x8b\x08\0gzip"),
    ] {
        let (provider, mut env) = (strings(), SimEnvironment::seeded(1));
        fetch(&provider, "good", &mut env);
        env.advance(30 * SECOND);
        assert!(poll(&provider, &mut env).is_some());
        assert_eq!(answer(&provider, status, headers, body, &mut env), [1], "{status:?} {body:?}");
        poll(&provider, &mut env);
        assert_eq!(holds(&provider, "good", &mut env), Some(true));
        env.advance(90 * SECOND);
        assert_eq!(holds(&provider, "good", &mut env), None, "and nothing made it hold longer");
    }
}

#[test]
fn a_list_of_addresses_is_taken_whole_or_not_at_all() {
    let (provider, mut env) =
        (provider(EntryType::IpAddresses, OnExpired::Deny), SimEnvironment::seeded(1));
    fetch(&provider, "10.0.0.0/8", &mut env);
    env.advance(30 * SECOND);
    assert!(poll(&provider, &mut env).is_some());
    let body = b"192.0.2.0/24\n10.0.0.1/8\n";
    assert_eq!(answer(&provider, Some(200), &[], body, &mut env), [1]);
    poll(&provider, &mut env);
    assert_eq!(holds(&provider, "10.1.1.1", &mut env), Some(true));
    assert_eq!(holds(&provider, "192.0.2.1", &mut env), Some(false));
}

#[test]
fn too_large_a_body_is_no_list_and_unchanged_without_a_list_is_nothing() {
    let (provider, mut env) = (strings(), SimEnvironment::seeded(1));
    assert!(poll(&provider, &mut env).is_some());
    let large = CalloutResult {
        status: Some(200),
        is_body_too_large: true,
        ..CalloutResult::unanswered(7)
    };
    let mut effects = Effects::default();
    provider.answered(&large, &mut env, &mut effects);
    assert_eq!(effects.as_slice().len(), 1);
    env.advance(SECOND);
    assert!(poll(&provider, &mut env).is_some());
    answer(&provider, Some(304), &[], b"", &mut env);
    poll(&provider, &mut env);
    assert_eq!(holds(&provider, "a", &mut env), None);
}

/// Failures are asked about again soon, then less and less often, and never at the same moment.
#[test]
fn the_wait_after_failures_doubles_up_to_the_refresh_interval() {
    for (failures, least, most) in
        [(1, 0.5, 1.0), (2, 1.0, 2.0), (5, 8.0, 16.0), (9, 15.0, 30.0), (u32::MAX, 15.0, 30.0)]
    {
        let waits: Vec<f64> =
            (0..64).map(|n| backoff(failures, 30 * SECOND, n << 58).as_secs_f64()).collect();
        assert!(waits.iter().all(|wait| (least..=most).contains(wait)), "{failures}: {waits:?}");
        let spread = waits.iter().copied().fold(0.0, f64::max) - waits[0];
        assert!(spread > (most - least) * 0.9, "{failures}: {spread}");
    }
}

#[test]
fn shared_data_that_fails_lets_nothing_through() {
    let (provider, mut env) = (strings(), SimEnvironment::seeded(1));
    env.shared_data_fails = true;
    assert!(poll(&provider, &mut env).is_none());
    env.shared_data_fails = false;
    assert!(poll(&provider, &mut env).is_some());
    env.shared_data_fails = true;
    // The list cannot be handed on, so it is not there.
    assert_eq!(answer(&provider, Some(200), &[], b"a", &mut env), [1, 3]);
    poll(&provider, &mut env);
    assert_eq!(holds(&provider, "a", &mut env), None);
}

#[test]
fn a_record_that_is_none_is_empty() {
    let record = Record {
        version: 1,
        confirmed_at: 2,
        next_attempt: 3,
        lease_until: 4,
        failures: 5,
        etag: b"W/\"x\"".to_vec(),
    };
    let bytes = record.encode();
    assert_eq!(Record::decode(Some(&bytes)), record);
    for end in 0..36 {
        assert_eq!(Record::decode(Some(&bytes[..end])), Record::default());
    }
}

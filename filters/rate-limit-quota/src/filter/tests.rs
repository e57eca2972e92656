use super::*;
use crate::stream::QuotaStream;
use filter_api::{Effect, HeaderPairs, Verdict, encode_pairs};
use filter_testing::{Metrics, SimEnvironment};
use std::time::Duration;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn filter(config: &str, env: &mut SimEnvironment) -> QuotaFilter {
    QuotaFilter::configure(config.as_bytes(), &mut env.metrics).unwrap()
}

/// The status of a refusal; `None` for a request that passes.
fn ask(filter: &QuotaFilter, headers: &[(&str, &str)], env: &mut SimEnvironment) -> Option<u16> {
    ask_stream(filter, &mut QuotaStream::default(), headers, env)
}

fn ask_stream(
    filter: &QuotaFilter,
    stream: &mut QuotaStream,
    headers: &[(&str, &str)],
    env: &mut SimEnvironment,
) -> Option<u16> {
    let bytes = encode_pairs(headers.iter().copied());
    let request = RequestHead::new(HeaderPairs::parse(&bytes));
    let decision = filter.on_request_headers(stream, &request, env);
    for effect in decision.effects.as_slice() {
        if let Effect::Count(counter, by) = effect {
            env.metrics.count_by(*counter, *by);
        }
    }
    match decision.verdict {
        Verdict::Reply(reply) => Some(reply.status()),
        _ => None,
    }
}

fn admitted(filter: &QuotaFilter, times: u32, env: &mut SimEnvironment) -> usize {
    (0..times).filter(|_| ask(filter, &[], env).is_none()).count()
}

const TEN: &str = r#"{"quotas": [{"name": "q", "maxAmount": 10, "validDuration": "60s"}]}"#;

#[test]
fn counts_survive_an_update_and_another_limit_holds_at_once() {
    let mut env = SimEnvironment::seeded(1);
    for algorithm in ["GCRA", "FIXED_WINDOW", "ROLLING_WINDOW"] {
        let config = |amount: u32| {
            let quota = format!(
                r#""name": "{algorithm}", "algorithm": "{algorithm}", "maxAmount": {amount}, "validDuration": "60s""#
            );
            format!(r#"{{"quotas": [{{{quota}}}]}}"#)
        };
        let before = filter(&config(10), &mut env);
        assert_eq!(admitted(&before, 6, &mut env), 6);
        let same = filter(&config(10), &mut env);
        assert_eq!(admitted(&same, 3, &mut env), 3, "{algorithm}");
        let less = filter(&config(9), &mut env);
        assert_eq!(admitted(&less, 5, &mut env), 0, "{algorithm}");
        let more = filter(&config(20), &mut env);
        assert_eq!(admitted(&more, 20, &mut env), 11, "{algorithm}");
    }
}

/// What a worker took ahead under the old configuration is its own; another starts with none.
#[test]
fn several_workers_with_leases_never_admit_more_together() {
    let config = r#"{"quotas": [{"name": "q", "maxAmount": 100, "validDuration": "10s", "algorithm": "ROLLING_WINDOW",
        "workerLease": {"amount": 7, "ttl": "50ms"}}]}"#;
    let mut env = SimEnvironment::seeded(7);
    let workers: Vec<QuotaFilter> = (0..4).map(|_| filter(config, &mut env)).collect();
    let mut log: Vec<u64> = Vec::new();
    for step in 0..20_000_u32 {
        env.advance(Duration::from_micros(u64::from(step % 7) * 900));
        // Now and then other workers are faster.
        env.conflicts = u32::from(step % 50 == 0) * 9;
        if ask(&workers[usize::try_from(step).unwrap() % 4], &[], &mut env).is_none() {
            log.push(env.now());
        }
    }
    env.conflicts = 0;
    let period = 10_000_000_000;
    let most = log
        .iter()
        .enumerate()
        .map(|(index, first)| log[index..].iter().take_while(|at| **at < first + period).count());
    let (most, leased) = (most.max().unwrap(), env.metrics.value("leased").unwrap());
    println!("{} admitted, at most {most} in any 10 s, {leased} of them from leases", log.len());
    assert!(most <= 100 && log.len() > 350 && leased > 250);
}

#[test]
fn nothing_passes_that_cannot_be_counted() {
    let mut env = SimEnvironment::seeded(1);
    let quota = filter(TEN, &mut env);
    env.shared_data_fails = true;
    assert_eq!(ask(&quota, &[], &mut env), Some(429));
    env.shared_data_fails = false;
    assert_eq!(admitted(&quota, 12, &mut env), 10);
    assert_eq!(env.metrics.value("store_failed"), Some(1));
    assert_eq!(env.metrics.value("quota.q.ok"), Some(10));
    let config = TEN.replace("\"q\"", "\"r\", \"mode\": \"SHADOW\"");
    let shadow = filter(&config, &mut env);
    env.conflicts = 8;
    assert_eq!(ask(&shadow, &[], &mut env), None);
    assert_eq!(env.metrics.value("store_failed"), Some(2));
}

#[test]
fn a_request_that_no_quota_concerns_asks_for_nothing() {
    let mut env = SimEnvironment::seeded(1);
    let config = TEN.replace("\"name\"", r#""match": [{"uri": {"exact": "/limited"}}], "name""#);
    let quota = filter(&config, &mut env);
    env.asked = filter_testing::Asked::default();
    assert_eq!(ask(&quota, &[(":path", "/")], &mut env), None);
    assert_eq!(env.asked, filter_testing::Asked::default());
    assert_eq!(ask(&quota, &[(":path", "/limited")], &mut env), None);
    // The secret, the slab and its set, the clock.
    assert_eq!((env.asked.shared_data, env.asked.clocks), (4, 1));
    assert_eq!(ask(&quota, &[(":path", "/limited")], &mut env), None);
    assert_eq!((env.asked.shared_data, env.asked.clocks), (6, 2));
}

#[test]
fn a_stream_in_use_gives_its_unit_back_when_it_ends() {
    let mut env = SimEnvironment::seeded(1);
    let config = r#"{"quotas": [{"name": "q", "maxAmount": 2, "algorithm": "CONCURRENCY"}]}"#;
    let quota = filter(config, &mut env);
    let mut streams: Vec<QuotaStream> = (0..3).map(|_| QuotaStream::default()).collect();
    let statuses: Vec<Option<u16>> =
        streams.iter_mut().map(|stream| ask_stream(&quota, stream, &[], &mut env)).collect();
    assert_eq!(statuses, [None, None, Some(429)]);
    for stream in &mut streams {
        assert!(quota.on_stream_end(stream, &mut env).as_slice().is_empty());
        // Once is enough.
        assert!(quota.on_stream_end(stream, &mut env).as_slice().is_empty());
    }
    assert_eq!(admitted(&quota, 5, &mut env), 2);
}

/// A worker that crashes ends no stream: its units come back with time.
#[test]
fn a_unit_whose_end_is_lost_comes_back() {
    let mut env = SimEnvironment::seeded(1);
    let config = r#"{"quotas": [{"name": "q", "maxAmount": 1, "algorithm": "CONCURRENCY", "validDuration": "60s"}]}"#;
    let quota = filter(config, &mut env);
    assert_eq!(ask(&quota, &[], &mut env), None);
    env.advance(Duration::from_secs(59));
    assert_eq!(ask(&quota, &[], &mut env), Some(429));
    env.advance(Duration::from_secs(1));
    assert_eq!(ask(&quota, &[], &mut env), None);
}

/// Quotas of one Envoy follow the clock that never steps.
#[test]
fn a_step_of_the_time_of_day_changes_no_quota() {
    for algorithm in ["GCRA", "FIXED_WINDOW", "ROLLING_WINDOW"] {
        let mut env = SimEnvironment::seeded(1);
        let config = TEN.replace("\"name\"", &format!("\"algorithm\": \"{algorithm}\", \"name\""));
        let quota = filter(&config, &mut env);
        assert_eq!(admitted(&quota, 20, &mut env), 10);
        for seconds in [0, 4_000_000_000, 1] {
            env.set_unix_time(filter_api::UnixTime(seconds * 1_000_000_000));
            assert_eq!(admitted(&quota, 20, &mut env), 0, "{algorithm}");
        }
        env.advance(Duration::from_secs(60));
        assert_eq!(admitted(&quota, 20, &mut env), 10, "{algorithm}");
    }
}

#[test]
fn two_filters_of_one_process_share_what_has_the_same_name() {
    let mut env = SimEnvironment::seeded(1);
    let (one, two) = (filter(TEN, &mut env), filter(TEN, &mut env));
    let other = filter(&TEN.replace("\"q\"", "\"r\""), &mut env);
    assert_eq!(admitted(&one, 4, &mut env) + admitted(&two, 10, &mut env), 10);
    assert_eq!(admitted(&other, 20, &mut env), 10);
}

#[test]
fn an_empty_configuration_needs_no_headers() {
    let empty = QuotaFilter::configure(b"", &mut Metrics::default()).unwrap();
    assert!(!empty.needs_request_headers());
    assert_eq!(empty.summary(), "quotas: none");
}

#[test]
fn a_jitter_is_added_to_the_time_to_wait() {
    let config = r#"{"rateLimitHeaders": {"retryAfterJitter": "100s"},
        "quotas": [{"name": "q", "maxAmount": 1, "validDuration": "60s", "algorithm": "FIXED_WINDOW"}]}"#;
    let mut env = SimEnvironment::seeded(1);
    let quota = filter(config, &mut env);
    assert_eq!(ask(&quota, &[], &mut env), None);
    let mut waits = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let request = RequestHead::default();
        let decision = quota.on_request_headers(&mut QuotaStream::default(), &request, &mut env);
        let Verdict::Reply(reply) = decision.verdict else { panic!("it passed") };
        let (_, wait) =
            reply.headers().iter().find(|(name, _)| name.as_bytes() == b"retry-after").unwrap();
        waits.insert(String::from_utf8_lossy(wait.as_bytes()).parse::<u64>().unwrap());
    }
    assert!(waits.iter().all(|wait| (60..=160).contains(wait)) && waits.len() > 50, "{waits:?}");
}

/// Nobody answers: the cases cannot have this, as every worker asks for itself.
#[test]
fn without_the_service_it_is_as_configured_and_nobody_waits_twice() {
    for (mode, admitted) in [("ALLOW", 5), ("DENY", 0), ("LOCAL_SHARE", 2)] {
        let config = format!(
            r#"{{"global": {{"service": {{"cluster": "nowhere", "domain": "d"}}, "replicas": 2, "onUnavailable": "{mode}"}},
            "quotas": [{{"name": "q", "maxAmount": 4, "validDuration": "24h", "global": true}}]}}"#
        );
        let env = SimEnvironment::seeded(1);
        let mut proxy =
            filter_testing::SimProxy::<QuotaFilter>::configure(config.as_bytes(), env).unwrap();
        let (request, upstream) = Default::default();
        let exchange = filter_testing::Exchange::new(&request, 0, &upstream);
        let statuses: Vec<_> =
            (0..5).map(|_| proxy.exchange(&exchange).unwrap().status.unwrap()).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), admitted, "{mode}");
        let stat = |name: &str| proxy.env.metrics.value(name).unwrap();
        let counts = ["global.calls", "global.failed", "global.waited", "global.unavailable"];
        assert_eq!(counts.map(stat), [1, 1, 1, 5], "{mode}");
    }
}

#[test]
fn what_another_quota_refuses_goes_back_to_the_lease() {
    let mut env = SimEnvironment::seeded(1);
    let config = r#"{"quotas": [
        {"name": "leased", "maxAmount": 4, "validDuration": "60s", "algorithm": "FIXED_WINDOW", "workerLease": {"amount": 4, "ttl": "30s"}},
        {"name": "other", "maxAmount": 1, "validDuration": "60s", "match": [{"uri": {"exact": "/other"}}]}]}"#;
    let quota = filter(config, &mut env);
    let other = [(":path", "/other")];
    let asked: Vec<Option<u16>> = (0..6).map(|_| ask(&quota, &other, &mut env)).collect();
    assert_eq!(asked[0], None);
    assert!(asked[1..].iter().all(|status| *status == Some(429)));
    assert_eq!(admitted(&quota, 5, &mut env), 3);
    assert_eq!(env.metrics.value("leased"), Some(3));
}

#[test]
fn the_keys_that_are_refused_most_are_told_to_whom_it_may_concern() {
    let mut env = SimEnvironment::seeded(1);
    let config = r#"{"topKeys": {"size": 2, "match": [{"headers": {"x-admin": {"exact": "secret"}}}]},
        "quotas": [{"name": "q", "maxAmount": 1, "validDuration": "60s", "dimensions": {"who": "request.headers[\"x-who\"]"}}]}"#;
    let quota = filter(config, &mut env);
    for (who, times) in [("a\"b", 3), ("bob", 5)] {
        for _ in 0..times {
            ask(&quota, &[("x-who", who)], &mut env);
        }
    }
    let bytes = encode_pairs([("x-admin", "secret")]);
    let request = RequestHead::new(HeaderPairs::parse(&bytes));
    let decision = quota.on_request_headers(&mut QuotaStream::default(), &request, &mut env);
    let Verdict::Reply(reply) = decision.verdict else { panic!("it went upstream") };
    assert_eq!(
        String::from_utf8_lossy(reply.body()),
        r#"{"topKeys":[{"quota":"q","key":"who=bob","refused":4},{"quota":"q","key":"who=a?b","refused":2}]}"#
    );
    assert_eq!(ask(&quota, &[("x-admin", "wrong")], &mut env), None);
}

/// A lease is booked at its end, so one that is longer than the bucket takes to fill could never be had.
#[test]
fn a_lease_is_no_longer_than_its_bucket_bears() {
    let config = |amount: u32| {
        format!(
            r#"{{"quotas": [{{"name": "q", "maxAmount": 1000, "validDuration": "1s", "burst": 100,
            "workerLease": {{"amount": {amount}, "ttl": "60s"}}}}]}}"#
        )
    };
    let mut env = SimEnvironment::seeded(1);
    let leasing = filter(&config(20), &mut env);
    assert_eq!(admitted(&leasing, 40, &mut env), 40);
    assert_eq!(env.metrics.value("leased"), Some(38));
    // One of the whole bucket would be lost at once, so there is none.
    let mut env = SimEnvironment::seeded(1);
    let alone = filter(&config(100), &mut env);
    assert_eq!(admitted(&alone, 200, &mut env), 100);
    assert_eq!(env.metrics.value("leased"), Some(0));
}

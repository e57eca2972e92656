//! Under load over two workers: never more than the limit, with one key and with a hundred thousand.

use crate::{FILTER, Served, quiet};
use anyhow::{Context as _, Result};
use envoy_runner::{Bootstrap, Listener, Load, LoadReport, Request, Route};
use integration::fixtures::{self, INGRESS};
use serde_json::{Value, json};
use std::time::Duration;

const CONNECTIONS: usize = 16;

fn load(served: &Served, each: usize, keys: usize) -> Result<LoadReport> {
    let load = Load {
        connections: CONNECTIONS,
        requests_per_connection: each,
        timeout: Duration::from_secs(20),
    };
    load.run(served.addr()?, |number| {
        Request::get("/").header("x-key", (number % keys).to_string())
    })
}

fn quota(algorithm: &str, amount: u64, period: &str, more: &Value) -> Value {
    let mut quota = json!({
        "name": "q", "algorithm": algorithm, "maxAmount": amount, "validDuration": period,
        "dimensions": {"key": "request.headers[\"x-key\"]"},
    });
    envoy_runner::merge(&mut quota, more.clone());
    json!({"quotas": [quota]})
}

#[test]
fn one_key_on_two_workers_never_gets_more() -> Result<()> {
    const EACH: usize = 2_000;
    let _alone = quiet();
    let lease = json!({"workerLease": {"amount": 20, "ttl": "50ms"}});
    for (name, config, seconds, amount, burst) in [
        ("ROLLING_WINDOW", quota("ROLLING_WINDOW", 2_000, "1s", &json!({})), 1.0, 2_000, 0),
        ("FIXED_WINDOW", quota("FIXED_WINDOW", 2_000, "1h", &json!({})), 3_600.0, 2_000, 0),
        ("GCRA", quota("GCRA", 2_000, "1s", &json!({"burst": 100})), 1.0, 2_000, 100),
        (
            "GCRA, leases of 20",
            quota("GCRA", 2_000, "1s", &json!({"burst": 200, "workerLease": lease["workerLease"]})),
            1.0,
            2_000,
            200,
        ),
    ] {
        let served = Served::new(&config, 2)?;
        let report = load(&served, EACH, 1)?;
        assert!(report.failures.is_empty(), "{:?}", report.failures);
        let (admitted, refused) = (report.count(200), report.count(429));
        let periods = report.elapsed.as_secs_f64() / seconds;
        let amount = f64::from(amount);
        let bound = match burst {
            0 => amount * (periods.floor() + 1.0),
            burst => f64::from(burst) + amount * periods,
        };
        let retries = served.stat("store_retries")?;
        println!(
            "{name}, one key: {admitted} admitted, bound {bound:.0}, {refused} refused in {:?}; \
             {}, {} requests given up",
            report.elapsed,
            lost(retries, admitted)?,
            served.stat("store_failed")?
        );
        assert!(f64::from(u32::try_from(admitted)?) <= bound, "{admitted} of {bound}");
        assert_eq!(admitted + refused, CONNECTIONS * EACH);
        assert_eq!(served.upstream.count(), admitted);
        assert_eq!(served.stat("quota.q.ok")?, u64::try_from(admitted)?);
        served.finish()?;
    }
    Ok(())
}

#[test]
fn a_hundred_thousand_keys_each_get_what_is_theirs() -> Result<()> {
    const KEYS: usize = 100_000;
    // Three rounds for each key, of which two are admitted.
    const EACH: usize = 3 * KEYS / CONNECTIONS;
    let _alone = quiet();
    let served = Served::new(&quota("FIXED_WINDOW", 2, "1h", &json!({})), 2)?;
    let before = memory(&served)?;
    let report = load(&served, EACH, KEYS)?;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    let per_second = f64::from(u32::try_from(report.total())?) / report.elapsed.as_secs_f64();
    println!(
        "{KEYS} keys: {} admitted of {}, {} refused, {per_second:.0} a second, p50 {:?}, p99 {:?}; \
         {}; heap grew by {} bytes a key",
        report.count(200),
        2 * KEYS,
        report.count(429),
        report.percentile(50),
        report.percentile(99),
        lost(served.stat("store_retries")?, report.count(200))?,
        memory(&served)?.saturating_sub(before) / u64::try_from(KEYS)?,
    );
    assert_eq!(report.count(200), 2 * KEYS);
    assert_eq!(report.count(429), KEYS);
    assert_eq!(served.stat("quota.q.store_full")?, 0);
    served.finish()
}

/// Of so many compare-and-sets that succeeded, one for each request that was admitted without a lease.
fn lost(retries: u64, admitted: usize) -> Result<String> {
    let of_hundred =
        100.0 * f64::from(u32::try_from(retries)?) / f64::from(u32::try_from(admitted)?);
    Ok(format!("{retries} compare-and-sets lost of {admitted} ({of_hundred:.2} %)"))
}

/// Envoy answers by itself, so that all it does is the request and the decision: CPU time of its process.
#[test]
fn what_a_decision_costs_on_two_workers() -> Result<()> {
    let _alone = quiet();
    let plenty = |more: Value| quota("GCRA", 1_000_000, "1s", &more);
    let lease = json!({"workerLease": {"amount": 20, "ttl": "50ms"}});
    let without = cpu(None, 1)?;
    println!("without the filter: {without:.1} us of CPU a request");
    for (name, config, keys) in [
        ("no quota concerns it", plenty(json!({"match": [{"uri": {"exact": "/no"}}]})), 1),
        ("one key, leases of 20", plenty(lease), 1),
        ("one key", plenty(json!({})), 1),
        ("100,000 keys", plenty(json!({})), 100_000),
        ("one key, refused", quota("FIXED_WINDOW", 0, "1h", &json!({})), 1),
    ] {
        let with = cpu(Some(&config), keys)?;
        println!(
            "{name}: {with:.1} us of CPU a request, {:.1} us for the decision",
            with - without
        );
    }
    Ok(())
}

/// Microseconds of Envoy's CPU time per request.
fn cpu(config: Option<&Value>, keys: usize) -> Result<f64> {
    const EACH: usize = 3_000;
    let listener = Listener::new(INGRESS).route(Route::direct_response("/", 200, "answer"));
    let listener = match config {
        Some(config) => listener.filter(fixtures::plugin(FILTER, config)?),
        None => listener,
    };
    let mut envoy = fixtures::start(&Bootstrap::new().listener(listener), 2)?;
    let load = Load {
        connections: CONNECTIONS,
        requests_per_connection: EACH,
        timeout: Duration::from_secs(20),
    };
    let before = ticks(envoy.id())?;
    let report = load.run(envoy.addr(INGRESS)?, |number| {
        Request::get("/").header("x-key", (number % keys).to_string())
    })?;
    // A tick is a hundredth of a second.
    let used = (ticks(envoy.id())? - before) * 10_000;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    fixtures::unharmed(&mut envoy)?;
    Ok(f64::from(u32::try_from(used)?) / f64::from(u32::try_from(CONNECTIONS * EACH)?))
}

/// CPU time of a process, its own and the kernel's for it (proc(5)).
fn ticks(process: u32) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("no such process")?;
    let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(times.sum::<Result<u64, _>>()?)
}

/// Bytes that Envoy has allocated.
fn memory(served: &Served) -> Result<u64> {
    served.envoy.stat("server.memory_allocated")
}

//! Under load over two workers: never more than the limit, with one key and with a hundred thousand.

use crate::{Served, quiet};
use anyhow::Result;
use envoy_runner::{Load, LoadReport, Request};
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
             {retries} compare-and-sets lost of {}, {} requests given up",
            report.elapsed,
            admitted,
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
         {} compare-and-sets lost; heap grew by {} bytes a key",
        report.count(200),
        2 * KEYS,
        report.count(429),
        report.percentile(50),
        report.percentile(99),
        served.stat("store_retries")?,
        memory(&served)?.saturating_sub(before) / u64::try_from(KEYS)?,
    );
    assert_eq!(report.count(200), 2 * KEYS);
    assert_eq!(report.count(429), KEYS);
    assert_eq!(served.stat("quota.q.store_full")?, 0);
    served.finish()
}

/// Bytes that Envoy has allocated.
fn memory(served: &Served) -> Result<u64> {
    served.envoy.stat("server.memory_allocated")
}

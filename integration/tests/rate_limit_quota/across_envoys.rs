//! Two Envoys, the real rate-limit service and Redis.

use crate::{FILTER, quiet, stat};
use anyhow::{Context as _, Result};
use envoy_runner::{
    Cluster, EnvoyProcess, HttpFilter, Listener, Load, LoadReport, Reply, Request, Route, Upstream,
};
use integration::fixtures::{self, INGRESS};
use real_parts::{RateLimit, Redis, available};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

const DOMAIN: &str = "ballast";
/// The service wants its domain to be there; our limits travel with the questions.
const RULES: &str = "domain: ballast\ndescriptors:\n- key: native\n  rate_limit: {unit: minute, requests_per_unit: 3000}\n";
const LIMIT: u64 = 3_000;

struct World {
    redis: Redis,
    service: RateLimit,
    upstream: Upstream,
}

impl World {
    fn start() -> Result<Option<Self>> {
        let Some(redis) = available(Redis::start())? else { return Ok(None) };
        let service = RateLimit::start(&[("ballast.yaml", RULES)], redis.addr());
        let Some(service) = available(service)? else { return Ok(None) };
        let upstream = Upstream::start(|_| Reply::ok("answer"))?;
        Ok(Some(Self { redis, service, upstream }))
    }

    fn envoy(&self, listener: Listener) -> Result<EnvoyProcess> {
        let limiter = Cluster::new("ratelimit", self.service.grpc_addr()).http2();
        let bootstrap = fixtures::in_front_of(&self.upstream, [listener]).cluster(limiter);
        fixtures::start(&bootstrap, 2)
    }

    fn ours(&self, on_unavailable: &str, timeout: &str) -> Result<EnvoyProcess> {
        self.leasing(on_unavailable, timeout, LIMIT, &json!({}))
    }

    fn leasing(
        &self,
        on_unavailable: &str,
        timeout: &str,
        limit: u64,
        lease: &Value,
    ) -> Result<EnvoyProcess> {
        let quota =
            json!({"name": "shared", "maxAmount": limit, "validDuration": "1m", "global": true});
        let config = json!({
            "global": {
                "service": {"cluster": "ratelimit", "domain": DOMAIN, "timeout": timeout},
                "onUnavailable": on_unavailable, "replicas": 2, "lease": lease,
            },
            "quotas": [quota],
        });
        self.envoy(fixtures::ingress().filter(fixtures::plugin(FILTER, &config)?))
    }

    /// Envoy's own filter, which asks for each request.
    fn native(&self) -> Result<EnvoyProcess> {
        let filter = HttpFilter::from_yaml(
            r#"
name: envoy.filters.http.ratelimit
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit
  domain: ballast
  timeout: 2s
  rate_limit_service:
    transport_api_version: V3
    grpc_service: {envoy_grpc: {cluster_name: ratelimit}}
"#,
        )?;
        let action = json!({"generic_key": {"descriptor_key": "native", "descriptor_value": "x"}});
        let route = Route::cluster("/", "upstream");
        let route = route.merge(json!({"route": {"rate_limits": [{"actions": [action]}]}}));
        self.envoy(Listener::new(INGRESS).filter(filter).route(route))
    }
}

/// The same load on two Envoys as they are, with the filter of Envoy's own, and with ours: what is added.
struct Compared {
    plain: Latencies,
    native: Latencies,
}

/// The greater of two Envoys' percentiles.
#[derive(Clone, Copy, Debug)]
struct Latencies {
    p50: Duration,
    p99: Duration,
}

impl Latencies {
    fn of(reports: &[LoadReport]) -> Self {
        let greatest = |percent| {
            let all = reports.iter().map(|report| report.percentile(percent));
            all.max().unwrap_or_default()
        };
        Self { p50: greatest(50), p99: greatest(99) }
    }

    /// What it is more than `plain`.
    fn beyond(self, plain: Self) -> String {
        let Self { p50, p99 } = self;
        let more = [p50.saturating_sub(plain.p50), p99.saturating_sub(plain.p99)];
        let [p50_more, p99_more] = more;
        format!("p50 {p50:?} ({p50_more:?} added), p99 {p99:?} ({p99_more:?} added)")
    }
}

impl Compared {
    fn run(world: &World, each: usize) -> Result<Self> {
        let plain = || world.envoy(fixtures::ingress());
        let reports = on_two(&plain()?, &plain()?, each)?;
        assert!(reports.iter().all(|report| report.count(200) == report.total()));
        let plain = Latencies::of(&reports);
        let reports = on_two(&world.native()?, &world.native()?, each)?;
        assert!(reports.iter().all(|report| report.failures.is_empty()));
        let native = Latencies::of(&reports);
        let admitted: usize = reports.iter().map(|report| report.count(200)).sum();
        let total: usize = reports.iter().map(LoadReport::total).sum();
        println!("without a filter: {plain:?}");
        println!(
            "Envoy's own filter, a call each: {admitted} of {total} admitted, {}",
            native.beyond(plain)
        );
        Ok(Self { plain, native })
    }
}

fn on_two(one: &EnvoyProcess, two: &EnvoyProcess, each: usize) -> Result<Vec<LoadReport>> {
    load(&[one.addr(INGRESS)?, two.addr(INGRESS)?], each)
}

/// Waits until a window has just begun, so that a test stays within one.
fn new_minute() -> Result<()> {
    let now = std::time::UNIX_EPOCH.elapsed()?;
    let left = 60_000 - u64::try_from(now.as_millis() % 60_000)?;
    if left < 45_000 {
        thread::sleep(Duration::from_millis(left + 50));
    }
    Ok(())
}

fn load(addrs: &[SocketAddr], each: usize) -> Result<Vec<LoadReport>> {
    thread::scope(|scope| {
        let threads: Vec<_> = addrs
            .iter()
            .map(|addr| {
                let load = Load {
                    connections: 4,
                    requests_per_connection: each,
                    timeout: Duration::from_secs(5),
                };
                scope.spawn(move || load.run(*addr, |_| Request::get("/")))
            })
            .collect();
        let reports = threads.into_iter().map(|thread| thread.join().ok().context("a panic")?);
        reports.collect()
    })
}

#[test]
fn two_envoys_share_one_quota() -> Result<()> {
    let _alone = quiet();
    let Some(world) = World::start()? else { return Ok(()) };
    let compared = Compared::run(&world, 1_000)?;
    let (one, two) = (world.ours("DENY", "2s")?, world.ours("DENY", "2s")?);
    new_minute()?;
    let reports = on_two(&one, &two, 1_000)?;
    let admitted: usize = reports.iter().map(|report| report.count(200)).sum();
    let total: usize = reports.iter().map(LoadReport::total).sum();
    let sum = |name: &str| Ok::<u64, anyhow::Error>(stat(&one, name)? + stat(&two, name)?);
    let (calls, granted) = (sum("global.calls")?, sum("global.granted")?);
    println!(
        "two Envoys, limit {LIMIT} a minute: {admitted} of {total} admitted, {granted} units given out, \
         {calls} calls, {} requests waited, {} decided without the service; {}",
        sum("global.waited")?,
        sum("global.unavailable")?,
        Latencies::of(&reports).beyond(compared.plain),
    );
    assert!(reports.iter().all(|report| report.failures.is_empty()));
    assert!(u64::try_from(admitted)? <= LIMIT);
    assert!(u64::try_from(admitted)? * 100 >= LIMIT * 90, "hardly anything was lost");
    assert!(calls * 20 <= u64::try_from(total)?, "{calls} calls");
    Ok(())
}

/// The second lease is what one has who says nothing; the later in its window, the less is known of it.
#[test]
fn a_lease_is_one_call_for_a_hundred_requests_and_more() -> Result<()> {
    const PLENTY: u64 = 1_000_000;
    let _alone = quiet();
    let Some(world) = World::start()? else { return Ok(()) };
    let compared = Compared::run(&world, 2_500)?;
    for lease in [json!({"min": 200}), json!({})] {
        let envoy = || world.leasing("DENY", "2s", PLENTY, &lease);
        let (one, two) = (envoy()?, envoy()?);
        let reports = on_two(&one, &two, 2_500)?;
        let admitted: usize = reports.iter().map(|report| report.count(200)).sum();
        let total: usize = reports.iter().map(LoadReport::total).sum();
        let calls = stat(&one, "global.calls")? + stat(&two, "global.calls")?;
        let latencies = Latencies::of(&reports);
        println!(
            "lease {lease}: {calls} calls for {total} requests of two Envoys in {:?}; {}",
            reports[0].elapsed,
            latencies.beyond(compared.plain),
        );
        assert!(reports.iter().all(|report| report.failures.is_empty()));
        assert_eq!(admitted, total);
        assert!(calls * 100 <= u64::try_from(total)?, "{calls} calls");
        assert!(latencies.p50 < compared.native.p50, "a lease spares the wait for the service");
    }
    Ok(())
}

#[test]
fn without_redis_or_the_service_nothing_hangs() -> Result<()> {
    let _alone = quiet();
    let Some(mut world) = World::start()? else { return Ok(()) };
    for (mode, status) in [("ALLOW", 200), ("DENY", 429), ("LOCAL_SHARE", 200)] {
        let mut envoy = world.ours(mode, "50ms")?;
        let addr = [envoy.addr(INGRESS)?];
        let all = |reports: &[LoadReport], status| reports[0].count(status) == reports[0].total();
        assert!(all(&load(&addr, 10)?, 200), "{mode}: with the service");
        for part in ["redis", "service"] {
            if part == "redis" {
                world.redis.stop()
            } else {
                world.service.stop()
            }
            // What was taken ahead is used up first. Of its share of 1500 a minute all of this is not much.
            let reports = load(&addr, 100)?;
            let reports = if status == 429 { load(&addr, 20)? } else { reports };
            println!(
                "{mode}, without {part}: {:?} in {:?}, p99 {:?}",
                reports[0].statuses,
                reports[0].elapsed,
                reports[0].percentile(99)
            );
            assert!(reports[0].failures.is_empty(), "{:?}", reports[0].failures);
            // A worker may still have had units: at most a lease of a hundredth of the limit each.
            let (met, sent) = (reports[0].count(status), reports[0].total());
            assert!(met + 60 >= sent, "{mode} without {part}: {:?}", reports[0].statuses);
            assert_eq!(reports[0].count(200) + reports[0].count(429), sent, "{mode}");
            assert!(reports[0].percentile(99) < Duration::from_secs(1));
            if part == "redis" {
                world.redis.start_again()?
            } else {
                world.service.start_again()?
            }
        }
        // Left alone for half a second after a failure, then asked again.
        thread::sleep(Duration::from_millis(1_500));
        let granted = stat(&envoy, "global.granted")?;
        load(&addr, 500)?;
        let again = stat(&envoy, "global.granted")?;
        println!("{mode}, after both are back: {} units given out", again - granted);
        assert!(
            again - granted <= 2_000 + 2 * LIMIT / 50,
            "more is held in store than two leases a worker"
        );
        assert!(again > granted || mode == "ALLOW", "{mode}: the service is asked again");
        fixtures::unharmed(&mut envoy)?;
    }
    Ok(())
}

//! Ids that the workers of a real Envoy make: each has a VM, and each VM a seed of its own.

use crate::filter;
use anyhow::{Result, ensure};
use envoy_runner::{Load, Reply, Request, Upstream};
use integration::fixtures::{self, INGRESS};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const REQUESTS: usize = 4000;
/// How far the clocks of a test and of an Envoy that it started may be apart.
const PATIENCE: u64 = 60;

/// Seconds since the epoch: what X-Ray's ids begin with.
#[allow(
    clippy::disallowed_methods,
    reason = "the clock of the Envoy that is asked is the system's"
)]
fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

#[test]
fn ids_are_never_zero_and_no_two_workers_make_the_same() -> Result<()> {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let journal = Arc::clone(&seen);
    let upstream = Upstream::start(move |received| {
        let parent = String::from_utf8_lossy(received.header("traceparent").unwrap_or_default());
        journal.lock().unwrap_or_else(PoisonError::into_inner).push(parent.into_owned());
        Reply::ok("upstream")
    })?;
    // X-Ray's ids begin with the time, which all workers share.
    let config = json!({"inject": ["tracecontext", "xray"]});
    let listener = fixtures::ingress().without_access_log().filter(filter(INGRESS, &config)?);
    let mut envoy = fixtures::start(&fixtures::in_front_of(&upstream, [listener]), 2)?;
    let load = Load {
        connections: 8,
        requests_per_connection: REQUESTS / 8,
        timeout: Duration::from_secs(30),
    };
    let before = now()?;
    let report = load.run(envoy.addr(INGRESS)?, |_| Request::get("/"))?;
    ensure!(report.failures.is_empty(), "{:?}", report.failures);

    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (mut randoms, mut spans) = (BTreeSet::new(), BTreeSet::new());
    for parent in &seen {
        let fields: Vec<&str> = parent.split('-').collect();
        let ["00", trace, span, "03"] = fields.as_slice() else {
            anyhow::bail!("not sampled and random: {parent}");
        };
        let (time, random) = trace.split_at_checked(8).unwrap_or_default();
        let time = u64::from_str_radix(time, 16)?;
        ensure!((before..before + PATIENCE).contains(&time), "{time} is not now: {before}");
        ensure!(random.len() == 24 && random.bytes().any(|digit| digit != b'0'), "{parent}");
        ensure!(span.len() == 16 && span.bytes().any(|digit| digit != b'0'), "{parent}");
        randoms.insert(random);
        spans.insert(*span);
    }
    println!("{} requests: {} traces, {} spans", seen.len(), randoms.len(), spans.len());
    assert_eq!((seen.len(), randoms.len(), spans.len()), (REQUESTS, REQUESTS, REQUESTS));
    fixtures::unharmed(&mut envoy)
}

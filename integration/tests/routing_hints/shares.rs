//! As many users as the weight says, always the same, and only more of them when it rises.

use crate::{Served, V1, V2, canary, of_user, quiet};
use anyhow::Result;
use envoy_runner::Load;
use integration::fixtures::binomial_bounds;
use std::collections::BTreeSet;
use std::time::Duration;

const USERS: usize = 4000;
const CONNECTIONS: usize = 8;
/// Each user comes twice, over another connection and most often another worker.
const EACH: usize = 2 * USERS / CONNECTIONS;

#[test]
fn the_weight_is_met_sticky_over_workers_and_rising_only_adds_users() -> Result<()> {
    let _alone = quiet();
    let mut earlier: BTreeSet<Vec<u8>> = BTreeSet::new();
    for percent in [1.0, 10.0, 50.0, 90.0] {
        let served = Served::by_header(&canary(percent), 2)?;
        let load = Load {
            connections: CONNECTIONS,
            requests_per_connection: EACH,
            timeout: Duration::from_secs(10),
        };
        // The number counts within a connection's own share; users of both halves meet elsewhere.
        let report = load.run(served.addr()?, |number| of_user((number * 7919) % USERS))?;
        assert!(report.failures.is_empty(), "{:?}", report.failures);
        assert_eq!(report.count(V1) + report.count(V2), CONNECTIONS * EACH);

        let (v1, v2) = (served.versions.v1.users(), served.versions.v2.users());
        let both = v1.intersection(&v2).count();
        let bounds = binomial_bounds(u32::try_from(USERS)?, percent);
        println!(
            "canary {percent} %: {} of {} users on v2, 99.9 % bounds {:.0} to {:.0}, {both} on both, \
             {} requests in {:?}",
            v2.len(),
            v1.len() + v2.len(),
            bounds.start(),
            bounds.end(),
            report.total(),
            report.elapsed,
        );
        assert_eq!(v1.len() + v2.len(), USERS);
        assert_eq!(both, 0, "users saw both versions");
        assert!(bounds.contains(&f64::from(u32::try_from(v2.len())?)), "{}", v2.len());
        assert!(earlier.is_subset(&v2), "users left the canary when its weight rose");
        let assigned = served.stat("variant.canary.v2.assigned")?;
        assert_eq!(assigned, u64::try_from(report.count(V2))?);
        served.finish()?;
        earlier = v2;
    }
    Ok(())
}

//! Sticky weights that stay Envoy's: `weighted_clusters.header_name`.

use crate::{FILTER, Served, V1, V2, of_user};
use anyhow::Result;
use envoy_runner::{Client, Listener, Route};
use integration::fixtures::{self, INGRESS, binomial_bounds};
use serde_json::json;
use std::collections::BTreeSet;

const USERS: usize = 2000;

/// Envoy gives v2 so many percent; the canary is the first cluster.
fn listener(percent: u32) -> Result<Listener> {
    let config = json!({"rules": [{"name": "bucket", "split": {
        "key": "request.headers[\"end-user\"]", "salt": "reviews-v2", "bucketHeader": "x-bucket",
    }}]});
    let route = format!(
        "{{match: {{prefix: /}}, route: {{weighted_clusters: {{header_name: x-bucket, clusters: \
         [{{name: v2, weight: {percent}}}, {{name: v1, weight: {}}}]}}}}}}",
        100 - percent
    );
    let listener = Listener::new(INGRESS).filter(fixtures::plugin(FILTER, &config)?);
    Ok(listener.route(Route::from_yaml(&route)?))
}

#[test]
fn envoys_own_weights_become_sticky_and_rising_only_adds_users() -> Result<()> {
    let mut earlier: BTreeSet<Vec<u8>> = BTreeSet::new();
    for percent in [10, 50] {
        let served = Served::new([listener(percent)?], 2)?;
        for _ in 0..2 {
            let mut client = Client::connect(served.addr()?)?;
            for user in 0..USERS {
                // What a client writes there does not count.
                let answer = client.send(&of_user(user).header("x-bucket", "0"));
                assert!(matches!(answer.status, Some(V1 | V2)), "{answer:?}");
            }
        }
        let (v1, v2) = (served.versions.v1.users(), served.versions.v2.users());
        let bounds = binomial_bounds(u32::try_from(USERS)?, f64::from(percent));
        println!(
            "weighted_clusters, v2 {percent} %: {} of {USERS} users, 99.9 % bounds {:.0} to {:.0}",
            v2.len(),
            bounds.start(),
            bounds.end(),
        );
        assert!(v1.is_disjoint(&v2) && v1.len() + v2.len() == USERS);
        assert!(bounds.contains(&f64::from(u32::try_from(v2.len())?)), "{}", v2.len());
        assert!(earlier.is_subset(&v2), "users left the canary when its weight rose");
        assert_eq!(served.stat("hints_removed")?, u64::try_from(2 * USERS)?);
        served.finish()?;
        earlier = v2;
    }
    Ok(())
}

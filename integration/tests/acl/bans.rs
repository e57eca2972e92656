//! Bans hold on all workers.

use crate::Served;
use anyhow::Result;
use envoy_runner::{Client, Load, Request};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_ban_begins_once_and_holds_on_every_worker() -> Result<()> {
    let config = json!({
        "rules": [{"name": "admin", "action": "DENY", "to": [{"operation": {"paths": ["/admin"]}}]}],
        "bans": [{
            "name": "noisy", "key": "request.headers[x-key]",
            "denials": 20, "within": "60s", "duration": "60s",
        }],
    });
    let served = Served::new(&config, 2, |bootstrap| bootstrap)?;
    let load =
        Load { connections: 8, requests_per_connection: 50, timeout: Duration::from_secs(20) };
    let report = load.run(served.addr()?, |_| Request::get("/admin").header("x-key", "a"))?;
    assert_eq!(report.count(403), 400, "{:?}", report.failures);
    let (denied, banned) = (served.stat("rule.admin.denied")?, served.stat("ban.noisy.denied")?);
    let (begun, conflicts) =
        (served.stat("ban.noisy.begun")?, served.stat("shared_data_conflicts")?);
    println!(
        "bans: 400 refusals on 2 workers: {denied} by the rule, {banned} by the ban, {begun} begun, {conflicts} conflicts"
    );
    assert_eq!((denied + banned, begun), (400, 1));
    // Requests that were under way when the ban began, and updates that were given up.
    assert!(denied >= 20 && denied <= 20 + 8 + conflicts, "{denied}");

    // Every connection is of some worker: all of them know.
    for _ in 0..16 {
        let answer = Client::once(served.addr()?, &Request::get("/").header("x-key", "a"))?;
        assert_eq!(answer.text(), "PERMISSION_DENIED:noisy.denier.default:Too many denials");
        let other = Client::once(served.addr()?, &Request::get("/").header("x-key", "b"))?;
        assert_eq!(other.status, Some(200));
    }
    served.finish()
}

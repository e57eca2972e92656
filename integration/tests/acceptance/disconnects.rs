//! A client that leaves during a delay frees everything.

use crate::Served;
use anyhow::Result;
use envoy_runner::{Client, Request};
use serde_json::json;
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(5);
const CLIENTS: u64 = 10;

#[test]
fn clients_that_leave_free_what_they_held() -> Result<()> {
    let rules = json!([{
        "name": "r",
        "match": [{"uri": {"exact": "/slow"}}],
        "fault": {"delay": {"fixedDelay": "30s", "percent": 100}},
    }]);
    let served = Served::rules(&rules, 2)?;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = Client::connect(served.addr()?)?;
        assert!(client.write(&Request::get("/slow")).is_ok());
        clients.push(client);
    }
    let gauge = "wasmcustom.fault_injection.active_faults";
    served.envoy.wait_for_stat(gauge, CLIENTS, PATIENCE)?;
    let since = Instant::now();
    drop(clients);
    while served.stat("active_faults")? != 0 {
        assert!(since.elapsed() < PATIENCE, "{} still active", served.stat("active_faults")?);
        thread::yield_now();
    }
    println!("{CLIENTS} clients left: the gauge was 0 after {:?}", since.elapsed());
    let log = served.envoy.wait_for_access_log(usize::try_from(CLIENTS)?, PATIENCE)?;
    for entry in &log {
        assert_eq!(entry.text("flags"), Some("DC"));
        assert_eq!(entry.text("details"), Some("downstream_remote_disconnect"));
        assert_eq!(entry.text("fault_injection"), Some("r.delay"));
    }
    assert_eq!(Client::once(served.addr()?, &Request::get("/"))?.status, Some(200));
    assert_eq!(served.upstream.count(), 1, "no request of those that left was sent on");
    served.finish()
}

//! What is carried along is there where it is wanted, if that is three services further on.

use crate::chain;
use crate::expected::{request, request_id_alone};
use crate::mesh::Mesh;
use anyhow::Result;
use envoy_runner::{Client, Received};
use integration::fixtures;
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};

const SERVICES: [&str; 4] = ["gateway", "customer", "preference", "recommendation"];
const REQUESTS: u64 = 6;

/// What the application of the last service was given: its user, and the route that a rule chose.
type Seen = Arc<Mutex<Vec<(String, Option<String>)>>>;

fn text(received: &Received, name: &str) -> Option<String> {
    received.header(name).map(|value| String::from_utf8_lossy(value).into_owned())
}

#[test]
fn routing_hints_act_at_the_fourth_hop_on_a_user_whom_no_application_forwards() -> Result<()> {
    let rule = |name: &str, header: &str, value: &str| {
        json!({"name": name, "match": [{"headers": {header: {"exact": value}}}],
               "set": {"headers": {"x-route": name}}})
    };
    let rules = [rule("by-user", "end-user", "user-3"), rule("by-agent", "user-agent", "Safari/4")];
    let hints = fixtures::plugin("routing_hints", &json!({"rules": rules}))?;
    let sidecar = move |name| {
        let mut sidecar = chain::sidecar();
        if SERVICES.last() == Some(&name) {
            sidecar.behind.push(hints.clone());
        }
        sidecar
    };
    let seen: Seen = Arc::default();
    let journal = Arc::clone(&seen);
    let see = move |service: &'static str, received: &Received| {
        if SERVICES.last() == Some(&service) {
            let user = text(received, "end-user").unwrap_or_default();
            let route = text(received, "x-route");
            journal.lock().unwrap_or_else(PoisonError::into_inner).push((user, route));
        }
    };
    let mesh = Mesh::start(&SERVICES, sidecar, see, request_id_alone)?;
    let mut client = Client::connect(mesh.entry()?)?;
    for n in 0..REQUESTS {
        assert_eq!(client.send(&request(n)).status, Some(200));
    }
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    println!("at the fourth hop: {seen:?}");
    let expected: Vec<_> = (0..REQUESTS)
        .map(|n| {
            let route = match n {
                3 => Some("by-user".to_owned()),
                4 => Some("by-agent".to_owned()),
                _ => None,
            };
            (format!("user-{n}"), route)
        })
        .collect();
    assert_eq!(seen, expected);
    mesh.finish()
}

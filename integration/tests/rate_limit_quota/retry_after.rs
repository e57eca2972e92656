//! A client that waits as long as it is told is admitted.

use crate::Served;
use anyhow::{Context as _, Result};
use envoy_runner::{Client, Request};
use serde_json::json;
use std::thread;
use std::time::Duration;

const CLIENTS: usize = 200;

/// Two hundred clients, each with a key of its own, are refused at different times within their
/// windows, wait as told, and ask again.
#[test]
fn two_hundred_of_two_hundred_are_admitted_after_retry_after() -> Result<()> {
    let quota = |name: &str, algorithm: &str| {
        json!({
            "name": name, "algorithm": algorithm, "maxAmount": 2, "validDuration": "2s",
            "match": [{"uri": {"exact": format!("/{name}")}}],
            "dimensions": {"client": "request.headers[\"x-client\"]"},
        })
    };
    let quotas =
        [quota("gcra", "GCRA"), quota("fixed", "FIXED_WINDOW"), quota("rolling", "ROLLING_WINDOW")];
    let served = Served::new(&json!({"quotas": quotas}), 2)?;
    let addr = served.addr()?;
    let waits: Vec<Result<u64>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let path = ["/gcra", "/fixed", "/rolling"][client % 3];
                scope.spawn(move || one_client(addr, client, path))
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap_or_else(|_| Ok(0))).collect()
    });
    let waits: Vec<u64> = waits.into_iter().collect::<Result<_>>()?;
    let (ones, twos) = (
        waits.iter().filter(|wait| **wait == 1).count(),
        waits.iter().filter(|wait| **wait == 2).count(),
    );
    println!("Retry-After: {CLIENTS} of {CLIENTS} admitted, {ones} were told 1 s, {twos} 2 s");
    assert_eq!(ones + twos, CLIENTS);
    served.finish()
}

/// Uses its quota up, is refused, waits as told, and is admitted. Gives the seconds it waited.
fn one_client(addr: std::net::SocketAddr, client: usize, path: &str) -> Result<u64> {
    let name = client.to_string();
    let request = || Request::get(path).header("x-client", &name);
    let mut connection = Client::connect(addr)?;
    for _ in 0..2 {
        anyhow::ensure!(connection.send(&request()).status == Some(200), "its first units");
        thread::sleep(Duration::from_millis(u64::try_from(client)? % 7 * 40));
    }
    let refused = connection.send(&request());
    if refused.status == Some(200) {
        // A unit came back meanwhile: it is used up again.
        return one_client(addr, client + CLIENTS * 3, path);
    }
    let wait = refused.header("retry-after").context("no Retry-After")?;
    let wait: u64 = std::str::from_utf8(wait)?.parse()?;
    thread::sleep(Duration::from_secs(wait));
    let status = connection.send(&request()).status;
    anyhow::ensure!(status == Some(200), "client {client} on {path} waited {wait} s: {status:?}");
    Ok(wait)
}

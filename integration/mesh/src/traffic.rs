//! Requests of all kinds: most pass, the others meet a filter.

use anyhow::Result;
use envoy_runner::{LoadReport, Paced, Request};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::progress::Progress;

/// What a mesh on a laptop answers beside other work.
const LOAD: Paced = Paced { connections: 4, per_second: 50, timeout: Duration::from_secs(30) };
/// Different users.
const USERS: usize = 1000;
/// How often the line that says how long it goes on is renewed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Nine in ten pass; the others meet a filter.
#[must_use]
pub fn request(number: usize) -> Request {
    let path = match number % 50 {
        0 => "/admin",
        1 | 2 => "/scarce",
        3 => "/flaky",
        4 => "/slow",
        6 => "/shared",
        _ => "/anything",
    };
    let request = Request::get(path)
        .header("end-user", format!("user-{}", number % USERS))
        .header("user-agent", if number % 50 == 5 { "evil-bot/1.0" } else { "browser" })
        .header("x-b3-traceid", format!("{:032x}", number + 1))
        .header("x-b3-spanid", format!("{:016x}", number + 1))
        .header("x-b3-sampled", "1");
    if number.is_multiple_of(7) { request.header("x-route", "v2") } else { request }
}

/// Sends them to a gateway for this long.
///
/// # Errors
/// Nobody listens there.
pub fn traffic(
    gateway: SocketAddr,
    length: Duration,
    progress: &mut Progress,
) -> Result<LoadReport> {
    let (report, ()) = LOAD.run(gateway, request, || {
        let since = Instant::now();
        while since.elapsed() < length {
            progress.show(&format!("traffic to {gateway}, for {} s", length.as_secs()))?;
            thread::sleep(LOOK_EVERY.min(length));
        }
        Ok(())
    })?;
    progress.clear()?;
    Ok(report)
}

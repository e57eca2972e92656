//! Rows 17 and 18: so many, by who asks for what.

use anyhow::Result;
use envoy_runner::{Client, H2Client, Request};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use crate::stage::{Stage, with_status, with_text};
use crate::table::Door;

/// Row 17.
pub(super) fn reviews_to_ratings(stage: &mut Stage) -> Result<()> {
    const SECONDS: usize = 4;
    const EACH: usize = 4;
    stage.step("one a second from reviews to ratings")?;
    let whole = "productpage => reviews => ratings v1 from";
    let limited = "ratings is currently unavailable: 429";
    let (mut first, mut refused) = (0, 0);
    for _ in 0..SECONDS {
        // Whatever was admitted before is more than a second ago.
        thread::sleep(Duration::from_millis(1050));
        let answers = stage.ask(EACH, 1, |_| Request::get("/productpage"))?;
        let (one, others) = answers.split_at(1);
        first += with_text(one, whole);
        refused += with_text(others, limited);
    }
    stage.check_equal("first calls of a second that pass", SECONDS, first);
    stage.check_equal("calls within the same second: 429", SECONDS * (EACH - 1), refused);
    let ratings = stage.mesh.addr("ratings", Door::Inbound)?;
    let others =
        stage.ask_at(ratings, 100, 4, |_| Request::get("/").header("x-app", "productpage"))?;
    stage.check_equal("calls of another application, of 100", 100, with_status(&others, 200));
    let name = "wasmcustom.rate_limit_quota.override.requestcount.0.over_limit";
    let counted = stage.stat("ratings", name)?;
    stage.check_equal("the filter's counter of the override", refused, counted);
    Ok(())
}

/// Row 18.
pub(super) fn dimensions(stage: &mut Stage) -> Result<()> {
    stage.step("one a minute for each value")?;
    let addr = stage.mesh.addr("customer", Door::Inbound)?;
    let with = |path: &str, name: &str, value: &str| Request::get(path).header(name, value);
    for (dimension, one, other) in [
        ("login name", with("/login", "end-user", "jason"), with("/login", "end-user", "kate")),
        (
            "source host",
            with("/source-host", "x-app", "reviews"),
            with("/source-host", "x-app", "ratings"),
        ),
        (
            "destination host",
            Request::get("/destination-host").authority("reviews"),
            Request::get("/destination-host").authority("ratings"),
        ),
        (
            "IP",
            with("/address", "x-forwarded-for", "203.0.113.1"),
            with("/address", "x-forwarded-for", "203.0.113.2"),
        ),
        ("header value", with("/header", "x-plan", "free"), with("/header", "x-plan", "paid")),
        ("API path", Request::get("/path/a?x=1"), Request::get("/path/b")),
    ] {
        let mut client = Client::connect(addr)?;
        let statuses = [&one, &one, &other].map(|request| client.send(request).status);
        check(stage, dimension, statuses);
    }
    check(stage, "protocol", by_protocol(addr)?);
    let mut client = Client::connect(addr)?;
    let statuses = [(); 2].map(|()| client.send(&Request::get("/namespace")).status);
    let passes = statuses == [Some(200), Some(429)];
    let observed = statuses.map(|it| it.unwrap_or_default().to_string()).join(", ");
    stage.check("namespace `tutorial`: twice", "200, 429", observed, passes);
    Ok(())
}

/// One value twice, and another.
fn check(stage: &mut Stage, dimension: &str, statuses: [Option<u16>; 3]) {
    let passes = statuses == [Some(200), Some(429), Some(200)];
    let observed = statuses.map(|it| it.unwrap_or_default().to_string()).join(", ");
    stage.check(format!("{dimension}: a value twice, another"), "200, 429, 200", observed, passes);
}

fn by_protocol(addr: SocketAddr) -> Result<[Option<u16>; 3]> {
    let request = Request::get("/protocol");
    let mut client = Client::connect(addr)?;
    let [first, second] = [(); 2].map(|()| client.send(&request).status);
    Ok([first, second, H2Client::connect(addr)?.send(&request)?.status])
}

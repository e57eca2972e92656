//! Routes by header and by identity, and who may not choose them.

use crate::{Served, V1, V2};
use anyhow::{Context, Result};
use envoy_runner::{Client, Request};
use serde_json::json;

#[test]
fn browsers_and_jason_go_to_v2_and_nobody_else_does() -> Result<()> {
    let to_v2 = json!({"headers": {"x-route": "v2"}});
    let config = json!({"hintHeaders": ["x-route"], "rules": [
        {"name": "safari", "match": [{"headers": {"user-agent": {"regex": ".*Safari.*"}}}], "set": to_v2},
        {"name": "firefox", "set": to_v2,
         "match": [{"headers": {"user-agent": {"regex": ".*Firefox.*"}}},
                   {"headers": {"baggage-user-agent": {"regex": ".*Firefox.*"}}}]},
        {"name": "jason", "match": [{"headers": {"end-user": {"exact": "jason"}}}], "set": to_v2},
    ]});
    let served = Served::by_header(&config, 2)?;
    let get = || Request::get("/reviews/1");
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let safari = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15";
    let visits = [
        ("nobody", get(), V1),
        ("Safari", get().header("user-agent", safari), V2),
        ("Firefox", get().header("user-agent", firefox), V2),
        ("deep in the chain", get().header("baggage-user-agent", firefox), V2),
        ("Chrome", get().header("user-agent", "Mozilla/5.0 Chrome/140.0"), V1),
        ("jason", get().header("end-user", "jason"), V2),
        ("kate", get().header("end-user", "kate"), V1),
        ("a spoofed hint", get().header("x-route", "v2"), V1),
        ("a hint spoofed twice", get().header("x-route", "v1").header("X-Route", "v2"), V1),
        ("a spelling of it", get().header("x_route", "v2"), V1),
        (
            "a spoofed hint of one who has it",
            get().header("end-user", "jason").header("x-route", "v1"),
            V2,
        ),
    ];
    let mut client = Client::connect(served.addr()?)?;
    for (who, request, status) in visits {
        let answer = client.send(&request);
        println!("hints: {who}: {:?}", answer.status);
        assert_eq!(answer.status, Some(status), "{who}");
    }
    assert_eq!(served.stat("hints_removed")?, 4);
    assert_eq!(served.stat("rule.jason.applied")?, 2);
    let seen = served.versions.v1.upstream.requests();
    assert!(seen.iter().all(|request| request.header("x_route").is_none()));
    served.finish()
}

/// Stock Envoy takes the client's address from the connection, or from a header that it is told to
/// trust; the filter trusts neither more nor less.
#[test]
fn trusted_sources_bring_hints_and_are_told_why() -> Result<()> {
    let config = json!({
        "hintHeaders": ["x-route"],
        "trusted": [{"source": {"remoteIpBlocks": ["127.0.0.0/8"]}}],
        "rules": [{"name": "jason", "match": [{"headers": {"end-user": {"exact": "jason"}}}],
                   "set": {"headers": {"x-route": "v2"}}}],
    });
    let elsewhere = |config: &serde_json::Value| {
        let mut config = config.clone();
        config["trusted"] = json!([{"source": {"remoteIpBlocks": ["10.0.0.0/8"]}}]);
        config
    };
    let hinted = Request::get("/").header("x-route", "v2");
    let asked = Request::get("/").header("end-user", "jason").header("x-route-explain", "1");
    for (config, status, told) in
        [(config.clone(), V2, Some(&b"jason: set"[..])), (elsewhere(&config), V1, None)]
    {
        let served = Served::by_header(&config, 1)?;
        let mut client = Client::connect(served.addr()?)?;
        let kept = client.send(&hinted);
        let explained = client.send(&asked);
        let text = explained.header("x-route-explain");
        println!(
            "trusted {}: a hint leads to {:?}, explained: {:?}",
            config["trusted"],
            kept.status,
            text.map(String::from_utf8_lossy),
        );
        assert_eq!((kept.status, text), (Some(status), told));
        assert_eq!(explained.status, Some(V2));
        let seen = served.versions.v2.upstream.requests().pop().context("v2 saw nothing")?;
        assert_eq!(seen.header("x-route"), Some(&b"v2"[..]));
        served.finish()?;
    }
    Ok(())
}

//! Rules are neither dodged nor do they misfire, whatever bytes a value holds.

use crate::{FILTER, over_both, padded};
use anyhow::{Result, ensure};
use envoy_runner::{Reply, Request, Upstream};
use integration::fixtures::{self, INGRESS};
use serde_json::{Value, json};

/// What a rule that fits answers.
const CAUGHT: u16 = 418;

/// A rule by its path, and the match on `x-agent`.
fn rules() -> Vec<(&'static str, Value)> {
    let with = |matcher: Value| json!({"headers": {"x-agent": matcher}});
    vec![
        ("exact", with(json!({"exact": "evil-bot"}))),
        ("prefix", with(json!({"prefix": "evil-"}))),
        ("suffix", with(json!({"suffix": "-bot"}))),
        ("contains", with(json!({"contains": "vil-b"}))),
        ("regex", with(json!({"regex": "evil-bot.*"}))),
        ("whole", with(json!({"regex": "evil-bot"}))),
        ("without", json!({"withoutHeaders": {"x-agent": {"prefix": "evil-"}}})),
    ]
}

/// Values of `x-agent`, and the rules that they fit.
const VALUES: [(&[&[u8]], &[&str]); 10] = [
    (&[b"evil-bot"], &["exact", "prefix", "suffix", "contains", "regex", "whole"]),
    (&[b"evil-bot\xff"], &["prefix", "contains", "regex"]),
    (&[b"\xffevil-bot"], &["suffix", "contains", "without"]),
    (&[b"evil-\x80bot"], &["prefix"]),
    (&[b"\x80\x81\xfe\xff"], &["without"]),
    (&[b""], &["without"]),
    (&[], &["without"]),
    (&[b"good", b"evil-bot\xff"], &["prefix", "contains", "regex"]),
    (&[b"evil-bot", b"good"], &["exact", "prefix", "suffix", "contains", "regex", "whole"]),
    (&[b"\xc3\xa9vil-bot", b"\xff"], &["suffix", "contains", "without"]),
];

/// Further headers: how many, and of how many bytes each. The last is 60,000 bytes; Envoy answers
/// 431 itself from 100 lines or 60 KiB on.
const PADDING: [(usize, usize); 3] = [(0, 0), (85, 10), (10, 5900)];

#[test]
fn rules_are_neither_dodged_nor_do_they_misfire() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::ok("upstream"))?;
    let configured: Vec<_> = rules()
        .into_iter()
        .map(|(name, mut matcher)| {
            matcher["uri"] = json!({"exact": format!("/{name}")});
            let fault = json!({"abort": {"httpStatus": CAUGHT, "percent": 100}});
            json!({"name": name, "match": [matcher], "fault": fault})
        })
        .collect();
    let filter = fixtures::plugin(FILTER, &json!({"rules": configured}))?;
    let bootstrap = fixtures::in_front_of(&upstream, [fixtures::ingress().filter(filter)]);
    let mut envoy = fixtures::start(&bootstrap, 2)?;
    let addr = envoy.addr(INGRESS)?;
    let (mut caught, mut passed) = (0, 0);
    for (name, _) in rules() {
        for (values, fitting) in VALUES {
            for (count, size) in PADDING {
                let request = padded(Request::get(format!("/{name}")), count, size);
                let request =
                    values.iter().fold(request, |request, value| request.header("x-agent", value));
                let is_caught = fitting.contains(&name);
                let expected = if is_caught { CAUGHT } else { 200 };
                for (protocol, answer) in over_both(addr, &request)? {
                    ensure!(
                        answer.status == Some(expected),
                        "{name}, {values:?}, {count} headers more, {protocol}: {:?}",
                        answer.status,
                    );
                    *if is_caught { &mut caught } else { &mut passed } += 1;
                }
            }
        }
    }
    println!("hostile values: {caught} caught, {passed} passed, none dodged, none misfired");
    ensure!(upstream.count() == passed, "{} reached the upstream", upstream.count());
    fixtures::unharmed(&mut envoy)
}

#[test]
fn what_envoy_itself_refuses_harms_nobody() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::ok("upstream"))?;
    let config = json!({"rules": [{
        "name": "r",
        "match": [{"headers": {"x-agent": {"present": true}}}],
        "fault": {"abort": {"httpStatus": CAUGHT, "percent": 100}},
    }]});
    let filter = fixtures::plugin(FILTER, &config)?;
    let bootstrap = fixtures::in_front_of(&upstream, [fixtures::ingress().filter(filter)]);
    let mut envoy = fixtures::start(&bootstrap, 1)?;
    let addr = envoy.addr(INGRESS)?;
    for (what, request) in [
        ("200 headers", padded(Request::get("/"), 200, 1)),
        ("70 KiB of headers", padded(Request::get("/"), 7, 10 * 1024)),
    ] {
        for (protocol, answer) in over_both(addr, &request)? {
            println!("{what} over {protocol}: {:?} {:?}", answer.status, answer.end);
            ensure!(answer.status != Some(200) && answer.status != Some(CAUGHT), "{answer:?}");
        }
    }
    let every_byte: Vec<u8> =
        (0x20..0x7f).chain(0x80..=0xff).chain([b'\t']).chain([b'.']).collect();
    for (_, answer) in over_both(addr, &Request::get("/").header("x-agent", &every_byte))? {
        ensure!(answer.status == Some(CAUGHT), "{answer:?}");
    }
    for (_, answer) in over_both(addr, &Request::get("/").header("x-other", &every_byte))? {
        ensure!(answer.status == Some(200), "{answer:?}");
    }
    fixtures::unharmed(&mut envoy)
}

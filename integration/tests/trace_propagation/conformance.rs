//! W3C's conformance suite (`test/test.py` of w3c/trace-context), each of its tests played on a
//! service that copies `traceparent` and `tracestate` blindly, with the filter on its outbound side
//! and nowhere else. A row of ours beside them: Level 2's random flag.

mod rows;

use crate::filter;
use anyhow::{Context as _, Result, ensure};
use envoy_runner::{Client, Received, Reply, Request, Upstream};
use integration::fixtures::{self, INGRESS};
use rows::{Exchange, PARENT, State, TRACE, Trace};
use serde_json::json;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What the suite calls back to.
type Callbacks = Arc<Mutex<Vec<Received>>>;

/// A service that calls back as often as `x-callbacks` says, with what it was given of the two
/// headers: every line, as it stands.
fn blind(outbound: Arc<OnceLock<SocketAddr>>) -> Result<Upstream> {
    Upstream::start(move |received| {
        let Some(outbound) = outbound.get() else { return Reply::status(503) };
        let is_copied = |name: &[u8]| {
            [&b"traceparent"[..], b"tracestate"].iter().any(|own| name.eq_ignore_ascii_case(own))
        };
        let copied = received.headers.iter().filter(|(name, _)| is_copied(name));
        let call =
            copied.fold(Request::get("/callback"), |call, (name, value)| call.header(name, value));
        let times = received.header("x-callbacks").map_or(1, |times| times.len());
        for _ in 0..times {
            match Client::once(*outbound, &call) {
                Ok(answer) if answer.status == Some(200) => {}
                other => return Reply::status(502).header("x-why", format!("{other:?}")),
            }
        }
        Reply::ok("called back")
    })
}

/// The one `traceparent` of a callback: trace id and parent id.
fn traceparent(callback: &Received) -> Result<(String, String)> {
    let lines = lines(callback, "traceparent");
    let [line] = lines.as_slice() else { anyhow::bail!("not one traceparent: {lines:?}") };
    let fields: Vec<&str> = line.split('-').collect();
    let [version, trace, parent, flags] = fields.as_slice() else {
        anyhow::bail!("not of version 00: {line}");
    };
    let is_hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
    };
    ensure!(*version == "00" && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2));
    ensure!(trace.bytes().any(|byte| byte != b'0') && parent.bytes().any(|byte| byte != b'0'));
    Ok(((*trace).to_owned(), (*parent).to_owned()))
}

fn lines(callback: &Received, name: &str) -> Vec<String> {
    let own =
        callback.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes()));
    own.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
}

/// The members of `tracestate`, in order.
fn members(callback: &Received) -> Vec<String> {
    let all = lines(callback, "tracestate").join(",");
    let all = all.split(',').map(|member| member.trim_matches([' ', '\t']).to_owned());
    all.filter(|member| !member.is_empty()).collect()
}

/// Holds the callbacks of one exchange against what the suite expects.
fn check(exchange: &Exchange, callbacks: &[Received]) -> Result<()> {
    ensure!(callbacks.len() == exchange.callbacks, "{} callbacks", callbacks.len());
    let mut parents = BTreeSet::new();
    for callback in callbacks {
        let (trace, parent) = traceparent(callback)?;
        match exchange.trace {
            Trace::Same => ensure!(trace == TRACE, "another trace: {trace}"),
            Trace::New => ensure!(!exchange.tells(&trace), "the same trace: {trace}"),
        }
        ensure!(parent != PARENT, "the caller's parent id");
        parents.insert(parent);
        let members = members(callback);
        match &exchange.state {
            State::Gone => ensure!(members.is_empty(), "tracestate: {members:?}"),
            State::Is(expected) => ensure!(members == *expected, "tracestate: {members:?}"),
        }
        let flags = lines(callback, "traceparent").concat().split_off(53);
        if let Some(expected) = exchange.flags {
            ensure!(flags == expected, "flags: {flags}");
        }
    }
    ensure!(parents.len() == callbacks.len(), "a parent id twice: {parents:?}");
    Ok(())
}

#[test]
fn every_test_of_the_conformance_suite_passes() -> Result<()> {
    let callbacks: Callbacks = Arc::default();
    let journal = Arc::clone(&callbacks);
    let harness = Upstream::start(move |received| {
        journal.lock().unwrap_or_else(PoisonError::into_inner).push(received.clone());
        Reply::ok("seen")
    })?;
    let config =
        json!({"extract": ["tracecontext"], "inject": ["tracecontext"], "parentId": "NEW"});
    let outbound = fixtures::ingress().without_access_log().filter(filter(INGRESS, &config)?);
    let mut envoy = fixtures::start(&fixtures::in_front_of(&harness, [outbound]), 2)?;
    let address: Arc<OnceLock<SocketAddr>> = Arc::default();
    let service = blind(Arc::clone(&address))?;
    address.set(envoy.addr(INGRESS)?).ok().context("set once")?;
    let mut failed = Vec::new();
    let rows = rows::all();
    for (name, exchanges) in &rows {
        for exchange in exchanges {
            let answer = Client::once(service.addr(), &exchange.request())?;
            ensure!(answer.status == Some(200), "{name}: {answer:?}");
            let seen: Vec<Received> =
                callbacks.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
            if let Err(why) = check(exchange, &seen) {
                failed.push(format!("{name}, {:?}: {why}", exchange.headers));
            }
        }
    }
    println!("{} tests of W3C's suite, {} failures", rows.len(), failed.len());
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(rows.len(), 41);
    fixtures::unharmed(&mut envoy)
}

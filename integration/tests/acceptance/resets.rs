//! A reset is one to the client, whatever it speaks.

use crate::{Served, filter};
use anyhow::Result;
use envoy_runner::{Client, End, H2Client, Request};
use integration::fixtures;
use serde_json::json;
use std::time::Duration;

/// RST_STREAM's INTERNAL_ERROR.
const INTERNAL_ERROR: u32 = 2;

#[test]
fn a_client_sees_a_reset_as_a_reset() -> Result<()> {
    let linger = Duration::from_millis(300);
    let config = json!({"rules": [{
        "name": "r",
        "match": [{"uri": {"prefix": "/reset"}}],
        "fault": {"abort": {"reset": true, "percentage": {"value": 100}}},
    }]});
    let listener = fixtures::ingress().filter(filter(&config)?).delayed_close_timeout(linger);
    let served = Served::new(listener, 1)?;

    let mut h2 = H2Client::connect(served.addr()?)?;
    let answers = h2.send_all(&["/reset", "/", "/reset/2", "/"].map(Request::get))?;
    println!("reset over HTTP/2: {:?}, its neighbour {:?}", answers[0].end, answers[1].status);
    for (answer, is_reset) in answers.iter().zip([true, false, true, false]) {
        if is_reset {
            assert_eq!(answer.end, End::StreamReset(INTERNAL_ERROR));
            assert_eq!(answer.status, None);
        } else {
            assert_eq!((answer.status, &answer.end), (Some(200), &End::Complete));
        }
    }
    assert_eq!(h2.send(&Request::get("/"))?.status, Some(200), "the connection lives on");

    let answer = Client::once(served.addr()?, &Request::get("/reset"))?;
    println!("reset over HTTP/1: {:?} after {:?}", answer.end, answer.elapsed);
    assert_eq!((answer.status, &answer.end), (None, &End::Eof));
    assert!(answer.headers.is_empty() && answer.body.is_empty());
    let range = linger - Duration::from_millis(20)..linger + Duration::from_millis(300);
    assert!(range.contains(&answer.elapsed), "{:?}", answer.elapsed);

    assert_eq!(served.stat("rule.r.resets_injected")?, 3);
    assert_eq!(served.upstream.count(), 3);
    let log = served.envoy.wait_for_access_log(6, Duration::from_secs(5))?;
    let resets: Vec<_> = log
        .iter()
        .filter(|entry| entry.text("details") == Some("wasm_close_stream"))
        .map(|entry| entry.text("fault_injection"))
        .collect();
    assert_eq!(resets, [Some("r.reset"); 3]);
    served.finish()
}

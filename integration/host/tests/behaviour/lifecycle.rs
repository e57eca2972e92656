//! How streams end, and in which order the module hears of it.

use proxy_wasm_test_host::{Direction, Request, Response};

use crate::guest::{host, notes};

const WATCH: &[(&str, &str)] = &[
    ("request_headers", "(call $note (i64.const 1)) (i32.const 1)"),
    ("response_headers", "(call $note (i64.const 2)) (i32.const 0)"),
    ("log", "(call $note (i64.const 3))"),
    ("done", "(call $note (i64.const 4)) (i32.const 1)"),
    ("delete", "(call $note (i64.const 5))"),
];

#[test]
fn a_client_that_leaves_during_a_pause_ends_the_stream_at_once() {
    let host = host(WATCH);
    let stream = host.worker(0).open(&Request::get("/"));
    assert!(stream.is_paused(Direction::Request));
    assert_eq!(host.worker(0).live_contexts(), 2);
    stream.disconnect();
    assert_eq!(notes(&host), [1, 3, 4, 5], "log, done, delete, and no response callback");
    assert_eq!(host.worker(0).live_contexts(), 1, "the root remains");
    let outcome = stream.outcome();
    assert!(outcome.disconnected && !outcome.reset);
    assert_eq!(
        (outcome.details.as_deref(), outcome.paused),
        (Some("downstream_remote_disconnect"), None)
    );
}

#[test]
fn a_context_that_is_gone_cannot_be_made_effective() {
    let host = host(&[
        (
            "request_headers",
            "(global.set $g (local.get 0)) (drop (call $tick (i32.const 1))) (i32.const 1)",
        ),
        (
            "tick",
            "(drop (call $tick (i32.const 0))) (call $note_st (call $effective (global.get $g)))",
        ),
    ]);
    let stream = host.worker(0).open(&Request::get("/"));
    stream.disconnect();
    host.advance(std::time::Duration::from_millis(1));
    assert_eq!(notes(&host), [2], "BadArgument; the tick fires all the same");
}

#[test]
fn an_upstream_that_breaks_gives_503_or_cuts_the_response() {
    let host = host(&[("response_headers", "(call $note (i64.const 2)) (i32.const 0)")]);
    let before = host.worker(0).open(&Request::get("/"));
    before.upstream_reset();
    assert_eq!(before.outcome().status(), Some(503));
    assert_eq!(notes(&host), [2], "Envoy's reply passes the filter");

    let after = host.worker(0).open(&Request::get("/"));
    after.upstream_headers(&Response::new(200).headers, false);
    after.upstream_data("part", false);
    after.upstream_reset();
    let outcome = after.outcome();
    assert!(outcome.reset);
    assert_eq!((outcome.status(), outcome.body()), (Some(200), &b"part"[..]));
}

#[test]
fn missing_callbacks_are_skipped_and_counted_as_such() {
    let host = host(&[]);
    host.reset_counts();
    let outcome = host.worker(0).exchange(Request::post("/", "x"), |_| Response::new(204));
    assert_eq!(outcome.status(), Some(204));
    let counts = host.counts();
    assert_eq!(counts.exports.keys().copied().collect::<Vec<_>>(), ["proxy_on_context_create"]);
    assert_eq!(counts.host_total(), 0);
}

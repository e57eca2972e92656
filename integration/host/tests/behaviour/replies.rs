//! Local replies in each phase, as the client, the log and the module itself see them.

use std::time::Duration;

use proxy_wasm_test_host::{Outcome, Request, Response, TestHost, encode_pairs};

use crate::guest::{host, notes};

const REPLY: &str = "(drop (call $reply (i32.const 418) 'made by me' 'teapot' '' (i32.const -1)))";

/// Notes that the module's own response callbacks ran.
const WATCH: [(&str, &str); 2] = [
    ("response_headers", "(call $note (i64.const 100)) (i32.const 0)"),
    ("response_body", "(call $note (i64.const 101)) (i32.const 0)"),
];

fn upstream() -> Response {
    Response::new(200).header("x-up", "1").body("from upstream")
}

fn post(host: &TestHost) -> Outcome {
    host.worker(0).exchange(Request::post("/", "data"), |_| upstream())
}

fn assert_teapot(outcome: &Outcome) {
    assert_eq!((outcome.status(), outcome.body()), (Some(418), &b"teapot"[..]));
    assert_eq!(outcome.details.as_deref(), Some("made_by_me"));
    assert_eq!(outcome.header("content-length"), Some(&b"6"[..]));
    assert_eq!(outcome.header("content-type"), Some(&b"text/plain"[..]));
    assert_eq!(outcome.header("x-up"), None);
}

#[test]
fn in_request_headers_it_passes_the_modules_own_response_callbacks() {
    let host = host(&[("request_headers", &format!("{REPLY} (i32.const 0)")), WATCH[0], WATCH[1]]);
    let outcome = post(&host);
    assert_teapot(&outcome);
    assert_eq!(outcome.upstream_request, None, "Continue does not undo a reply");
    assert_eq!(notes(&host), [100, 101]);
}

#[test]
fn in_request_body_the_upstream_gets_no_end() {
    let host = host(&[("request_body", &format!("{REPLY} (i32.const 1)")), WATCH[0]]);
    let outcome = post(&host);
    assert_teapot(&outcome);
    assert_eq!(
        outcome.upstream_request.map(|message| (message.complete, message.body)),
        Some((false, vec![]))
    );
    assert_eq!(notes(&host), [100]);
}

#[test]
fn in_response_headers_it_replaces_the_upstreams_answer_past_the_filter() {
    let host = host(&[
        ("response_headers", &format!("(call $note (i64.const 1)) {REPLY} (i32.const 0)")),
        WATCH[1],
    ]);
    assert_teapot(&post(&host));
    assert_eq!(notes(&host), [1], "no second round through the callbacks");
}

#[test]
fn in_response_body_the_headers_are_gone_and_the_stream_is_cut() {
    let host = host(&[("response_body", &format!("{REPLY} (i32.const 0)"))]);
    let outcome = post(&host);
    assert!(outcome.reset);
    assert_eq!((outcome.status(), outcome.body()), (Some(200), &b""[..]));
    assert_eq!(outcome.details.as_deref(), Some("made_by_me"));
}

#[test]
fn from_a_tick_while_the_request_or_the_response_is_paused() {
    for phase in ["request_headers", "response_headers"] {
        let pause =
            "(global.set $g (local.get 0)) (drop (call $tick (i32.const 20))) (i32.const 1)";
        let tick = format!(
            "(drop (call $tick (i32.const 0))) (drop (call $effective (global.get $g))) {REPLY}"
        );
        // The paused response headers see the reply go by only where it comes before them.
        let host = host(&[(phase, pause), ("tick", &tick)]);
        let outcome = post(&host);
        assert_teapot(&outcome);
        assert_eq!(outcome.elapsed, Duration::from_millis(20), "{phase}");
    }
}

#[test]
fn a_reply_in_the_response_headers_of_the_own_reply_replaces_it() {
    let host = host(&[
        (
            "request_headers",
            "(drop (call $reply (i32.const 403) 'first' 'one' '' (i32.const -1))) (i32.const 1)",
        ),
        ("response_headers", &format!("{REPLY} (i32.const 0)")),
    ]);
    assert_teapot(&post(&host));
}

#[test]
fn of_two_replies_the_first_is_sent_and_the_last_one_named() {
    let first = "(drop (call $reply (i32.const 403) 'first' 'one' '' (i32.const -1)))";
    let host = host(&[("request_headers", &format!("{first} {REPLY} (i32.const 1)"))]);
    let outcome = post(&host);
    assert_eq!((outcome.status(), outcome.body()), (Some(403), &b"one"[..]));
    assert_eq!(outcome.details.as_deref(), Some("made_by_me"));
}

#[test]
fn headers_are_added_and_the_status_is_not_checked() {
    let text: String =
        encode_pairs(&[("x-a", "1"), (":status", "200"), ("content-type", "text/html")])
            .into_iter()
            .map(char::from)
            .collect();
    let reply = format!(
        "(drop (call $reply (i32.const 70000) '' 'b' '{text}' (i32.const -1))) (i32.const 1)"
    );
    let outcome = post(&host(&[("request_headers", &reply)]));
    assert_eq!(outcome.status(), Some(4464), "16 bits are kept");
    assert_eq!(outcome.header("x-a"), Some(&b"1"[..]));
    assert_eq!(outcome.header("content-type"), Some(&b"text/html"[..]));
}

#[test]
fn a_grpc_request_gets_a_grpc_status() {
    let run = |status: u32, grpc: i32| {
        let reply = format!(
            "(drop (call $reply (i32.const {status}) '' 'a b%' '' (i32.const {grpc}))) (i32.const 1)"
        );
        let request = Request::post("/s/m", "x").header("content-type", "application/grpc");
        let outcome =
            host(&[("request_headers", &reply)]).worker(0).exchange(request, |_| upstream());
        assert_eq!((outcome.status(), outcome.body()), (Some(200), &b""[..]));
        assert_eq!(outcome.header("grpc-message"), Some(&b"a b%25"[..]));
        String::from_utf8_lossy(outcome.header("grpc-status").unwrap_or_default()).into_owned()
    };
    assert_eq!(
        [run(429, -1), run(403, -1), run(500, 17), run(429, 8), run(429, 0)],
        ["14", "7", "2", "8", "0"]
    );
}

#[test]
fn closing_resets_the_stream_and_names_itself() {
    let host =
        host(&[("request_headers", "(drop (call $close (i32.const 0))) (i32.const 1)"), WATCH[0]]);
    let outcome = post(&host);
    assert!(outcome.reset);
    assert_eq!((outcome.status(), outcome.details.as_deref()), (None, Some("wasm_close_stream")));
    assert_eq!(notes(&host), []);
}

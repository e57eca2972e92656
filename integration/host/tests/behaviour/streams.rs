//! Bodies, buffers, back-pressure, trailers, and what is readable when.

use std::time::Duration;

use proxy_wasm_test_host::{Direction, Request, Response};

use crate::guest::{builder, host, logged, notes};
use crate::timers::DELAY;

const LIMIT: usize = 64 << 10;
const CHUNK: usize = 16 << 10;

/// Holds every chunk back by StopIterationAndWatermark and lets go what has gathered every 10 ms.
const THROTTLE: &[(&str, &str)] = &[
    (
        "response_headers",
        "(global.set $g (local.get 0)) (drop (call $tick (i32.const 10))) (i32.const 0)",
    ),
    ("response_body", "(i32.const 2)"),
    (
        "tick",
        "(if (i32.eqz (call $effective (global.get $g))) (then (drop (call $continue (i32.const 1)))))",
    ),
];

#[test]
fn watermark_holds_the_upstream_back_and_loses_nothing() {
    let host = builder(THROTTLE).buffer_limit(LIMIT).build().expect("starts");
    let stream = host.worker(0).open(&Request::get("/"));
    stream.upstream_headers(&Response::new(200).headers, false);
    let body: Vec<u8> = (0..20 * CHUNK).map(|index| (index / 7) as u8).collect();
    for chunk in body.chunks(CHUNK) {
        stream.upstream_data(chunk, false);
    }
    stream.upstream_data("", true);
    assert!(stream.is_read_disabled(Direction::Response));
    assert_eq!(
        stream.buffered(Direction::Response),
        LIMIT + CHUNK,
        "one chunk above the limit, no more"
    );

    let mut steps = 0;
    while !stream.is_ended() {
        host.advance(Duration::from_millis(10));
        steps += 1;
        assert!(stream.buffered(Direction::Response) <= LIMIT + CHUNK);
        assert!(steps < 100, "the stream must end");
    }
    let response = stream.outcome().downstream_response.expect("it was answered");
    assert_eq!(response.body, body);
    assert!(response.complete);
    assert_eq!(steps, 5, "20 chunks in pieces of 5, then the end");
    assert_eq!(response.chunks.iter().map(|(_, len)| *len).collect::<Vec<_>>(), [5 * CHUNK; 4]);
}

#[test]
fn buffering_above_the_limit_fails_the_stream() {
    let request =
        builder(&[("request_body", "(i32.const 1)")]).buffer_limit(10).build().expect("starts");
    let outcome =
        request.worker(0).exchange(Request::post("/", "0123456789abc"), |_| Response::new(200));
    assert_eq!(
        (outcome.status(), outcome.details.as_deref()),
        (Some(413), Some("request_payload_too_large"))
    );

    let response =
        builder(&[("response_body", "(i32.const 1)")]).buffer_limit(10).build().expect("starts");
    let outcome = response
        .worker(0)
        .exchange(Request::get("/"), |_| Response::new(200).body("0123456789abc"));
    assert_eq!(outcome.details.as_deref(), Some("response_payload_too_large"));
    assert!(outcome.reset, "the headers were gone");
}

#[test]
fn a_request_paused_in_its_headers_holds_the_body_back_without_failing() {
    let host = builder(DELAY).buffer_limit(LIMIT).build().expect("starts");
    let stream = host.worker(0).open(&Request::post("/", vec![1; 3 * LIMIT]).body(vec![2; LIMIT]));
    assert!(stream.is_read_disabled(Direction::Request));
    assert_eq!(stream.buffered(Direction::Request), 3 * LIMIT, "the second chunk waits outside");
    host.advance(Duration::from_millis(50));
    let request = stream.outcome().upstream_request.expect("it went on");
    assert_eq!((request.body.len(), request.complete), (4 * LIMIT, true));
}

#[test]
fn stop_iteration_in_headers_means_what_the_configuration_says() {
    let callbacks = &[
        ("request_headers", "(i32.const 1)"),
        ("request_body", "(call $note (i64.extend_i32_u (local.get 1))) (i32.const 0)"),
    ];
    let outcome = |allow| {
        let host =
            builder(callbacks).allow_on_headers_stop_iteration(allow).build().expect("starts");
        let outcome = host.worker(0).exchange(Request::post("/", "data"), |_| Response::new(200));
        (outcome.status(), notes(&host))
    };
    assert_eq!(outcome(false), (None, vec![]), "everything waits");
    assert_eq!(
        outcome(true),
        (Some(200), vec![4]),
        "the body callback's Continue releases the headers"
    );
}

#[test]
fn a_module_that_buffers_sees_the_body_grow_and_may_replace_it() {
    let host = host(&[(
        "request_body",
        "(call $note (i64.extend_i32_u (local.get 1)))
         (if (i32.eqz (local.get 2)) (then (return (i32.const 1))))
         (drop (call $get_body (i32.const 0) (i32.const 0) (i32.const 100) (i32.const 8) (i32.const 12))) (call $log_out)
         (drop (call $set_body (i32.const 0) (i32.const 0) (i32.const 3) 'AB'))
         (drop (call $set_body (i32.const 0) (i32.const 99) (i32.const 0) '!'))
         (call $note_st (call $set_body (i32.const 0) (i32.const 2) (i32.const 0) 'x'))
         (i32.const 0)",
    )]);
    let request = Request::post("/", "abc").body("def").body("g");
    let outcome = host.worker(0).exchange(request, |request| {
        assert_eq!(request.body, b"ABdefg!");
        Response::new(200)
    });
    assert_eq!(outcome.status(), Some(200));
    assert_eq!(notes(&host), [3, 6, 7, 2]);
    assert_eq!(logged(&host), ["abcdefg"]);
}

#[test]
fn trailers_pass_and_can_hold_the_stream() {
    let held = host(&[
        (
            "request_trailers",
            "(call $note (i64.extend_i32_u (local.get 1))) (global.set $g (local.get 0)) (drop (call $tick (i32.const 5))) (i32.const 1)",
        ),
        ("tick", "(drop (call $effective (global.get $g))) (drop (call $continue (i32.const 0)))"),
        ("response_trailers", "(drop (call $add (i32.const 3) 'x-t' '2')) (i32.const 0)"),
    ]);
    let outcome = held.worker(0).exchange(Request::post("/", "b").trailer("t", "1"), |request| {
        assert_eq!(request.trailers.as_ref().map(|trailers| trailers.pairs().len()), Some(1));
        Response::new(200).body("r").trailer("u", "1")
    });
    assert_eq!(outcome.elapsed, Duration::from_millis(5));
    let response = outcome.downstream_response.expect("it was answered");
    assert_eq!(
        response.trailers.as_ref().and_then(|trailers| trailers.get(b"x-t")),
        Some(&b"2"[..])
    );
    assert_eq!(notes(&held), [1]);
}

#[test]
fn request_headers_are_gone_in_the_response_phase_and_back_in_the_log() {
    let read = "(call $note_st (call $get (i32.const 0) ':path' (i32.const 8) (i32.const 12)))
                (call $note_st (call $get_property 'request\\0path' (i32.const 8) (i32.const 12)))
                (call $note_st (call $pairs (i32.const 0) (i32.const 8) (i32.const 12)))
                (call $note_st (i32.load (i32.const 12)))";
    let add = "(call $note_st (call $add (i32.const 2) 'x' '1'))";
    let host = host(&[
        ("response_headers", &format!("{read} {add} (i32.const 0)")),
        (
            "log",
            &format!(
                "(call $note_st (call $get (i32.const 0) ':path' (i32.const 8) (i32.const 12))) {add}"
            ),
        ),
    ]);
    host.worker(0).exchange(Request::get("/"), |_| Response::new(200));
    assert_eq!(notes(&host), [2, 1, 0, 0, 0, 0, 2]);
}

#[test]
fn repeated_and_non_utf8_values_are_raw_bytes() {
    let host = host(&[(
        "request_headers",
        "(drop (call $get (i32.const 0) 'x-a' (i32.const 8) (i32.const 12)))
         (call $note (i64.extend_i32_u (i32.load8_u (i32.load (i32.const 8)))))
         (call $note (i64.extend_i32_u (i32.load (i32.const 12)))) (i32.const 0)",
    )]);
    let request = Request::get("/").header("x-a", b"\xff").header("x-a", "second");
    host.worker(0).exchange(request, |_| Response::new(200));
    assert_eq!(notes(&host), [255, 1], "the first value only");
}

#[test]
fn resuming_in_request_headers_sends_the_request_at_once() {
    let run = |code: u32| {
        let body = format!("(drop (call $continue (i32.const 0))) (i32.const {code})");
        let host = host(&[("request_headers", &body)]);
        let outcome = host.worker(0).exchange(Request::post("/", "b"), |_| Response::new(200));
        (outcome.upstream_requests, outcome.status())
    };
    assert_eq!(run(0), (2, Some(200)), "and again on Continue");
    assert_eq!(run(1), (1, None), "the body is held for ever");
}

#[test]
fn a_request_that_cannot_be_sent_is_answered_by_envoy() {
    let run = |edit: &str| {
        let host = host(&[("request_headers", &format!("(drop {edit}) (i32.const 0)"))]);
        let outcome = host.worker(0).exchange(Request::get("/"), |_| Response::new(200));
        assert_eq!(outcome.upstream_request, None);
        (outcome.status(), outcome.details.unwrap_or_default())
    };
    let details = "filter_removed_required_request_headers{invalid_header_value_for:_x-bad}";
    let bad_value = run("(call $add (i32.const 0) 'x-bad' 'a\\nb')");
    assert_eq!(bad_value, (Some(503), details.to_owned()));
    let no_path = run("(call $remove (i32.const 0) ':path')");
    assert_eq!(no_path, (Some(404), "route_not_found".to_owned()));
}

#[test]
fn in_the_log_phase_only_headers_that_were_kept_have_a_size() {
    let log = (
        "log",
        "(call $note_st (call $size (i32.const 0) (i32.const 8))) (call $note_st (call $size (i32.const 2) (i32.const 8)))",
    );
    let passed = host(&[log]);
    passed.worker(0).exchange(Request::get("/"), |_| Response::new(200));
    assert_eq!(notes(&passed), [2, 2]);
    let replied = host(&[
        (
            "request_headers",
            "(drop (call $reply (i32.const 403) '' '' '' (i32.const -1))) (i32.const 1)",
        ),
        log,
    ]);
    replied.worker(0).exchange(Request::get("/"), |_| Response::new(200));
    assert_eq!(notes(&replied), [0, 2]);
}

#[test]
fn a_response_that_lost_its_status_is_answered_by_envoy() {
    let host = host(&[(
        "response_headers",
        "(drop (call $remove (i32.const 2) ':status')) (i32.const 0)",
    )]);
    let outcome = host.worker(0).exchange(Request::get("/"), |_| Response::new(200).body("b"));
    assert_eq!(
        (outcome.status(), outcome.body()),
        (Some(502), &b"missing required header: :status"[..])
    );
}

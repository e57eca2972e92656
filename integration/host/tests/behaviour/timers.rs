//! Virtual time: ticks, pauses and both clocks follow it exactly.

use std::time::Duration;

use proxy_wasm_test_host::{Request, Response};

use crate::guest::{builder, host, notes};

/// Pauses each request and lets it go on from the next tick, 50 ms later.
pub(crate) const DELAY: &[(&str, &str)] = &[
    (
        "request_headers",
        "(global.set $g (local.get 0)) (drop (call $tick (i32.const 50))) (i32.const 1)",
    ),
    (
        "tick",
        "(drop (call $tick (i32.const 0)))
         (call $note_st (call $effective (global.get $g)))
         (drop (call $continue (i32.const 0)))",
    ),
];

#[test]
fn ticks_run_in_every_vm_and_on_time() {
    let host = builder(&[
        ("configure", "(drop (call $tick (i32.const 30))) (i32.const 1)"),
        ("tick", "(drop (call $now (i32.const 16))) (call $note (i64.load (i32.const 16)))"),
    ])
    .workers(2)
    .start_time(1_000)
    .build()
    .expect("starts");
    host.advance(Duration::from_millis(29));
    assert_eq!(notes(&host), []);
    host.advance(Duration::from_millis(71));
    let at = |tick: u64| 1_000 + tick * 30_000_000;
    let expected: Vec<u64> = (1..=3).flat_map(|tick| [at(tick); 3]).collect();
    assert_eq!(notes(&host), expected, "main and two workers, three times each");
    assert_eq!(host.elapsed(), Duration::from_millis(100));
}

#[test]
fn a_paused_request_goes_on_when_the_tick_says_so() {
    let host = host(DELAY);
    let outcome = host.worker(0).exchange(Request::post("/", "body"), |request| {
        assert_eq!(request.body, b"body");
        Response::new(200)
    });
    assert_eq!(outcome.elapsed, Duration::from_millis(50));
    assert_eq!(outcome.status(), Some(200));
    let upstream = outcome.upstream_request.expect("it got through");
    assert_eq!(
        upstream.headers_at,
        host.now(),
        "the upstream saw nothing before the delay was over"
    );
    assert_eq!(host.next_event(), None, "a period of 0 stops the tick");
}

#[test]
fn the_clocks_of_wasi_and_of_the_abi_agree() {
    let host = host(&[(
        "request_headers",
        "(drop (call $now (i32.const 16))) (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 24)))
         (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 32)))
         (call $note (i64.sub (i64.load (i32.const 16)) (i64.load (i32.const 24))))
         (call $note (i64.load (i32.const 32)))
         (call $note_st (call $clock (i32.const 7) (i64.const 0) (i32.const 32)))
         (i32.const 1)",
    )]);
    host.worker(0).open(&Request::get("/"));
    host.advance(Duration::from_secs(3600));
    host.worker(0).open(&Request::get("/"));
    assert_eq!(notes(&host), [0, 1_000_000_000, 58, 0, 3_601_000_000_000, 58]);
}

#[test]
fn a_stream_that_nothing_resumes_comes_back_paused() {
    let host = host(&[("request_headers", "(i32.const 1)")]);
    let outcome = host.worker(0).exchange(Request::get("/"), |_| Response::new(200));
    assert_eq!(outcome.paused, Some(proxy_wasm_test_host::Direction::Request));
    assert_eq!((outcome.status(), outcome.upstream_request), (None, None));
}

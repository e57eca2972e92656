//! Injected statuses and bytes, and traps.

use proxy_wasm_test_host::{FailurePolicy, Injection, Request, Response, Status};

use crate::guest::{builder, host, logged, notes};

fn ok() -> Response {
    Response::new(200)
}

const READ_TWICE: &[(&str, &str)] = &[(
    "request_headers",
    "(call $note_st (call $get (i32.const 0) ':path' (i32.const 8) (i32.const 12))) (call $log_out)
     (call $note_st (call $get (i32.const 0) 'missing' (i32.const 8) (i32.const 12)))
     (i32.const 0)",
)];

#[test]
fn a_status_is_injected_into_the_nth_call_only() {
    let host = host(READ_TWICE);
    host.inject(Injection::on("proxy_get_header_map_value").nth(1).status(Status::InternalFailure));
    host.worker(0).exchange(Request::get("/a"), |_| ok());
    host.worker(0).exchange(Request::get("/b"), |_| ok());
    assert_eq!(notes(&host), [10, 1, 0, 1]);
    assert_eq!(host.clear_injections(), 1);
}

#[test]
fn bytes_are_injected_even_where_the_call_would_fail() {
    let host = host(READ_TWICE);
    host.inject(Injection::on("proxy_get_header_map_value").bytes("/injected"));
    host.worker(0).exchange(Request::get("/a"), |_| ok());
    assert_eq!(notes(&host), [0, 0]);
    assert_eq!(logged(&host), ["/injected"]);
    assert_eq!(host.clear_injections(), 2);
}

#[test]
fn every_call_can_be_made_to_fail_at_once() {
    let host = host(READ_TWICE);
    host.inject(Injection::on("*").status(Status::Unimplemented));
    host.worker(0).exchange(Request::get("/a"), |_| ok());
    assert_eq!(host.clear_injections(), 5, "two reads, two notes, one log line");
    assert_eq!((notes(&host), logged(&host)), (vec![], vec![]));
}

/// Traps on requests to `/t…`.
const TRAP: &[(&str, &str)] = &[(
    "request_headers",
    "(drop (call $get (i32.const 0) ':path' (i32.const 8) (i32.const 12)))
     (if (i32.eq (i32.load8_u offset=1 (i32.load (i32.const 8))) (i32.const 116)) (then unreachable))
     (i32.load8_u offset=1 (i32.load (i32.const 8)))
     (i32.eq (i32.const 112))",
)];

#[test]
fn after_a_trap_a_worker_fails_closed_and_others_go_on() {
    let host = builder(TRAP).workers(2).build().expect("starts");
    let paused = host.worker(0).open(&Request::get("/pause"));
    let trapped = host.worker(0).exchange(Request::get("/trap"), |_| ok());
    assert_eq!(
        (trapped.status(), trapped.details.as_deref()),
        (Some(503), Some("wasm_fail_stream"))
    );
    assert!(trapped.trap.is_some_and(
        |trap| trap.contains("proxy_on_request_headers") && trap.contains("unreachable")
    ));
    let later = host.worker(0).exchange(Request::get("/later"), |_| ok());
    assert_eq!((later.status(), later.upstream_request), (Some(503), None));
    assert_eq!(host.worker(1).exchange(Request::get("/other"), |_| ok()).status(), Some(200));
    assert!(!paused.is_ended(), "what was paused hangs");
    assert_eq!(host.traps().len(), 1);
}

#[test]
fn fail_open_skips_the_filter() {
    let host = builder(TRAP).failure_policy(FailurePolicy::FailOpen).build().expect("starts");
    for path in ["/trap", "/later"] {
        assert_eq!(
            host.worker(0).exchange(Request::get(path), |_| ok()).status(),
            Some(200),
            "{path}"
        );
    }
}

#[test]
fn a_trap_after_the_response_has_begun_resets_the_stream() {
    let host = host(&[("response_body", "unreachable")]);
    let outcome = host.worker(0).exchange(Request::get("/"), |_| ok().body("data"));
    assert!(outcome.reset);
    assert_eq!((outcome.status(), outcome.body()), (Some(200), &b""[..]));
}

//! Each pattern that kills a real Envoy is found; its harmless neighbours are not.

use std::time::Duration;

use proxy_wasm_test_host::{KillPattern, Request, Response, TestHost};

use crate::guest::{builder, host};

const REPLY: &str = "(drop (call $reply (i32.const 403) '' '' '' (i32.const -1)))";
const CLOSE: &str = "(drop (call $close (i32.const 0)))";

fn exchange(host: &TestHost) -> Option<KillPattern> {
    let outcome = host.worker(0).exchange(Request::get("/"), |_| Response::new(200));
    assert_eq!(outcome.death, host.death());
    outcome.death.map(|death| death.pattern)
}

fn in_request(actions: &str) -> Option<KillPattern> {
    exchange(&host(&[("request_headers", &format!("{actions} (i32.const 1)"))]))
}

#[test]
fn k1_an_action_while_the_stream_ends() {
    for action in [REPLY, CLOSE] {
        let done = host(&[("done", &format!("{action} (i32.const 1)"))]);
        assert_eq!(exchange(&done), Some(KillPattern::ActionInLog));
        assert_eq!(exchange(&host(&[("delete", action)])), Some(KillPattern::ActionInLog));
    }
    assert_eq!(exchange(&host(&[("log", REPLY)])), Some(KillPattern::ActionInLog));
    assert_eq!(exchange(&host(&[("log", CLOSE)])), Some(KillPattern::ActionInLog));
    assert_eq!(exchange(&host(&[("log", "(drop (call $set_property 'x' '1'))")])), None);
}

#[test]
fn k2_closing_twice() {
    assert_eq!(in_request(&format!("{CLOSE} {CLOSE}")), Some(KillPattern::CloseTwice));
    assert_eq!(
        in_request(&format!("{CLOSE} (drop (call $close (i32.const 1)))")),
        Some(KillPattern::CloseTwice)
    );
    assert_eq!(in_request(CLOSE), None);
    assert_eq!(in_request(&format!("{CLOSE} (drop (call $continue (i32.const 0)))")), None);
}

#[test]
fn k3_replying_and_closing() {
    assert_eq!(in_request(&format!("{REPLY} {CLOSE}")), Some(KillPattern::ReplyAndClose));
    assert_eq!(in_request(&format!("{CLOSE} {REPLY}")), Some(KillPattern::ReplyAndClose));
    assert_eq!(in_request(&format!("{REPLY} {REPLY}")), None);
}

#[test]
fn k4_resuming_a_response_that_has_not_begun() {
    assert_eq!(
        in_request("(drop (call $continue (i32.const 1)))"),
        Some(KillPattern::ContinueResponseTooEarly)
    );
    assert_eq!(in_request("(drop (call $continue (i32.const 0)))"), None);
    let late = host(&[("response_headers", "(drop (call $continue (i32.const 1))) (i32.const 0)")]);
    assert_eq!(exchange(&late), None);
}

#[test]
fn k5_a_grpc_call_without_a_target() {
    let call = |service: &str| {
        in_request(&format!(
            "(drop (call $grpc_call '{service}' 's' 'm' '' '' (i32.const 100) (i32.const 16)))"
        ))
    };
    assert_eq!(call(""), Some(KillPattern::GrpcWithoutTarget));
    assert_eq!(call("upstream"), None);
    assert_eq!(call("garbage"), None);
}

#[test]
fn k6_a_root_that_arms_its_first_tick_during_another_roots_tick() {
    // The first root ticks and pokes the second, which `$h` says whether to have armed before.
    let run = |second: &str| {
        let host = builder(&[
            ("configure", &format!("(if (i32.eq (local.get 0) (i32.const 1)) (then (drop (call $tick (i32.const 10)))) (else {second})) (i32.const 1)")),
            ("tick", "(if (i32.eqz (call $effective (i32.const 2))) (then (drop (call $tick (i32.const 5)))))"),
        ])
        .build()
        .expect("starts");
        host.update_config(b"second").expect("accepted");
        host.advance(Duration::from_millis(10));
        host.death().map(|death| death.pattern)
    };
    assert_eq!(run("(nop)"), Some(KillPattern::TickArmedDuringTick));
    assert_eq!(
        run("(drop (call $tick (i32.const 0)))"),
        None,
        "a tick of 0 in on_configure is the cure"
    );
}

#[test]
fn k7_a_header_that_splits_the_response_is_reported() {
    let run = |value: &str| {
        let host = host(&[(
            "response_headers",
            &format!("(drop (call $add (i32.const 2) 'x-a' '{value}')) (i32.const 0)"),
        )]);
        host.worker(0)
            .exchange(Request::get("/"), |_| Response::new(200))
            .invalid_response_headers
            .len()
    };
    assert_eq!((run("a\\r\\nset-cookie: b"), run("a\\0"), run("fine")), (1, 1, 0));
}

#[test]
fn nothing_runs_after_a_death() {
    let host = host(&[("request_headers", &format!("{CLOSE} {CLOSE} (i32.const 0)"))]);
    exchange(&host);
    let calls = host.counts().export("proxy_on_request_headers").calls;
    exchange(&host);
    assert_eq!(host.counts().export("proxy_on_request_headers").calls, calls);
    let text = host.death().map(|death| death.to_string()).unwrap_or_default();
    assert!(text.contains("K2") && text.contains("proxy_on_request_headers"), "{text}");
}

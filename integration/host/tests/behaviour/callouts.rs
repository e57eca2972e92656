//! HTTP and gRPC calls: answered, failed, timed out, refused.

use std::time::Duration;

use proxy_wasm_test_host::{Pairs, Request, Response, encode_pairs};

use crate::guest::{host, logged, notes};

fn request_pairs() -> String {
    encode_pairs(&[(":method", "GET"), (":path", "/check"), (":authority", "a")])
        .into_iter()
        .map(char::from)
        .collect()
}

fn http(cluster: &str, timeout: i32) -> String {
    format!(
        "(global.set $g (local.get 0))
         (call $note_st (call $http_call '{cluster}' '{}' 'q' '' (i32.const {timeout}) (i32.const 16))) (i32.const 1)",
        request_pairs()
    )
}

/// Notes the three sizes and the token, logs the body, lets the stream go on.
const ON_RESPONSE: (&str, &str) = (
    "http_call_response",
    "(call $note_st (local.get 1)) (call $note_st (local.get 2)) (call $note_st (local.get 3))
     (drop (call $get_body (i32.const 4) (i32.const 0) (i32.const 99) (i32.const 8) (i32.const 12)))
     (if (local.get 3) (then (call $log_out)))
     (drop (call $effective (global.get $g))) (drop (call $continue (i32.const 0)))",
);

#[test]
fn an_http_call_is_answered_and_the_stream_goes_on() {
    let host = host(&[("request_headers", &http("upstream", 100)), ON_RESPONSE]);
    let worker = host.worker(0);
    let stream = worker.open(&Request::get("/"));
    let calls = worker.http_calls();
    assert_eq!(
        (calls.len(), calls[0].cluster.as_str(), calls[0].body.as_slice()),
        (1, "upstream", &b"q"[..])
    );
    assert!(calls[0].headers.contains(&(b":path".to_vec(), b"/check".to_vec())));
    assert!(worker.answer_http(calls[0].token, &Response::new(200).header("x", "1").body("yes")));
    assert!(!worker.answer_http(calls[0].token, &Response::new(200)), "it is answered once");
    assert_eq!(notes(&host), [0, 4, 2, 3]);
    assert_eq!(logged(&host), ["yes"]);
    assert!(stream.outcome().upstream_request.is_some());
}

#[test]
fn an_http_call_fails_or_times_out() {
    let host = host(&[("request_headers", &http("upstream", 100)), ON_RESPONSE]);
    let worker = host.worker(0);
    worker.open(&Request::get("/"));
    assert!(worker.fail_http(4));
    worker.open(&Request::get("/"));
    host.advance(Duration::from_millis(100));
    assert_eq!(
        notes(&host),
        [0, 4, 0, 0, 0, 8, 3, 24],
        "no headers after a reset, a 504 after a timeout"
    );
    assert_eq!(logged(&host), ["upstream request timeout"]);
}

#[test]
fn an_http_call_to_an_unknown_cluster_is_refused() {
    let host = host(&[("request_headers", &http("nope", 100))]);
    host.worker(0).open(&Request::get("/"));
    assert_eq!(notes(&host), [2]);
    assert_eq!(host.worker(0).http_calls(), []);
}

fn grpc(service: &str, timeout: u32) -> String {
    format!(
        "(call $note_st (call $grpc_call '{service}' 'my.S' 'M' '' 'msg' (i32.const {timeout}) (i32.const 16))) (i32.const 1)"
    )
}

const ON_GRPC: [(&str, &str); 2] = [
    (
        "grpc_receive",
        "(drop (call $get_body (i32.const 5) (i32.const 0) (i32.const 99) (i32.const 8) (i32.const 12))) (call $log_out)",
    ),
    ("grpc_close", "(call $note_st (i32.add (i32.const 1000) (local.get 2)))"),
];

#[test]
fn a_grpc_call_gets_its_message_or_its_status() {
    let host = host(&[("request_headers", &grpc("upstream", 100)), ON_GRPC[0], ON_GRPC[1]]);
    let worker = host.worker(0);
    worker.open(&Request::get("/"));
    worker.open(&Request::get("/"));
    let calls = worker.grpc_calls();
    assert_eq!(
        calls.iter().map(|call| call.token).collect::<Vec<_>>(),
        [5, 9],
        "tokens of one kind are 4 apart"
    );
    assert_eq!((calls[0].service.as_str(), calls[0].method.as_str()), ("my.S", "M"));
    assert_eq!(calls[0].messages, [b"msg".to_vec()]);
    assert!(worker.grpc_message(5, b"answer"));
    assert!(worker.grpc_close(9, 7, "denied", &Pairs::new()));
    assert_eq!(logged(&host), ["answer"]);
    assert_eq!(notes(&host), [0, 0, 1007]);
}

#[test]
fn a_grpc_call_times_out_with_14_and_with_a_timeout_of_0_never() {
    let late = host(&[("request_headers", &grpc("upstream", 100)), ON_GRPC[1]]);
    late.worker(0).open(&Request::get("/"));
    late.advance(Duration::from_millis(99));
    assert_eq!(notes(&late), [0]);
    late.advance(Duration::from_millis(1));
    assert_eq!(notes(&late), [0, 1014]);

    let zero = host(&[("request_headers", &grpc("upstream", 0)), ON_GRPC[1]]);
    zero.worker(0).open(&Request::get("/"));
    zero.advance(Duration::from_secs(3600));
    assert_eq!(notes(&zero), [0]);
}

#[test]
fn a_grpc_service_that_is_unknown_is_refused_in_envoys_two_ways() {
    let status = |service: &str| {
        let host = host(&[("request_headers", &grpc(service, 100))]);
        host.worker(0).open(&Request::get("/"));
        notes(&host)
    };
    assert_eq!(status("nope"), [4], "a name that is no cluster is no message either");
    assert_eq!(status("\n\u{6}\n\u{4}nope"), [10], "a message that names an unknown cluster");
}

//! What workers share: data, queues, metrics; and what they do not: randomness.

use proxy_wasm_test_host::{Request, Response, VmRole};

use crate::guest::{builder, host, logged, notes};

fn ok() -> Response {
    Response::new(200)
}

#[test]
fn a_stale_cas_of_one_worker_is_refused_after_another_wrote() {
    // The path's second letter decides: r reads and keeps the cas, w writes it back.
    let host = builder(&[(
        "request_headers",
        "(drop (call $get (i32.const 0) ':path' (i32.const 8) (i32.const 12)))
         (if (i32.eq (i32.load8_u offset=1 (i32.load (i32.const 8))) (i32.const 114))
           (then
             (call $note_st (call $get_shared 'k' (i32.const 8) (i32.const 12) (i32.const 16)))
             (global.set $g (i32.load (i32.const 16))))
           (else (call $note_st (call $set_shared 'k' 'v' (global.get $g)))))
         (i32.const 0)",
    )])
    .workers(2)
    .build()
    .expect("starts");
    let send = |worker, path: &str| host.worker(worker).exchange(Request::get(path), |_| ok());

    host.set_shared_data("k", "seed");
    send(0, "/r");
    send(1, "/r");
    send(0, "/w");
    send(1, "/w");
    assert_eq!(notes(&host), [0, 0, 0, 8], "the second writer compares with an old number");
    assert_eq!(host.shared_data("k"), Some(b"v".to_vec()));
}

#[test]
fn a_gauge_counts_over_all_workers_and_wraps_below_zero() {
    let host = builder(&[
        ("configure", "(drop (call $define (i32.const 1) 'active' (i32.const 16))) (i32.const 1)"),
        ("request_headers", "(drop (call $inc (i32.const 5) (i64.const 1))) (i32.const 0)"),
        ("log", "(drop (call $inc (i32.const 5) (i64.const -3)))"),
    ])
    .workers(2)
    .build()
    .expect("starts");
    let first = host.worker(0).open(&Request::get("/"));
    let _second = host.worker(1).open(&Request::get("/"));
    assert_eq!(host.metric("active"), Some(2));
    first.disconnect();
    assert_eq!(host.metric("active"), Some(u64::MAX));
}

#[test]
fn a_queue_notifies_the_vm_that_registered_last() {
    let host = builder(&[
        ("configure", "(drop (call $register 'q' (i32.const 16))) (i32.const 1)"),
        ("request_headers", "(call $note_st (call $enqueue (i32.const 1) 'item')) (i32.const 0)"),
        (
            "queue_ready",
            "(call $note_st (call $dequeue (local.get 1) (i32.const 8) (i32.const 12))) (call $log_out)
             (call $note_st (call $dequeue (local.get 1) (i32.const 8) (i32.const 12)))",
        ),
    ])
    .workers(2)
    .build()
    .expect("starts");
    host.worker(0).exchange(Request::get("/"), |_| ok());
    assert_eq!(notes(&host), [0, 0, 7]);
    let line = host.logs().pop().expect("one line");
    assert_eq!((line.vm, line.message.as_str()), (VmRole::Worker(1), "item"));
}

#[test]
fn randomness_differs_per_vm_and_repeats_per_seed() {
    let draw = |seed| {
        let host = builder(&[(
            "configure",
            "(drop (call $random (i32.const 16) (i32.const 8))) (call $note (i64.load (i32.const 16))) (i32.const 1)",
        )])
        .workers(2)
        .seed(seed)
        .build()
        .expect("starts");
        notes(&host)
    };
    let drawn = draw(7);
    let mut distinct = drawn.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(
        (drawn.len(), distinct.len()),
        (4, 4),
        "canary, main and two workers, all different"
    );
    assert_eq!(drawn, draw(7));
    assert_ne!(drawn, draw(8));
}

#[test]
fn properties_become_filter_state_and_steer_the_route() {
    let host = builder(&[(
        "request_headers",
        "(call $note_st (call $set_property 'x' 'blue'))
         (call $note_st (call $get_property 'x' (i32.const 8) (i32.const 12))) (call $log_out)
         (call $note_st (call $call_foreign 'clear_route_cache' '' (i32.const 8) (i32.const 12)))
         (call $note_st (call $call_foreign 'nope' '' (i32.const 8) (i32.const 12)))
         (call $note_st (call $call_foreign 'mine' 'ab' (i32.const 8) (i32.const 12))) (call $log_out)
         (i32.const 0)",
    )])
    .foreign_function("mine", |argument| Ok(argument.iter().rev().copied().collect()))
    .router(|request| {
        let blue = request.filter_state.get("wasm.x").is_some_and(|value| value == b"blue");
        proxy_wasm_test_host::Route::to(if blue { "blue" } else { "green" })
    })
    .build()
    .expect("starts");
    let outcome = host.worker(0).exchange(Request::get("/"), |_| ok());
    assert_eq!(notes(&host), [0, 0, 0, 1, 0]);
    assert_eq!(logged(&host), ["blue", "ba"]);
    assert_eq!(outcome.route.map(|route| route.cluster), Some("blue".to_owned()));
    assert_eq!(outcome.route_cache_clears, 1);
    assert_eq!(outcome.filter_state.get("wasm.x"), Some(&b"blue".to_vec()));
}

#[test]
fn a_read_only_property_is_written_once() {
    // DeclarePropertyArguments {name: "ro", readonly: true}
    let host = host(&[
        (
            "configure",
            "(call $note_st (call $call_foreign 'declare_property' '\n\u{2}ro\u{10}\u{1}' (i32.const 0) (i32.const 0))) (i32.const 1)",
        ),
        (
            "request_headers",
            "(call $note_st (call $set_property 'ro' '1')) (call $note_st (call $set_property 'ro' '2')) (i32.const 0)",
        ),
    ]);
    host.worker(0).exchange(Request::get("/"), |_| ok());
    assert_eq!(notes(&host), [0, 0, 0, 0, 2]);
}

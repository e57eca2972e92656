//! What Envoy refuses to load, and why.

use proxy_wasm_test_host::{Engine, Injection, LoadError, Request, Response, TestHost, VmRole};

use crate::guest::{builder, logged, module};

fn engine_error(wat: &str) -> LoadError {
    let wasm = wat::parse_str(wat).expect("test modules are valid");
    match Engine::new(&wasm) {
        Ok(_) => panic!("the module was accepted"),
        Err(error) => error,
    }
}

fn build_error(callbacks: &[(&str, &str)]) -> LoadError {
    match builder(callbacks).build() {
        Ok(_) => panic!("the configuration was accepted"),
        Err(error) => error,
    }
}

#[test]
fn an_unknown_import_is_named() {
    let error = engine_error(
        r#"(module (import "env" "proxy_no_such_call" (func)) (memory (export "memory") 1))"#,
    );
    assert_eq!(
        error.to_string(),
        "import env.proxy_no_such_call: not part of proxy-wasm ABI 0.2.1"
    );
}

#[test]
fn an_import_with_another_signature_is_named() {
    let error = engine_error(
        r#"(module (import "env" "proxy_log" (func (param i64))) (memory (export "memory") 1))"#,
    );
    assert!(matches!(&error, LoadError::Import { name, .. } if name == "proxy_log"), "{error}");
}

#[test]
fn a_missing_or_wrong_export_is_refused() {
    let missing = |wat| match engine_error(wat) {
        LoadError::MissingExport(name) => name,
        other => panic!("{other}"),
    };
    assert_eq!(missing("(module)"), "memory");
    assert_eq!(missing(r#"(module (memory (export "memory") 1))"#), "proxy_on_memory_allocate");
    let rest = r#"(memory (export "memory") 1) (func (export "malloc") (param i32) (result i32) (local.get 0))"#;
    assert_eq!(missing(&format!("(module {rest})")), "proxy_abi_version_0_2_1");
    let wrong = engine_error(&format!(
        r#"(module {rest} (func (export "proxy_abi_version_0_2_1")) (func (export "proxy_on_log")))"#
    ));
    assert!(wrong.to_string().contains("proxy_on_log must take 1"), "{wrong}");
    assert!(matches!(Engine::new(b"no module"), Err(LoadError::InvalidModule(_))));
}

#[test]
fn a_trap_in_on_configure_is_an_error_with_its_text_and_the_log() {
    let error = build_error(&[(
        "configure",
        "(drop (call $log (i32.const 4) 'about to fail')) unreachable",
    )]);
    let LoadError::Trap { callback, message, logs } = &error else { panic!("{error}") };
    assert_eq!(*callback, "proxy_on_configure");
    assert!(message.contains("unreachable"), "{message}");
    assert_eq!(
        logs.iter().map(|line| line.message.as_str()).collect::<Vec<_>>(),
        ["about to fail"]
    );
    assert!(error.to_string().contains("about to fail"), "{error}");
}

#[test]
fn false_from_start_or_configure_is_refused_with_the_log() {
    let error =
        build_error(&[("configure", "(drop (call $log (i32.const 4) 'no')) (i32.const 0)")]);
    assert!(matches!(&error, LoadError::ConfigurationRejected(logs) if logs.len() == 1), "{error}");
}

/// A minimal module with one more export.
fn minimal(export: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
        (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
        (import "env" "proxy_get_property" (func $get (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 0) "plugin_name")
        (func (export "proxy_abi_version_0_2_1")) {export})"#
    );
    wat::parse_str(&text).expect("test modules are valid")
}

fn minimal_error(export: &str) -> String {
    let engine = Engine::new(&minimal(export)).expect("it loads");
    TestHost::builder(&engine).build().err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn an_engine_lists_imports_and_exports() {
    let engine = Engine::new(&minimal(
        r#"(func (export "malloc") (param i32) (result i32) (i32.const 64))"#,
    ))
    .expect("it loads");
    assert_eq!(
        engine.imports(),
        [
            "clock_time_get",
            "proxy_get_property",
            "proxy_set_tick_period_milliseconds",
            "random_get"
        ]
    );
    assert_eq!(engine.exports(), ["malloc", "memory", "proxy_abi_version_0_2_1"]);
}

#[test]
fn false_from_on_vm_start_is_refused() {
    let malloc = r#"(func (export "malloc") (param i32) (result i32) (i32.const 64))"#;
    let start = r#"(func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 0))"#;
    assert_eq!(minimal_error(&format!("{malloc} {start}")), "proxy_on_vm_start answered false");
}

/// Envoy fails a VM that calls more than WASI and log before it has started, or while it allocates for the host.
#[test]
fn host_calls_are_restricted_at_start_and_in_the_allocator() {
    let malloc = r#"(func (export "malloc") (param i32) (result i32) (i32.const 64))"#;
    let init = |body: &str| {
        minimal_error(&format!(r#"{malloc} (func (export "_initialize") (drop {body}))"#))
    };
    assert!(init("(call $tick (i32.const 1))").contains("restricted_callback"));
    assert_eq!(init("(call $clock (i32.const 0) (i64.const 0) (i32.const 32))"), "");

    assert_eq!(init("(call $random (i32.const 32) (i32.const 8))"), "");

    let reads = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
        (i32.eqz (call $get (i32.const 0) (i32.const 11) (i32.const 32) (i32.const 36))))"#;
    let calling = r#"(func (export "malloc") (param i32) (result i32) (drop (call $tick (i32.const 1))) (i32.const 64))"#;
    assert_eq!(minimal_error(&format!("{malloc} {reads}")), "");
    assert!(minimal_error(&format!("{calling} {reads}")).contains("restricted_callback"));
}

#[test]
fn on_configure_runs_in_canary_main_and_every_worker() {
    let host = builder(&[("configure", "(drop (call $log (i32.const 2) 'up')) (i32.const 1)")])
        .workers(2)
        .build()
        .expect("starts");
    let vms: Vec<VmRole> = host.logs().into_iter().map(|line| line.vm).collect();
    assert_eq!(vms, [VmRole::Canary, VmRole::Main, VmRole::Worker(0), VmRole::Worker(1)]);
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    let host = builder(&[("request_headers", "(loop $l (br $l)) (i32.const 0)")])
        .fuel_limit(100_000)
        .build()
        .expect("starts");
    let outcome = host.worker(0).exchange(Request::get("/"), |_| Response::new(200));
    assert_eq!(outcome.status(), Some(503));
    assert!(outcome.trap.is_some_and(|trap| trap.contains("fuel")));
}

#[test]
fn fuel_and_call_counts_are_the_same_on_every_run() {
    let run = || {
        let engine = Engine::new(&module(&[(
            "request_headers",
            "(drop (call $pairs (i32.const 0) (i32.const 8) (i32.const 12))) (i32.const 0)",
        )]))
        .expect("loads");
        let host = TestHost::builder(&engine).build().expect("starts");
        host.reset_counts();
        host.worker(0).exchange(Request::get("/"), |_| Response::new(200));
        host.counts()
    };
    let counts = run();
    assert_eq!(counts, run());
    assert_eq!((counts.host_total(), counts.host("proxy_get_header_map_pairs")), (1, 1));
    assert_eq!(counts.export("proxy_on_memory_allocate").calls, 1);
    let headers = counts.export("proxy_on_request_headers");
    assert_eq!(headers.calls, 1);
    assert!(headers.fuel > 3, "{headers:?}");
}

#[test]
fn a_configuration_update_adds_a_root_and_a_refused_one_changes_nothing() {
    // Refuses a configuration of one byte; logs its root id in each tick's place.
    let host = builder(&[
        ("configure", "(drop (call $tick (i32.const 10))) (i32.ne (local.get 1) (i32.const 1))"),
        ("tick", "(if (i32.eq (local.get 0) (i32.const 1)) (then (drop (call $log (i32.const 2) 'old'))) (else (drop (call $log (i32.const 2) 'new'))))"),
        ("done", "(drop (call $log (i32.const 2) 'done')) (i32.const 1)"),
    ])
    .plugin_config("first")
    .build()
    .expect("starts");
    assert!(matches!(host.update_config(b"x"), Err(LoadError::ConfigurationRejected(_))));
    host.update_config(b"second").expect("accepted");
    let ticks = |host: &TestHost| {
        host.take_logs();
        host.advance(std::time::Duration::from_millis(10));
        let mut lines = logged(host);
        lines.sort();
        lines
    };
    assert_eq!(ticks(&host), ["new", "new", "old", "old"], "main and one worker, two roots each");
    host.retire_old_configs();
    assert_eq!(ticks(&host), ["new", "new"]);
    assert_eq!(host.worker(0).live_contexts(), 1);
}

#[test]
fn an_injected_status_in_on_configure_reaches_the_module() {
    let host =
        builder(&[("request_headers", "(call $note_st (call $tick (i32.const 5))) (i32.const 0)")])
            .build()
            .expect("starts");
    host.inject(Injection::on("proxy_set_tick_period_milliseconds").status(77_u32));
    host.worker(0).exchange(Request::get("/"), |_| Response::new(200));
    assert_eq!(crate::guest::notes(&host), [77], "any number may be injected");
}

//! The proof that a death would be seen: a module that does close a stream twice.

use crate::in_envoy::patience;
use anyhow::Result;
use envoy_runner::{Client, Launch, Request, Upstream, WasmFilter, Wheel};
use integration::fixtures::{self, INGRESS};
use proxy_wasm_test_host::{Engine, KillPattern, Request as HostRequest, Response, TestHost};
use std::{env, fs, process};

/// ```wat
/// (module
///   (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
///   (memory (export "memory") 1)
///   (func (export "proxy_abi_version_0_2_1"))
///   (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
///   (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
///     (drop (call $close (i32.const 0)))
///     (drop (call $close (i32.const 0)))
///     (i32.const 1)))
/// ```
fn closes_twice() -> Vec<u8> {
    let types = b"\x03\x60\0\0\x60\x01\x7f\x01\x7f\x60\x03\x7f\x7f\x7f\x01\x7f";
    let imports = [&b"\x01"[..], &name("env"), &name("proxy_close_stream"), b"\0\x01"].concat();
    let exports = [
        &b"\x04"[..],
        &name("memory"),
        b"\x02\0",
        &name("proxy_abi_version_0_2_1"),
        b"\0\x01",
        &name("proxy_on_memory_allocate"),
        b"\0\x02",
        &name("proxy_on_request_headers"),
        b"\0\x03",
    ]
    .concat();
    let close = b"\x41\0\x10\0\x1a";
    let callback = sized(&[&b"\0"[..], close, close, b"\x41\x01\x0b"].concat());
    let code = [&b"\x03\x02\0\x0b\x05\0\x41\x80\x08\x0b"[..], &callback].concat();
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, types),
        section(2, &imports),
        section(3, b"\x03\0\x01\x02"),
        section(5, b"\x01\0\x01"),
        section(7, &exports),
        section(10, &code),
    ]
    .concat()
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id][..], &sized(content)].concat()
}

fn name(text: &str) -> Vec<u8> {
    sized(text.as_bytes())
}

/// Bytes after their length, in one or two digits of seven bits: nothing here is longer.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let low = (bytes.len() & 0x7f) as u8 | 0x80;
    let high = (bytes.len() >> 7) as u8;
    [&[low, high][..], bytes].concat()
}

#[test]
fn the_host_names_the_pattern() -> Result<()> {
    let host = TestHost::builder(&Engine::new(&closes_twice())?).build()?;
    host.worker(0).exchange(HostRequest::get("/"), |_| Response::new(200));
    let death = host.death().map(|death| (death.pattern, death.callback));
    assert_eq!(death, Some((KillPattern::CloseTwice, "proxy_on_request_headers")));
    Ok(())
}

#[test]
fn envoy_dies_of_it_and_the_check_sees_that() -> Result<()> {
    let module = env::temp_dir().join(format!("ballast-killer-{}.wasm", process::id()));
    fs::write(&module, closes_twice())?;
    let upstream = Upstream::start(|_| envoy_runner::Reply::ok(""))?;
    let listener = fixtures::ingress().filter(WasmFilter::new("killer", &module));
    let bootstrap = fixtures::in_front_of(&upstream, [listener]);
    let started = Launch::new(&Wheel::default_version()?, bootstrap.document()).start();
    fs::remove_file(&module)?;
    let mut envoy = started?;
    fixtures::unharmed(&mut envoy)?;
    let answer = Client::once(envoy.addr(INGRESS)?, &Request::get("/"))?;
    assert_eq!(answer.status, None);
    let status = envoy.wait_for_exit(patience())?;
    println!("a module that closes a stream twice: Envoy ended with {status}");
    assert!(!status.success());
    assert!(fixtures::unharmed(&mut envoy).is_err());
    Ok(())
}

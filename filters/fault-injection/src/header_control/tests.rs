use super::*;
use filter_api::{HeaderPairs, encode_pairs};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn with<T>(headers: &[(&str, &str)], read: impl Fn(&RequestHead<'_>) -> T) -> T {
    let bytes = encode_pairs(headers.iter().copied());
    read(&RequestHead::new(HeaderPairs::parse(&bytes)))
}

const HTTP: &str = "x-envoy-fault-abort-request";
const GRPC: &str = "x-envoy-fault-abort-grpc-request";

/// Each row was answered so by Envoy 1.40's own filter.
#[test]
fn an_abort_status_is_read_as_envoy_reads_it() {
    for (value, code) in [
        ("503", Some(503)),
        ("599", Some(599)),
        ("600", None),
        ("199", None),
        (" 404", Some(404)),
        ("+404", Some(404)),
        ("0404", Some(404)),
        ("-404", None),
        ("404x", None),
        ("404.0", None),
        ("", None),
    ] {
        let expected = code.map(RequestedAbort::Http);
        assert_eq!(with(&[(HTTP, value)], abort), expected, "{value:?}");
    }
}

#[test]
fn http_wins_over_grpc_if_it_is_valid() {
    assert_eq!(with(&[(GRPC, "5"), (HTTP, "503")], abort), Some(RequestedAbort::Http(503)));
    assert_eq!(with(&[(GRPC, "5"), (HTTP, "900")], abort), Some(RequestedAbort::Grpc(5)));
}

#[test]
fn a_grpc_status_is_any_32_bit_number() {
    for (value, code) in
        [("0", Some(0)), ("4294967295", Some(u32::MAX)), ("4294967296", None), ("-1", None)]
    {
        let expected = code.map(RequestedAbort::Grpc);
        assert_eq!(with(&[(GRPC, value)], abort), expected, "{value:?}");
    }
}

#[test]
fn only_the_first_value_counts() {
    assert_eq!(with(&[(HTTP, "501"), (HTTP, "502")], abort), Some(RequestedAbort::Http(501)));
    assert_eq!(with(&[(HTTP, "xx"), (HTTP, "502")], abort), None);
}

#[test]
fn a_delay_is_in_milliseconds_and_no_clock_overflows() {
    let name = "x-envoy-fault-delay-request";
    for (value, millis) in [
        ("300", Some(300)),
        ("0", None),
        ("-5", None),
        ("0.3", None),
        ("300ms", None),
        ("18446744073709551615", Some(u64::from(u32::MAX))),
        ("18446744073709551616", None),
    ] {
        assert_eq!(with(&[(name, value)], delay), millis.map(Duration::from_millis), "{value:?}");
    }
}

#[test]
fn a_throughput_is_in_kib_and_0_is_no_limit() {
    let name = "x-envoy-fault-throughput-response";
    for (value, bytes) in [("1", Some(1024)), ("0", None), ("x", None)] {
        assert_eq!(with(&[(name, value)], throughput), bytes, "{value:?}");
    }
    assert_eq!(with(&[(name, "18446744073709551615")], throughput), Some(u64::MAX));
}

#[test]
fn a_percentage_is_a_whole_number() {
    let name = "x-envoy-fault-abort-request-percentage";
    let read = |value| with(&[(name, value)], |request| percentage(request, Percentage::Abort));
    for (value, percent) in
        [("0", Some(0)), ("200", Some(200)), ("0.5", None), ("-1", None), ("4294967296", None)]
    {
        assert_eq!(read(value), percent, "{value:?}");
    }
    let other = |of| with(&[(name, "7")], |request| percentage(request, of));
    assert_eq!((other(Percentage::Delay), other(Percentage::Throughput)), (None, None));
}

#[test]
fn values_that_are_not_text_are_no_numbers() {
    let bytes = encode_pairs([(HTTP.as_bytes(), &b"50\xb3"[..])]);
    assert_eq!(abort(&RequestHead::new(HeaderPairs::parse(&bytes))), None);
}

use super::Duration;
use std::time;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn nanos(text: &str) -> Option<u128> {
    serde_json::from_value::<Duration>(text.into()).ok().map(|span| span.get().as_nanos())
}

#[test]
fn what_go_and_protobuf_write_is_read() {
    for (text, expected) in [
        ("7s", 7_000_000_000),
        ("7.000s", 7_000_000_000),
        ("0.5s", 500_000_000),
        (".5s", 500_000_000),
        ("1.s", 1_000_000_000),
        ("100ms", 100_000_000),
        ("1m", 60_000_000_000),
        ("1h2m3s", 3_723_000_000_000),
        ("1h2m3.4s5ms6us7ns", 3_723_405_006_007),
        ("250us", 250_000),
        ("250µs", 250_000),
        ("250μs", 250_000),
        ("0.000000001s", 1),
        ("0.0000000019s", 1),
        ("0.1h", 360_000_000_000),
        ("1.999999999999999999999999m", 119_999_999_999),
        ("0", 0),
        ("0s", 0),
        ("18446744073709551615ns", u64::MAX.into()),
    ] {
        assert_eq!(nanos(text), Some(expected), "{text}");
    }
}

#[test]
fn anything_else_is_refused() {
    for text in [
        "",
        " ",
        "7",
        "s",
        ".s",
        "-1s",
        "+1s",
        "1 s",
        " 1s",
        "1s ",
        "1e3s",
        "1d",
        "1S",
        "1s2",
        "1..5s",
        "0x1s",
        "١s",
        "1.5.s",
        "NaN",
        "infs",
        "18446744073709551616ns",
        "18446744073709551615ns1ns",
        "18446744074s",
        "5124096h",
        "99999999999999999999999999h",
        "1s\0",
    ] {
        assert_eq!(nanos(text), None, "{text:?}");
    }
    assert!(serde_json::from_str::<Duration>("7").is_err());
}

#[test]
fn the_greatest_span_is_exact() {
    let greatest = nanos("18446744073.709551615s");
    assert_eq!(greatest, Some(time::Duration::from_nanos(u64::MAX).as_nanos()));
    assert_eq!(nanos("18446744073.709551616s"), None);
}

//! Headers of several lines, which come back whole and in order.

use super::memory::{ID, Sidecar};
use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const PARENT: &str = "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01";

/// Both sides, with these fields on each.
fn sidecar(inbound: &str, outbound: &str) -> Sidecar {
    let config = |role: &str, fields: &str| {
        format!(
            r#"{{"propagate": ["x-ot-span-context", "end-user", "baggage"],
                "correlate": {{"role": "{role}"}}{fields}}}"#
        )
    };
    Sidecar::new(&config("INBOUND", inbound), &config("OUTBOUND", outbound))
}

/// The lines of a header, in order.
fn lines(headers: &Headers, name: &str) -> Vec<String> {
    headers.iter().filter(|(other, _)| other == name).map(|(_, line)| line.clone()).collect()
}

/// A context, a header of the format and two further ones, in two or three lines each.
fn many_lines() -> Headers {
    headers(&[
        ("x-request-id", ID),
        ("traceparent", PARENT),
        ("tracestate", "foo=1"),
        ("baggage", "a=1"),
        ("end-user", "jason"),
        ("tracestate", "bar=2,baz=3"),
        ("baggage", "b=2"),
        ("tracestate", "congo=4"),
        ("end-user", "a friend of his"),
    ])
}

/// What an outbound request goes on with, and how many headers were written.
fn outbound(sidecar: &mut Sidecar, request: &[(&str, &str)]) -> (Headers, usize) {
    let (after, writes, _) = sidecar.outbound.pass(&headers(request), &mut sidecar.env);
    (after, writes)
}

#[test]
fn several_lines_of_a_header_come_back_whole_and_in_order() {
    let mut sidecar = sidecar("", "");
    let _stream = sidecar.inbound(&many_lines());
    let (restored, writes) = outbound(&mut sidecar, &[("x-request-id", ID)]);
    for name in ["traceparent", "tracestate", "baggage", "end-user"] {
        assert_eq!(lines(&restored, name), lines(&many_lines(), name), "{name}");
    }
    assert_eq!((restored.len(), writes), (9, 8));
    assert_eq!(sidecar.count("requests_restored"), 1);
}

#[test]
fn a_part_of_the_lines_is_replaced_by_all_of_them() {
    let mut sidecar = sidecar("", r#", "overwrite": ["end-user", "baggage"]"#);
    let _stream = sidecar.inbound(&many_lines());
    let kept = [
        ("x-request-id", ID),
        ("tracestate", "foo=1"),
        ("end-user", "a friend of his"),
        ("end-user", "jason"),
        ("baggage", "a=1"),
        ("baggage", "b=2"),
    ];
    let (restored, writes) = outbound(&mut sidecar, &kept);
    for name in ["traceparent", "tracestate", "baggage", "end-user"] {
        assert_eq!(lines(&restored, name), lines(&many_lines(), name), "{name}");
    }
    assert_eq!(writes, 1 + 3 + 2, "baggage has all its lines and is not written");
}

#[test]
fn lines_of_the_application_stay_where_they_are_not_to_be_overwritten() {
    let mut sidecar = sidecar("", "");
    let _stream = sidecar.inbound(&many_lines());
    let own = [("x-request-id", ID), ("traceparent", PARENT), ("end-user", "a friend of his")];
    let (restored, writes) = outbound(&mut sidecar, &own);
    assert_eq!(lines(&restored, "end-user"), ["a friend of his"]);
    assert_eq!(lines(&restored, "tracestate"), [""; 0], "the context is the application's own");
    assert_eq!(lines(&restored, "baggage"), ["a=1", "b=2"]);
    assert_eq!(writes, 2);
}

#[test]
fn what_is_restored_is_held_to_the_rules_of_the_outbound_side() {
    // Lines are joined where the parent changes.
    let inject = r#", "inject": ["tracecontext"]"#;
    let new = r#", "inject": ["tracecontext"], "parentId": "NEW""#;
    for (fields, expected) in
        [(inject, &["foo=1", "bar=2,baz=3", "congo=4"][..]), (new, &["foo=1,bar=2,baz=3,congo=4"])]
    {
        let mut sidecar = sidecar("", fields);
        let _stream = sidecar.inbound(&many_lines());
        let (restored, _) = outbound(&mut sidecar, &[("x-request-id", ID)]);
        assert_eq!(lines(&restored, "tracestate"), expected);
    }

    // A list without a valid parent is nobody's.
    let mut orphaned = sidecar("", inject);
    let mut request = many_lines();
    request.retain(|(name, _)| name != "traceparent");
    let _stream = orphaned.inbound(&request);
    let (restored, _) = outbound(&mut orphaned, &[("x-request-id", ID)]);
    assert_eq!(lines(&restored, "tracestate"), [""; 0]);

    // Keys that may not leave do not leave by way of the memory.
    let mut guarded = sidecar("", r#", "baggage": {"allow": ["b"]}"#);
    let _stream = guarded.inbound(&many_lines());
    let (restored, _) = outbound(&mut guarded, &[("x-request-id", ID)]);
    assert_eq!(lines(&restored, "baggage"), ["b=2"]);
    assert_eq!(guarded.count("baggage_cut"), 1);

    // Nor does the opaque context leave a place that restarts the trace.
    let mut edge = sidecar("", r#", "trust": "RESTART", "baggage": {"allow": []}"#);
    let mut request = many_lines();
    request.push(("x-ot-span-context".to_owned(), "1;2;3;cs".to_owned()));
    let _stream = edge.inbound(&request);
    let (restored, _) = outbound(&mut edge, &[("x-request-id", ID)]);
    let left: Vec<&str> = restored.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(left, ["x-request-id", "end-user", "end-user"]);
}

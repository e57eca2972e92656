use super::*;
use filter_api::{HeaderName, HeaderPairs, HeaderValue, encode_pairs};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn template() -> ReplyTemplate {
    ReplyTemplate {
        details: "fault_injection.r.abort".to_owned(),
        body: b"fault filter abort".to_vec(),
        headers: vec![(HeaderName::new("x-a").unwrap(), HeaderValue::new("1").unwrap())],
    }
}

fn chosen(source: &AbortSource, headers: &[(&str, &str)]) -> Option<AbortAction> {
    let bytes = encode_pairs(headers.iter().copied());
    source.choose(&RequestHead::new(HeaderPairs::parse(&bytes)))
}

fn reply(source: &AbortSource, headers: &[(&str, &str)]) -> Rc<LocalReply> {
    match chosen(source, headers) {
        Some(AbortAction::Reply(reply)) => reply,
        other => panic!("{other:?}"),
    }
}

const GRPC: (&str, &str) = ("content-type", "application/grpc");

fn header(reply: &LocalReply, name: &str) -> Option<Vec<u8>> {
    let found = reply.headers().iter().find(|(other, _)| other.as_bytes() == name.as_bytes());
    found.map(|(_, value)| value.as_bytes().to_vec())
}

#[test]
fn a_known_grpc_status_is_the_hosts_to_send() {
    for code in [0, 14, 16] {
        let source = AbortSource::grpc(&template(), code).unwrap();
        let reply = reply(&source, &[]);
        assert_eq!(reply.grpc_status().map(u32::from), Some(code));
        assert_eq!((reply.status(), header(&reply, "grpc-status")), (200, None));
        assert!(!source.needs_request_headers());
    }
}

#[test]
fn an_unknown_grpc_status_is_told_to_grpc_clients_alone() {
    let source = AbortSource::grpc(&template(), u32::MAX).unwrap();
    assert!(source.needs_request_headers());
    let to_grpc = reply(&source, &[GRPC]);
    assert_eq!(header(&to_grpc, "grpc-status"), Some(b"4294967295".to_vec()));
    assert_eq!(header(&to_grpc, "content-type"), Some(b"application/grpc".to_vec()));
    let other = reply(&source, &[]);
    assert_eq!((other.status(), header(&other, "grpc-status")), (200, None));
    assert_eq!(header(&other, "content-type"), None);
}

#[test]
fn headers_choose_the_status_where_the_rule_lets_them() {
    let source = AbortSource::Header(template());
    assert_eq!(reply(&source, &[("x-envoy-fault-abort-request", "429")]).status(), 429);
    let grpc = reply(&source, &[("x-envoy-fault-abort-grpc-request", "7")]);
    assert_eq!((grpc.status(), grpc.grpc_status()), (200, Some(7)));
    assert_eq!(chosen(&source, &[("x-envoy-fault-abort-request", "600")]), None);
    assert_eq!(chosen(&source, &[]), None);
}

#[test]
fn a_reset_needs_nothing() {
    assert_eq!(chosen(&AbortSource::Reset, &[]), Some(AbortAction::Reset));
}

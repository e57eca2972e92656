use super::{Identity, Known, Peer};
use crate::Evidence;
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOTHING_ASSUMED: Evidence =
    Evidence { assume_verified_mtls: false, assume_direct_source_address: false };
const VERIFIED: Evidence = Evidence { assume_verified_mtls: true, ..NOTHING_ASSUMED };
const DIRECT: Evidence = Evidence { assume_direct_source_address: true, ..NOTHING_ASSUMED };

const URI: (&str, &[u8]) =
    ("connection.uri_san_peer_certificate", b"spiffe://TD.a/ns/tutorial/sa/customer");
const VALID: (&str, &[u8]) = ("connection.peer_certificate_valid", &[1]);
const INVALID: (&str, &[u8]) = ("connection.peer_certificate_valid", &[0]);
const MTLS: (&str, &[u8]) = ("connection.mtls", &[1]);
const PLAIN: (&str, &[u8]) = ("connection.mtls", &[0]);

fn env(properties: &[(&str, &[u8])]) -> SimEnvironment {
    let mut env = SimEnvironment::seeded(0);
    let owned = properties.iter().map(|(path, value)| ((*path).to_owned(), value.to_vec()));
    env.properties = owned.collect();
    env
}

fn identity(evidence: Evidence, properties: &[(&str, &[u8])]) -> Known<Identity> {
    Peer::new(evidence).identity(&mut env(properties)).clone()
}

#[test]
fn an_identity_counts_only_if_its_certificate_was_validated() {
    let expected = Identity {
        principal: b"td.a/ns/tutorial/sa/customer".to_vec(),
        trust_domain: b"td.a".to_vec(),
        namespace: Some(b"tutorial".to_vec()),
        service_account: Some(b"tutorial/customer".to_vec()),
    };
    for (evidence, properties, known) in [
        (NOTHING_ASSUMED, &[URI, VALID, MTLS][..], Known::Value(expected.clone())),
        (VERIFIED, &[URI, VALID, MTLS], Known::Value(expected.clone())),
        // Envoy says that it is not: it never was, or the TLS session was resumed.
        (NOTHING_ASSUMED, &[URI, INVALID, MTLS], Known::Nothing),
        (VERIFIED, &[URI, INVALID, MTLS], Known::Value(expected.clone())),
        (NOTHING_ASSUMED, &[INVALID, PLAIN], Known::Absent),
        (VERIFIED, &[INVALID, PLAIN], Known::Absent),
        // Before 1.39 it does not say.
        (NOTHING_ASSUMED, &[URI, MTLS], Known::Nothing),
        (VERIFIED, &[URI, MTLS], Known::Value(expected)),
        (NOTHING_ASSUMED, &[PLAIN], Known::Absent),
        (VERIFIED, &[PLAIN], Known::Absent),
        // Nothing can be read.
        (NOTHING_ASSUMED, &[URI], Known::Nothing),
        (NOTHING_ASSUMED, &[], Known::Nothing),
        (VERIFIED, &[], Known::Absent),
    ] {
        assert_eq!(identity(evidence, properties), known, "{evidence:?} {properties:?}");
        let is_verified = Peer::new(evidence).is_verified(&mut env(properties));
        assert_eq!(is_verified, matches!(known, Known::Value(_)), "{evidence:?} {properties:?}");
    }
}

#[test]
fn a_validated_certificate_without_a_readable_name_is_present() {
    for (uri, known) in [
        (&b"https://a/ns/b/sa/c"[..], Known::Present),
        (b"spiffe://a/ns//sa/c", Known::Present),
        (b"", Known::Absent),
    ] {
        let san = ("connection.uri_san_peer_certificate", uri);
        assert_eq!(identity(NOTHING_ASSUMED, &[san, VALID]), known, "{uri:?}");
        let is_verified = Peer::new(NOTHING_ASSUMED).is_verified(&mut env(&[san, VALID]));
        assert_eq!(is_verified, known == Known::Present, "{uri:?}");
    }
    assert_eq!(identity(NOTHING_ASSUMED, &[VALID]), Known::Absent);
}

#[test]
fn the_direct_peer_is_what_a_filter_in_front_tells_and_the_client_what_envoy_made_of_it() {
    let client = ("source.address", &b"[::ffff:8.8.8.8]:0"[..]);
    let ip = |text: &str| Known::Value(text.parse().unwrap());
    for (told, known) in [
        (&b"10.0.0.1"[..], ip("10.0.0.1")),
        (b"::ffff:10.0.0.1", ip("10.0.0.1")),
        (b"fe80::1%2", ip("fe80::1")),
        (b"/run/envoy.sock", Known::Nothing),
        (b"", Known::Nothing),
    ] {
        let direct = ("filter_state.ballast.direct_remote_address", told);
        let mut peer = Peer::new(NOTHING_ASSUMED);
        assert_eq!(*peer.direct_ip(&mut env(&[client, direct])), known, "{told:?}");
        assert_eq!(*peer.remote_ip(&mut env(&[client, direct])), ip("8.8.8.8"));
    }
    assert_eq!(*Peer::new(NOTHING_ASSUMED).direct_ip(&mut env(&[client])), Known::Nothing);
    assert_eq!(*Peer::new(DIRECT).direct_ip(&mut env(&[client])), ip("8.8.8.8"));
    let pipe = ("source.address", &b"/run/envoy.sock"[..]);
    assert_eq!(*Peer::new(DIRECT).direct_ip(&mut env(&[pipe])), Known::Nothing);
}

#[test]
fn what_was_asked_once_is_not_asked_again() {
    let mut peer = Peer::new(NOTHING_ASSUMED);
    let known = peer.identity(&mut env(&[URI, VALID])).clone();
    assert_eq!(*peer.identity(&mut env(&[])), known);
    let first = peer.request_principal(&mut env(&[])).clone();
    let iss = ("metadata.filter_metadata.envoy.filters.http.jwt_authn.payload.iss", &b"i"[..]);
    let sub = ("metadata.filter_metadata.envoy.filters.http.jwt_authn.payload.sub", &b"s"[..]);
    assert_eq!(first, Known::Absent);
    assert_eq!(*peer.request_principal(&mut env(&[iss, sub])), Known::Absent);
    let mut other = Peer::new(NOTHING_ASSUMED);
    assert_eq!(*other.request_principal(&mut env(&[iss, sub])), Known::Value(b"i/s".to_vec()));
}

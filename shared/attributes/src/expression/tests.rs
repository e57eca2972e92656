use super::Expression;
use crate::HeaderKey;
use filter_api::{
    Cas, Environment, Gauge, HeaderPairs, Permit, RequestHead, SharedDataError, UnixTime,
    encode_pairs,
};
use std::collections::BTreeMap;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A host with properties by their dotted paths, which notes what it was asked for.
#[derive(Default)]
struct Host {
    properties: BTreeMap<&'static str, Vec<u8>>,
    asked: Vec<String>,
}

impl Host {
    fn with(properties: &[(&'static str, &[u8])]) -> Self {
        let properties = properties.iter().map(|(path, value)| (*path, value.to_vec())).collect();
        Self { properties, asked: Vec::new() }
    }
}

impl Environment for Host {
    fn monotonic(&mut self) -> u64 {
        0
    }

    fn unix_time(&mut self) -> UnixTime {
        UnixTime(0)
    }

    fn random(&mut self) -> u64 {
        0
    }

    fn try_acquire(&mut self, _: Gauge, _: u64) -> Option<Permit> {
        None
    }

    fn property(&mut self, path: &[&str]) -> Option<Vec<u8>> {
        self.asked.push(path.join("."));
        self.properties.get(path.join(".").as_str()).cloned()
    }

    fn shared_data(&mut self, _: &str) -> Option<(Vec<u8>, Cas)> {
        None
    }

    fn set_shared_data(&mut self, _: &str, _: &[u8], _: Cas) -> Result<(), SharedDataError> {
        Err(SharedDataError::Host)
    }
}

fn request() -> Vec<u8> {
    encode_pairs([
        (&b":method"[..], &b"GET"[..]),
        (b":path", b"/a/b?page=1&q=x%20y&page=2&flag"),
        (b":authority", b"example.com:8080"),
        (b":scheme", b"https"),
        (b"x-request-id", b"id-1"),
        (b"end-user", b"jason\xff"),
        (b"end-user", b"second"),
        (b"x-empty", b""),
        (b"user-agent", b"curl"),
        (b"cookie", b"a=1; session=s=1"),
    ])
}

fn evaluate(text: &str, host: &mut Host) -> Option<Vec<u8>> {
    let expression = Expression::parse(text).unwrap();
    let bytes = request();
    let request = RequestHead::new(HeaderPairs::parse(&bytes));
    expression.evaluate(&request, host).map(|value| value.into_owned())
}

fn value(text: &str) -> Option<Vec<u8>> {
    evaluate(text, &mut Host::default())
}

#[test]
fn attributes_of_the_request_are_read() {
    for (text, expected) in [
        (r#"request.headers["end-user"]"#, Some(&b"jason\xff"[..])),
        ("request.headers['End-User']", Some(b"jason\xff")),
        ("request.headers[ end-user ]", Some(b"jason\xff")),
        ("request.headers[x-empty]", Some(b"")),
        ("request.headers[host]", Some(b"example.com:8080")),
        ("request.headers[:path]", Some(b"/a/b?page=1&q=x%20y&page=2&flag")),
        ("request.headers[content-length]", None),
        ("request.cookies[session]", Some(b"s=1")),
        ("request.cookies[Session]", None),
        ("request.query[page]", Some(b"1")),
        ("request.queryParams[\"q\"]", Some(b"x y")),
        ("request.query[flag]", Some(b"")),
        ("request.query[none]", None),
        ("request.path", Some(b"/a/b")),
        ("request.method", Some(b"GET")),
        ("request.host", Some(b"example.com:8080")),
        ("request.scheme", Some(b"https")),
        ("request.id", Some(b"id-1")),
        ("request.useragent", Some(b"curl")),
        ("request.referer", None),
        (r#""a | \"b\" \\""#, Some(br#"a | "b" \"#)),
    ] {
        assert_eq!(value(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn the_first_term_that_exists_wins_and_later_ones_are_not_asked_for() {
    let mut host = Host::with(&[("source.address", b"10.0.0.1:4321")]);
    let text = r#"request.headers["no"]|request.cookies['no'] | source.ip|"x""#;
    assert_eq!(evaluate(text, &mut host).unwrap(), b"10.0.0.1");
    assert_eq!(evaluate(text, &mut Host::default()).unwrap(), b"x");
    let mut host = Host::default();
    assert_eq!(evaluate("request.headers[x-empty] | source.ip", &mut host).unwrap(), b"");
    assert_eq!(host.asked, [""; 0]);
    assert_eq!(evaluate("source.ip | request.headers[no]", &mut host), None);
}

#[test]
fn attributes_of_the_host_are_read_as_text() {
    for (text, path, bytes, expected) in [
        ("source.ip", "source.address", &b"10.0.0.1:4321"[..], Some(&b"10.0.0.1"[..])),
        ("source.ip", "source.address", b"[2001:db8::1]:80", Some(b"2001:db8::1")),
        ("source.ip", "source.address", b"[::ffff:10.0.0.1]:80", Some(b"10.0.0.1")),
        ("remote.ip", "source.address", b"10.0.0.1:4321", Some(b"10.0.0.1")),
        ("source.ip", "source.address", b"/tmp/pipe:1", None),
        ("source.ip", "source.address", b"envoy://internal/", None),
        ("source.ip", "source.address", b"[2001:db8::1", None),
        ("source.ip", "source.address", b"10.0.0.1", None),
        ("source.ip", "source.address", b"1.2.3.4\xff:1", None),
        ("source.ip", "source.address", b"", None),
        ("destination.ip", "destination.address", b"10.0.0.2:80", Some(b"10.0.0.2")),
        ("source.port", "source.port", &4321_u64.to_le_bytes(), Some(b"4321")),
        ("source.port", "source.port", b"123", None),
        ("destination.port", "destination.port", &80_u64.to_le_bytes(), Some(b"80")),
        ("connection.mtls", "connection.mtls", b"\x01", Some(b"true")),
        ("connection.mtls", "connection.mtls", b"\x00", Some(b"false")),
        ("connection.mtls", "connection.mtls", b"", None),
        (
            "connection.requestedServerName",
            "connection.requested_server_name",
            b"a.b",
            Some(b"a.b"),
        ),
        ("connection.requestedServerName", "connection.requested_server_name", b"", None),
        (
            "source.principal",
            "connection.uri_san_peer_certificate",
            b"spiffe://a",
            Some(b"spiffe://a"),
        ),
        ("source.labels[\"app\"]", "filter_state.downstream_peer.labels.app", b"a", Some(b"a")),
        ("source.labels[app]", "filter_state.downstream_peer.app", b"a", Some(b"a")),
        ("source.labels.app", "downstream_peer.labels.app.value", b"a", Some(b"a")),
        ("source.labels[name]", "filter_state.downstream_peer.name", b"a", None),
        ("xds.node.metadata.LABELS.app", "xds.node.metadata.LABELS.app", b"a", Some(b"a")),
        (
            "xds.node.metadata.LABELS['k8s.io/x']",
            "xds.node.metadata.LABELS.k8s.io/x",
            b"a",
            Some(b"a"),
        ),
    ] {
        let mut host = Host::with(&[(path, bytes)]);
        assert_eq!(evaluate(text, &mut host).as_deref(), expected, "{text} {bytes:?}");
    }
}

/// Properties, and the attribute that is made of them.
type Made<'a> = (&'a str, &'a [(&'static str, &'a [u8])], Option<&'a [u8]>);

fn assert_made(table: &[Made<'_>]) {
    for (text, properties, expected) in table {
        let mut host = Host::with(properties);
        assert_eq!(evaluate(text, &mut host).as_deref(), *expected, "{text} of {properties:?}");
    }
}

#[test]
fn an_identity_is_taken_apart_unless_envoy_knows_it_is_not_verified() {
    const URI: (&str, &[u8]) =
        ("connection.uri_san_peer_certificate", b"spiffe://TD/ns/tutorial/sa/customer");
    const VALID: (&str, &[u8]) = ("connection.peer_certificate_valid", &[1]);
    const INVALID: (&str, &[u8]) = ("connection.peer_certificate_valid", &[0]);
    const PEER: (&str, &[u8]) = ("filter_state.downstream_peer.namespace", b"meta");
    const OTHER: (&str, &[u8]) = ("connection.uri_san_peer_certificate", b"https://a/ns/b/sa/c");
    assert_made(&[
        ("source.principal", &[URI, VALID], Some(URI.1)),
        ("source.principal", &[URI], Some(URI.1)),
        ("source.principal", &[URI, INVALID], None),
        ("source.principal", &[VALID], None),
        ("source.trustDomain", &[URI, VALID], Some(b"td")),
        ("source.trustDomain", &[OTHER, VALID], None),
        ("source.namespace", &[URI, VALID, PEER], Some(b"tutorial")),
        ("source.namespace", &[URI, INVALID, PEER], Some(b"meta")),
        ("source.namespace", &[OTHER], None),
        ("source.serviceAccount", &[URI, VALID], Some(b"tutorial/customer")),
        ("source.serviceAccount", &[URI, INVALID], None),
        ("source.workload", &[("filter_state.downstream_peer.workload", b"w")], Some(b"w")),
    ]);
}

#[test]
fn the_destination_is_the_clusters_service_or_this_workload() {
    const HOST: (&str, &[u8]) =
        ("xds.cluster_metadata.filter_metadata.istio.services.0.host", b"reviews.default");
    const OF_HOST: (&str, &[u8]) =
        ("xds.cluster_metadata.filter_metadata.istio.services.0.namespace", b"default");
    const OUTBOUND: (&str, &[u8]) = ("xds.listener_direction", &2_u64.to_le_bytes());
    const INBOUND: (&str, &[u8]) = ("xds.listener_direction", &1_u64.to_le_bytes());
    const OWN: (&str, &[u8]) = ("xds.node.metadata.NAMESPACE", b"own");
    const LABEL: (&str, &[u8]) = ("xds.node.metadata.LABELS.app", b"own");
    let cluster = |name: &'static [u8]| ("xds.cluster_name", name);
    assert_made(&[
        ("destination.service", &[HOST, cluster(b"outbound|80||other")], Some(b"reviews.default")),
        ("destination.service", &[cluster(b"outbound|80|v1|a.b")], Some(b"a.b")),
        ("destination.service", &[cluster(b"inbound|80||")], None),
        ("destination.service", &[cluster(b"outbound|80||")], None),
        ("destination.service", &[cluster(b"outbound|80||a|b")], None),
        ("destination.service", &[cluster(b"reviews")], None),
        ("destination.namespace", &[OF_HOST, OUTBOUND, OWN], Some(b"default")),
        ("destination.namespace", &[INBOUND, OWN], Some(b"own")),
        ("destination.namespace", &[OWN], Some(b"own")),
        ("destination.namespace", &[OUTBOUND, OWN], None),
        ("destination.labels[app]", &[INBOUND, LABEL], Some(b"own")),
        ("destination.labels[app]", &[OUTBOUND, LABEL], None),
        ("request.protocol", &[("request.protocol", b"HTTP/2")], Some(b"HTTP/2")),
        ("connection.sni", &[("connection.requested_server_name", b"a.b")], Some(b"a.b")),
    ]);
}

#[test]
fn claims_are_those_of_the_verified_token() {
    const ISSUER: (&str, &[u8]) =
        ("metadata.filter_metadata.envoy.filters.http.jwt_authn.payload.iss", b"https://i");
    const SUBJECT: (&str, &[u8]) =
        ("metadata.filter_metadata.envoy.filters.http.jwt_authn.payload.sub", b"s");
    const GROUP: (&str, &[u8]) =
        ("metadata.filter_metadata.envoy.filters.http.jwt_authn.payload.realm.role", b"r");
    const PARTY: (&str, &[u8]) =
        ("metadata.filter_metadata.envoy.filters.http.jwt_authn.payload.azp", b"p");
    assert_made(&[
        ("request.auth.principal", &[ISSUER, SUBJECT], Some(b"https://i/s")),
        ("request.auth.principal", &[ISSUER], None),
        ("request.auth.principal", &[SUBJECT], None),
        ("request.auth.presenter", &[PARTY], Some(b"p")),
        ("request.auth.claims[iss]", &[ISSUER], Some(b"https://i")),
        ("request.auth.claims[realm][\"role\"]", &[GROUP], Some(b"r")),
        ("request.auth.claims.iss", &[ISSUER], Some(b"https://i")),
    ]);
}

#[test]
fn every_value_of_the_first_term_that_exists_is_shown() {
    let mut host = Host::with(&[(
        "metadata.filter_metadata.envoy.filters.http.jwt_authn.payload.aud",
        b"\x02\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0a\0\0bb\0\0",
    )]);
    let bytes = request();
    let request = RequestHead::new(HeaderPairs::parse(&bytes));
    for (text, expected) in [
        ("request.headers[end-user] | request.path", &[&b"jason\xff"[..], b"second"][..]),
        ("request.headers[x-empty] | request.path", &[b""]),
        ("request.headers[no] | request.query[page]", &[b"1", b"2"]),
        ("request.query[q]", &[b"x y"]),
        ("request.cookies[no] | request.cookies[a] | \"x\"", &[b"1"]),
        ("request.path", &[b"/a/b"]),
        ("request.auth.audiences", &[b"a", b"bb"]),
        ("source.ip | \"none\"", &[b"none"]),
        ("source.ip", &[]),
    ] {
        let mut seen: Vec<Vec<u8>> = Vec::new();
        let expression = Expression::parse(text).unwrap();
        let exists = expression.visit(&request, &mut host, &mut |value| seen.push(value.to_vec()));
        assert_eq!(
            (exists, seen.as_slice()),
            (
                !expected.is_empty(),
                &*expected.iter().map(|value| value.to_vec()).collect::<Vec<_>>()
            ),
            "{text}"
        );
        let first = expression.evaluate(&request, &mut host).map(|value| value.into_owned());
        assert_eq!(first.as_ref(), seen.first(), "{text}");
    }
}

#[test]
fn anything_else_is_refused_with_what_is_allowed() {
    for (text, start) in [
        ("", "found ``, allowed is request.headers[..], "),
        ("request.heders[x]", "found `request.heders`, allowed is request.headers[..], "),
        ("request.headers", "found `request.headers`, allowed is request.headers[..], "),
        ("request.path[x]", "found `request.path`, allowed is "),
        ("source.ip[x]", "found `source.ip`, allowed is "),
        ("request.headers[a][b]", "found `request.headers[..][..]`, allowed is "),
        ("source.labels[a][b]", "found `source.labels[..][..]`, allowed is "),
        ("request.auth.claims", "found `request.auth.claims`, allowed is "),
        ("request.auth.claims[a][]", "found `[]`, allowed is [\"a key\"]"),
        ("source.labels", "found `source.labels`, allowed is "),
        ("source.labels.", "found `source.labels.`, allowed is "),
        ("request.headers[]", "found `[]`, allowed is [\"a key\"]"),
        ("request.headers[\"\"]", "found `[\"\"]`, allowed is [\"a key\"]"),
        ("request.headers[x", "found `[x`, allowed is [\"a key\"]"),
        ("request.headers[\"x]", "found `\"x]` without its closing quote"),
        ("request.headers[\"x\" y]", "found `[\"x\" y]`, allowed is [\"a key\"]"),
        ("request.headers[a b]", "found header `a b`, allowed is a header name"),
        ("request.headers[:status]", "found header `:status`, allowed is a header name"),
        ("\"x", "found `\"x` without its closing quote"),
        ("\"x\\\"", "found `\"x\\\"` without its closing quote"),
        ("source.ip source.port", "found `source.port`, allowed is | and a further term"),
        ("source.ip |", "found ``, allowed is "),
        ("| source.ip", "found `| source.ip`, allowed is "),
        ("\"x\" | source.ip", "found a term after a literal"),
        ("é", "found `é`, allowed is "),
    ] {
        let error = Expression::parse(text).unwrap_err();
        assert!(error.starts_with(start), "{text}: {error}");
    }
    let error = Expression::parse(&"é".repeat(1000)).unwrap_err();
    assert!(error.contains(&format!("`{}…`", "é".repeat(64))), "{error}");
}

#[test]
fn an_expression_cut_anywhere_inside_a_key_is_refused_without_panic() {
    let text = r#"request.headers["x-a"] | request.cookies['é\'"] '] | source.labels["ü"]"#;
    assert!(Expression::parse(text).is_ok());
    let whole_terms = [r#"request.headers["x-a"]"#.len(), text.find(" | source").unwrap()];
    for (end, _) in text.char_indices() {
        let cut = text.get(..end).unwrap();
        let is_whole = whole_terms.contains(&cut.trim_end().len());
        assert_eq!(Expression::parse(cut).is_ok(), is_whole, "{cut}");
    }
}

#[test]
fn headers_are_needed_only_where_a_term_reads_them() {
    for (text, needed) in [
        ("source.ip", false),
        ("source.ip | \"x\"", false),
        ("source.ip | request.path", true),
        ("request.cookies[a]", true),
        ("request.query[a]", true),
        ("request.id", true),
    ] {
        assert_eq!(Expression::parse(text).unwrap().needs_request_headers(), needed, "{text}");
    }
}

#[test]
fn nothing_exists_in_a_request_without_headers() {
    let request = RequestHead::default();
    for text in ["request.path", "request.method", "request.query[a]", "request.cookies[a]"] {
        let expression = Expression::parse(text).unwrap();
        assert_eq!(expression.evaluate(&request, &mut Host::default()), None, "{text}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn the_manual_knows_every_attribute() {
    let manual = include_str!("../../README.md");
    let error = Expression::parse("?").unwrap_err();
    let (_, allowed) = error.split_once("allowed is ").unwrap();
    let (names, _) = allowed.split_once(" or ").unwrap();
    for name in names.split(", ") {
        assert!(manual.contains(&format!("`{name}`")), "{name}");
    }
    assert!(names.split(", ").count() > 30, "{names}");
}

#[test]
fn an_expression_tells_where_it_looks() {
    for (text, header, host, identity) in [
        ("request.headers[X-App]", Some(&b"x-app"[..]), false, false),
        ("request.host", Some(b":authority"), false, false),
        ("request.headers[a] | request.headers[b]", None, false, false),
        ("request.path | \"/\"", None, false, false),
        ("source.ip", None, true, false),
        ("request.headers[a] | source.labels[app]", None, true, false),
        ("source.principal", None, true, true),
        ("\"\"", None, false, false),
        ("request.headers[a] | source.namespace", None, true, true),
        ("source.serviceAccount", None, true, true),
        ("source.trustDomain", None, true, true),
        ("request.auth.principal", None, true, false),
    ] {
        let expression = Expression::parse(text).unwrap();
        assert_eq!(expression.header().map(HeaderKey::as_bytes), header, "{text}");
        assert_eq!(expression.reads_host(), host, "{text}");
        assert_eq!(expression.reads_identity(), identity, "{text}");
    }
}

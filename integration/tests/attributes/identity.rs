//! Identities of certificates that were validated, and of such that were not; addresses.

use crate::{assert_lines, finish, lines, witness};
use anyhow::Result;
use envoy_runner::{
    Authority, Bootstrap, Certificate, Cluster, EnvoyProcess, HttpFilter, Launch, Listener,
    Request, Route, Wheel, upstream_tls,
};
use serde_json::{Value, json};

const CUSTOMER: &str = "URI:spiffe://Cluster.Local/ns/tutorial/sa/customer";

/// Tells what a module cannot learn.
const DIRECT_PEER: &str = r#"
name: direct-peer
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config
  on_request_headers:
  - object_key: ballast.direct_remote_address
    factory_key: envoy.string
    format_string: {text_format_source: {inline_string: "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"}}
"#;

/// Sources that ask about identities.
const SOURCES: [&str; 6] = [
    r#"{"principals": ["cluster.local/ns/tutorial/sa/customer"]}"#,
    r#"{"principals": ["*"]}"#,
    r#"{"notPrincipals": ["*"]}"#,
    r#"{"namespaces": ["tutorial"], "trustDomains": ["cluster.local"]}"#,
    r#"{"serviceAccounts": ["tutorial/other"]}"#,
    r#"{"principals": ["cluster.local/ns/*"]}"#,
];

fn config(sources: &[&str], evidence: &Value) -> Result<Value> {
    let sources =
        sources.iter().map(|source| Ok(json!({"source": serde_json::from_str::<Value>(source)?})));
    Ok(json!({"sources": sources.collect::<Result<Vec<_>>>()?, "evidence": evidence}))
}

/// A server that lets everybody in, and says whom it believes.
fn server(authority: &Authority, own: &Certificate, wheel: &Wheel) -> Result<EnvoyProcess> {
    let mut validation = authority.validation_context();
    if let Some(fields) = validation.as_object_mut() {
        fields.insert("trust_chain_verification".to_owned(), json!("ACCEPT_UNTRUSTED"));
    }
    let listener = |name: &str, evidence: Value| -> Result<Listener> {
        let filter = witness(&config(&SOURCES, &evidence)?)?;
        let route = Route::direct_response("/", 404, "");
        Ok(Listener::new(name).route(route).filter(filter))
    };
    let tls = own.downstream(Some(validation));
    let bootstrap = Bootstrap::new()
        .listener(listener("plain", json!({}))?)
        .listener(listener("tls", json!({}))?.transport_socket(tls.clone()))
        .listener(listener("vouched", json!({"assumeVerifiedMtls": true}))?.transport_socket(tls));
    Launch::new(wheel, bootstrap.document()).start()
}

/// A proxy whose listeners `<caller>-<listener>` call the server's listeners with the caller's
/// certificate.
fn callers(
    server: &EnvoyProcess,
    callers: &[(&str, Option<&Certificate>)],
    wheel: &Wheel,
) -> Result<EnvoyProcess> {
    let mut bootstrap = Bootstrap::new();
    for (caller, certificate) in callers {
        for target in ["tls", "vouched"] {
            let name = format!("{caller}-{target}");
            let cluster = Cluster::new(&name, server.addr(target)?)
                .merge(json!({"transport_socket": upstream_tls(*certificate)}))
                .merge(json!({"typed_extension_protocol_options": {
                    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": one_request(),
                }}));
            bootstrap = bootstrap
                .listener(Listener::new(&name).route(Route::cluster("/", &name)))
                .cluster(cluster);
        }
    }
    Launch::new(wheel, bootstrap.document()).start()
}

/// A connection for each request: from the second one on its TLS session is a resumed one.
fn one_request() -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "common_http_protocol_options": {"max_requests_per_connection": 1},
        "explicit_http_config": {"http_protocol_options": {}},
    })
}

#[test]
fn only_a_validated_certificate_is_an_identity() -> Result<()> {
    let wheel = Wheel::default_version()?;
    let (authority, stranger) = (Authority::new("ours")?, Authority::new("stranger")?);
    let server = server(&authority, &authority.issue("DNS:localhost")?, &wheel)?;
    let (customer, forged) = (authority.issue(CUSTOMER)?, stranger.issue(CUSTOMER)?);
    let known = [("customer", Some(&customer)), ("forged", Some(&forged)), ("nobody", None)];
    let proxy = callers(&server, &known, &wheel)?;

    let believed = ["Match", "Match", "NoMatch", "Match", "NoMatch", "Match"];
    let absent = ["Missing", "NoMatch", "Match", "Missing", "Missing", "Missing"];
    let unknown = ["Missing"; 6];
    // From 1.39 on Envoy tells whether a certificate was validated.
    let tells = wheel.at_least(1, 39);
    for (caller, on_tls, on_vouched) in [
        ("customer", if tells { believed } else { unknown }, believed),
        // Who vouches for a listener that accepts anything is believed.
        ("forged", unknown, believed),
        ("nobody", absent, absent),
    ] {
        for (target, expected) in [("tls", on_tls), ("vouched", on_vouched)] {
            let name = format!("{caller}-{target}");
            assert_lines(&SOURCES, &expected, &lines(&proxy, &name, &Request::get("/"))?)?;
        }
    }
    // Of a resumed session Envoy says that the certificate was not validated: that makes the caller
    // unknown, never one without an identity, who would pass what refuses an identity.
    let mut resumed = 0;
    for _ in 0..5 {
        let found = lines(&proxy, "customer-tls", &Request::get("/"))?;
        let is = |expected: &[&str]| found.iter().map(String::as_str).eq(expected.iter().copied());
        resumed += usize::from(is(&unknown));
        assert!(is(&believed) || is(&unknown), "{found:?}");
        let vouched = lines(&proxy, "customer-vouched", &Request::get("/"))?;
        assert_lines(&SOURCES, &believed, &vouched)?;
    }
    println!(
        "Envoy {}: {resumed} of 5 further connections are of nobody knows whom",
        wheel.version()
    );
    assert_lines(&SOURCES, &absent, &lines(&server, "plain", &Request::get("/"))?)?;
    finish(proxy)?;
    finish(server)
}

#[test]
fn the_client_may_be_made_up_and_the_direct_peer_may_not() -> Result<()> {
    const ADDRESSES: [&str; 4] = [
        r#"{"remoteIpBlocks": ["8.8.8.8"]}"#,
        r#"{"ipBlocks": ["127.0.0.0/8"]}"#,
        r#"{"ipBlocks": ["8.8.8.8"]}"#,
        r#"{"notIpBlocks": ["8.8.8.8"]}"#,
    ];
    let listener = |name: &str, evidence: Value| -> Result<Listener> {
        let route = Route::direct_response("/", 404, "");
        Ok(Listener::new(name).route(route).filter(witness(&config(&ADDRESSES, &evidence)?)?))
    };
    let told = Listener::new("told")
        .route(Route::direct_response("/", 404, ""))
        .filter(HttpFilter::from_yaml(DIRECT_PEER)?)
        .filter(witness(&config(&ADDRESSES, &json!({}))?)?);
    let edge = listener("edge", json!({"assumeDirectSourceAddress": true}))?
        .manager(json!({"use_remote_address": true}));
    let bootstrap =
        Bootstrap::new().listener(listener("plain", json!({}))?).listener(told).listener(edge);
    let envoy = Launch::new(&Wheel::default_version()?, bootstrap.document()).start()?;
    let request = Request::get("/").header("x-forwarded-for", "8.8.8.8");
    for (name, expected) in [
        ("plain", ["Match", "Missing", "Missing", "Missing"]),
        ("told", ["Match", "Match", "NoMatch", "Match"]),
        ("edge", ["NoMatch", "Match", "NoMatch", "Match"]),
    ] {
        assert_lines(&ADDRESSES, &expected, &lines(&envoy, name, &request)?)?;
    }
    finish(envoy)
}

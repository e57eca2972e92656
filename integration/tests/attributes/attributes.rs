//! Attribute expressions.

use crate::{assert_lines, finish, lines, witness};
use anyhow::Result;
use envoy_runner::{Bootstrap, Cluster, HttpFilter, Launch, Listener, Request, Route, Wheel};
use serde_json::{Value, json};

/// The cluster as Istio calls it, which is never reached.
const CLUSTER: &str = "outbound|80|v1|reviews.default.svc";

/// The claims of a verified token, where Envoy's `jwt_authn` leaves them; without its checks.
const CLAIMS: &str = r#"
name: claims
typed_config:
  "@type": type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config
  metadata:
  - metadata_namespace: envoy.filters.http.jwt_authn
    value:
      payload:
        {iss: "https://issuer", sub: alice, azp: app, aud: [a, bb], one: [x], none: [], realm: {role: [admin]}}
"#;

/// Expressions, and the values that each is expected to have on every listener.
const EXPECTED: [(&str, &str); 22] = [
    ("source.ip", "\t8.8.8.8"),
    ("remote.ip | \"no\"", "\t8.8.8.8"),
    ("destination.ip", "\t127.0.0.1"),
    ("connection.mtls", "\tfalse"),
    ("source.principal | source.trustDomain | source.namespace | source.serviceAccount", ""),
    ("source.workload | source.labels[app]", ""),
    ("connection.sni", ""),
    ("request.protocol", "\tHTTP/1.1"),
    ("request.useragent", "\tcurl"),
    ("request.headers[x-twice]", "\ta\tb"),
    ("request.query[q]", "\t1\t2"),
    ("destination.service", "\treviews.default.svc"),
    ("request.auth.principal", "\thttps://issuer/alice"),
    ("request.auth.audiences", "\ta\tbb"),
    ("request.auth.presenter", "\tapp"),
    ("request.auth.claims[one]", "\tx"),
    ("request.auth.claims[none] | \"empty\"", "\tempty"),
    ("request.auth.claims[realm][role]", "\tadmin"),
    ("request.auth.claims[realm]", ""),
    ("request.auth.claims[other]", ""),
    ("xds.node.metadata.LABELS.app", "\tproductpage"),
    ("xds.routeName", "\tto-reviews"),
];

/// Those that depend on the direction of the listener: inbound, then outbound.
const BY_DIRECTION: [(&str, &str, &str); 2] =
    [("destination.labels[app]", "\tproductpage", ""), ("destination.namespace", "\tshop", "")];

fn listener(name: &str, direction: &str, expressions: &[&str]) -> Result<Listener> {
    let route = Route::cluster("/", CLUSTER).merge(json!({"name": "to-reviews"}));
    let filter = witness(&json!({"expressions": expressions}))?;
    let listener = Listener::new(name).route(route).filter(HttpFilter::from_yaml(CLAIMS)?);
    Ok(listener.filter(filter).merge(json!({"traffic_direction": direction})))
}

fn bootstrap(metadata: Option<Value>, listeners: [Listener; 2]) -> Bootstrap {
    let nowhere = Cluster::new(CLUSTER, ([127, 0, 0, 1], 1).into());
    let cluster = nowhere.merge(json!({"metadata": {"filter_metadata": metadata}}));
    let node = json!({"LABELS": {"app": "productpage"}, "NAMESPACE": "shop"});
    let bootstrap = Bootstrap::new().cluster(cluster).merge(json!({"node": {"metadata": node}}));
    listeners.into_iter().fold(bootstrap, Bootstrap::listener)
}

fn request() -> Request {
    Request::get("/a?q=1&q=2")
        .header("x-forwarded-for", "9.9.9.9, 8.8.8.8")
        .header("user-agent", "curl")
        .header("x-twice", "a")
        .header("x-twice", "b")
}

#[test]
fn every_attribute_that_needs_no_mesh_is_what_it_is_said_to_be() -> Result<()> {
    let names: Vec<&str> = EXPECTED
        .map(|(name, _)| name)
        .into_iter()
        .chain(BY_DIRECTION.map(|(name, ..)| name))
        .collect();
    let listeners =
        [listener("inbound", "INBOUND", &names)?, listener("outbound", "OUTBOUND", &names)?];
    let document = bootstrap(None, listeners).document();
    let envoy = Launch::new(&Wheel::default_version()?, document).start()?;
    for (name, pick) in [("inbound", 0), ("outbound", 1)] {
        let by_direction =
            BY_DIRECTION.map(|(_, inbound, outbound)| if pick == 0 { inbound } else { outbound });
        let expected: Vec<&str> =
            EXPECTED.map(|(_, value)| value).into_iter().chain(by_direction).collect();
        assert_lines(&names, &expected, &lines(&envoy, name, &request())?)?;
    }
    finish(envoy)
}

#[test]
fn istios_metadata_of_a_cluster_names_the_destination_in_both_directions() -> Result<()> {
    let service = json!({"host": "ratings.other.svc", "name": "ratings", "namespace": "other"});
    let names = ["destination.service", "destination.namespace"];
    let listeners =
        [listener("inbound", "INBOUND", &names)?, listener("outbound", "OUTBOUND", &names)?];
    let metadata = json!({"istio": {"services": [service]}});
    let document = bootstrap(Some(metadata), listeners).document();
    let envoy = Launch::new(&Wheel::default_version()?, document).start()?;
    for name in ["inbound", "outbound"] {
        let found = lines(&envoy, name, &request())?;
        assert_lines(&names, &["\tratings.other.svc", "\tother"], &found)?;
    }
    finish(envoy)
}

//! What Envoy says of configurations: at start, in validation, and for listeners read from a file.

use std::time::Duration;

use envoy_runner::{
    Bootstrap, Client, Document, HttpFilter, Launch, Listener, Request, Route, StartError, Update,
    Validation, Wheel, header,
};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(10);

fn listener(status: u16) -> Listener {
    Listener::new("ingress").route(Route::direct_response("/", status, ""))
}

#[test]
fn a_refused_bootstrap_says_why() -> anyhow::Result<()> {
    let unknown = HttpFilter::from(json!({"name": "no.such.filter", "typed_config": {
        "@type": "type.googleapis.com/no.such.Filter"
    }}));
    let document = Bootstrap::new().listener(listener(200).filter(unknown)).document();
    let launch = Launch::new(&Wheel::default_version()?, document);
    let error = launch.start().unwrap_err();
    let refusal: &StartError = error.downcast_ref().unwrap();
    assert!(refusal.status.is_some_and(|status| !status.success()), "{error}");
    assert!(refusal.lines[0].contains("no.such.Filter"), "{error}");

    let Validation::Refused(lines) = launch.validate()? else { panic!("accepted") };
    assert!(lines[0].contains("no.such.Filter"), "{lines:?}");
    let fine = Bootstrap::new().listener(listener(200)).document();
    let fine = Launch::new(&Wheel::default_version()?, fine);
    assert_eq!(fine.validate()?, Validation::Accepted);
    Ok(())
}

#[test]
fn a_bootstrap_in_yaml_is_started_on_free_ports() -> anyhow::Result<()> {
    let document = Document::from_yaml(
        "
static_resources:
  listeners:
  - name: edge
    address: {socket_address: {address: 0.0.0.0, port_value: 1}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: edge
          route_config: {virtual_hosts: [{name: all, domains: ['*'], routes: [
            {match: {prefix: /}, direct_response: {status: 418}}]}]}
          http_filters: [{name: router, typed_config: {
            '@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]
",
    )?;
    let envoy = Launch::new(&Wheel::default_version()?, document.on_free_ports()).start()?;
    assert_eq!(Client::once(envoy.addr("edge")?, &Request::get("/"))?.status, Some(418));
    Ok(())
}

#[test]
fn listeners_from_a_file_are_replaced_or_kept() -> anyhow::Result<()> {
    let document = Bootstrap::new().listener(listener(201)).dynamic_listeners().document();
    let mut envoy = Launch::new(&Wheel::default_version()?, document).concurrency(2).start()?;
    let status = |envoy: &envoy_runner::EnvoyProcess| -> anyhow::Result<Option<u16>> {
        Ok(Client::once(envoy.addr("ingress")?, &Request::get("/"))?.status)
    };
    assert_eq!(status(&envoy)?, Some(201));
    assert_eq!(envoy.update_listeners(&[listener(202)], PATIENCE)?, Update::Accepted);
    assert_eq!(status(&envoy)?, Some(202));
    let bad = listener(203).manager(json!({"forward_client_cert_details": "NONSENSE"}));
    let Update::Rejected(lines) = envoy.update_listeners(&[bad], PATIENCE)? else {
        panic!("accepted")
    };
    assert!(lines.iter().any(|line| line.contains("NONSENSE")), "{lines:?}");
    assert_eq!(status(&envoy)?, Some(202));
    assert!(envoy.alive()?);
    Ok(())
}

#[test]
fn what_is_sent_is_what_the_builder_was_told() {
    let headers = Request::get("/").header("A", "1").header("a", "2").headers;
    assert_eq!(header(&headers, "a"), Some(&b"1"[..]));
    assert_eq!(headers.len(), 2);
}

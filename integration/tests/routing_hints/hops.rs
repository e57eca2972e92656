//! Two proxies that know nothing of each other choose alike.

use crate::{FILTER, INGRESS, V1, V2, Versions, by_header, of_user};
use anyhow::{Context, Result};
use envoy_runner::{Bootstrap, Client, Cluster, EnvoyProcess, Headers, Listener, Request, Route};
use integration::fixtures;
use serde_json::{Value, json};
use std::net::SocketAddr;

const USERS: usize = 300;

/// A split by user, or else by cookie, that writes `header`.
fn split(header: &str) -> Value {
    let variant =
        |name: &str| json!({"name": name, "weight": 50, "set": {"headers": {header: name}}});
    json!({"hintHeaders": [header], "rules": [{"name": "canary", "split": {
        "key": "request.headers[\"end-user\"]",
        "cookie": {"name": "canary", "secure": false},
        "variants": [variant("v1"), variant("v2")],
    }}]})
}

/// The first hop decides and tells in a header of its own; the second decides again, and routes.
struct Hops {
    versions: Versions,
    first: EnvoyProcess,
    second: EnvoyProcess,
}

impl Hops {
    fn start() -> Result<Self> {
        let versions = Versions::start()?;
        let bootstrap = versions.bootstrap().listener(by_header(INGRESS, &split("x-route"))?);
        let second = fixtures::start(&bootstrap, 2)?;
        let listener = Listener::new(INGRESS)
            .filter(fixtures::plugin(FILTER, &split("x-first"))?)
            .route(Route::cluster("/", "second"));
        let cluster = Cluster::new("second", second.addr(INGRESS)?);
        let first = fixtures::start(&Bootstrap::new().cluster(cluster).listener(listener), 2)?;
        Ok(Self { versions, first, second })
    }

    fn addr(&self) -> Result<SocketAddr> {
        self.first.addr(INGRESS)
    }

    /// Requests for which the first hop's choice was not the second's.
    fn disagreements(&self) -> usize {
        let (v1, v2) = (self.versions.v1.upstream.requests(), self.versions.v2.upstream.requests());
        let (v1, v2) = (v1.iter().map(|r| (r, &b"v1"[..])), v2.iter().map(|r| (r, &b"v2"[..])));
        v1.chain(v2)
            .filter(|(request, version)| request.header("x-first") != Some(*version))
            .count()
    }

    fn finish(mut self) -> Result<()> {
        for envoy in [&mut self.first, &mut self.second] {
            fixtures::unharmed(envoy)?;
            assert_eq!(envoy.stat("wasmcustom.routing_hints.host_errors")?, 0);
        }
        Ok(())
    }
}

#[test]
fn every_hop_gives_a_user_the_same_variant() -> Result<()> {
    let hops = Hops::start()?;
    let mut client = Client::connect(hops.addr()?)?;
    for user in 0..USERS {
        let answer = client.send(&of_user(user));
        assert!(matches!(answer.status, Some(V1 | V2)), "{answer:?}");
    }
    let seen = (hops.versions.v1.upstream.count(), hops.versions.v2.upstream.count());
    println!(
        "two hops: {} users on v1, {} on v2, {} disagreements",
        seen.0,
        seen.1,
        hops.disagreements()
    );
    assert_eq!(seen.0 + seen.1, USERS);
    assert!(seen.0 > USERS / 3 && seen.1 > USERS / 3, "{seen:?}");
    assert_eq!(hops.disagreements(), 0);
    hops.finish()
}

#[test]
fn a_user_who_is_new_gets_one_cookie_and_keeps_his_variant() -> Result<()> {
    let hops = Hops::start()?;
    let mut versions = [0; 2];
    for _ in 0..60 {
        let first = Client::once(hops.addr()?, &Request::get("/").header("cookie", "theme=dark"))?;
        let [cookie] = cookies(&first.headers)[..] else {
            anyhow::bail!("not one cookie: {:?}", first.headers)
        };
        let pair = cookie.split(|byte| *byte == b';').next().context("an empty cookie")?;
        let pair = [&b"theme=dark; "[..], pair].concat();
        for _ in 0..3 {
            let again = Client::once(hops.addr()?, &Request::get("/").header("cookie", &pair))?;
            assert_eq!(again.status, first.status, "another variant with the cookie");
            assert!(cookies(&again.headers).is_empty(), "{:?}", again.headers);
        }
        let is_v2 = first.status == Some(V2);
        if let Some(count) = versions.get_mut(usize::from(is_v2)) {
            *count += 1;
        }
    }
    println!("new users: {versions:?} on v1 and v2, {} disagreements", hops.disagreements());
    assert!(versions.iter().all(|count| *count >= 15), "{versions:?}");
    assert_eq!(hops.disagreements(), 0, "the next hop did not see the new cookie");
    assert_eq!(hops.first.stat("wasmcustom.routing_hints.rule.canary.cookies_issued")?, 60);
    assert_eq!(hops.second.stat("wasmcustom.routing_hints.rule.canary.cookies_issued")?, 0);
    hops.finish()
}

fn cookies(headers: &Headers) -> Vec<&[u8]> {
    let named = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"set-cookie"));
    named.map(|(_, value)| value.as_slice()).collect()
}

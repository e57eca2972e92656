//! The rows of the tutorials that are about access, each as one proxy or two.

use crate::{Served, filter};
use anyhow::Result;
use envoy_runner::{
    Authority, Bootstrap, Certificate, Client, Cluster, EnvoyProcess, Launch, Listener, Reply,
    Request, Route, Upstream, Wheel, upstream_tls,
};
use integration::fixtures;
use serde_json::{Value, json};

#[test]
fn row_15_what_leaves_is_blocked_unless_it_is_listed() -> Result<()> {
    let egress = |hosts: &[&str]| {
        json!({
            "reply": {"status": 404, "body": "no such host"},
            "rules": [{"name": "egress", "action": "ALLOW", "to": [{"operation": {"hosts": hosts}}]}],
        })
    };
    let call = |served: &Served| -> Result<(Option<u16>, String)> {
        let request = Request::get("/headers").authority("httpbin.org");
        let answer = Client::once(served.addr()?, &request)?;
        Ok((answer.status, answer.text()))
    };
    let before = Served::new(&egress(&["api.example.com"]), 2, |bootstrap| bootstrap)?;
    assert_eq!(call(&before)?, (Some(404), "no such host".to_owned()));
    assert_eq!(before.upstream.count(), 0);
    let after =
        Served::new(&egress(&["api.example.com", "httpbin.org"]), 2, |bootstrap| bootstrap)?;
    assert_eq!(call(&after)?, (Some(200), "upstream".to_owned()));
    println!("row 15: httpbin.org 404 before the rule, 200 after it");
    before.finish()?;
    after.finish()
}

#[test]
fn row_20_a_whitelist_of_applications() -> Result<()> {
    let config = json!({
        "namespace": "tutorial",
        "lists": [{
            "name": "preferencewhitelist",
            "value": "source.labels[\"app\"] | request.headers[\"x-app\"]",
            "overrides": ["recommendation"],
            "reply": {"status": 404},
        }],
    });
    let served = Served::new(&config, 2, |bootstrap| bootstrap)?;
    let answer = |app: &str| Client::once(served.addr()?, &Request::get("/").header("x-app", app));
    let refused = answer("customer")?;
    println!("row 20: customer {:?} {}", refused.status, refused.text());
    assert_eq!(refused.status, Some(404));
    assert_eq!(
        refused.text(),
        "NOT_FOUND:preferencewhitelist.listchecker.tutorial:customer is not whitelisted"
    );
    assert_eq!(answer("recommendation")?.text(), "upstream");
    assert_eq!(served.stat("list.preferencewhitelist.denied")?, 1);
    served.finish()
}

/// A server that asks for certificates, and proxies of callers that present one, or none.
struct Mesh {
    server: EnvoyProcess,
    proxy: EnvoyProcess,
    upstream: Upstream,
}

impl Mesh {
    fn new(config: &Value, untrusted: bool) -> Result<Self> {
        let wheel = Wheel::default_version()?;
        let (authority, stranger) = (Authority::new("mesh")?, Authority::new("stranger")?);
        let upstream = Upstream::start(|_| Reply::ok("preference"))?;
        let mut validation = authority.validation_context();
        if let (true, Some(fields)) = (untrusted, validation.as_object_mut()) {
            fields.insert("trust_chain_verification".to_owned(), json!("ACCEPT_UNTRUSTED"));
        }
        let tls = authority.issue("DNS:localhost")?.downstream(Some(validation));
        let listener = |name: &str| -> Result<Listener> {
            Ok(Listener::new(name).route(Route::cluster("/", "upstream")).filter(filter(config)?))
        };
        let listeners = [listener("mtls")?.transport_socket(tls), listener("plaintext")?];
        let server = fixtures::start(&fixtures::in_front_of(&upstream, listeners), 2)?;
        let id = |account: &str| format!("URI:spiffe://cluster.local/ns/tutorial/sa/{account}");
        let callers = [
            ("customer", Some(authority.issue(&id("customer"))?)),
            ("recommendation", Some(authority.issue(&id("recommendation"))?)),
            (
                "elsewhere",
                Some(authority.issue("URI:spiffe://other.example/ns/tutorial/sa/recommendation")?),
            ),
            ("forged", Some(stranger.issue(&id("recommendation"))?)),
            ("nobody", None),
        ];
        let mut bootstrap = Bootstrap::new();
        for (caller, certificate) in &callers {
            bootstrap = caller_of(bootstrap, caller, certificate.as_ref(), &server)?;
        }
        let proxy = Launch::new(&wheel, bootstrap.document()).start()?;
        Ok(Self { server, proxy, upstream })
    }

    /// Status and body of a call of `caller`.
    fn call(&self, caller: &str) -> Result<(Option<u16>, String)> {
        let addr = match caller {
            "plaintext" => self.server.addr("plaintext")?,
            _ => self.proxy.addr(caller)?,
        };
        let answer = Client::once(addr, &Request::get("/"))?;
        Ok((answer.status, answer.text()))
    }

    fn finish(mut self) -> Result<()> {
        fixtures::unharmed(&mut self.server)
    }
}

fn caller_of(
    bootstrap: Bootstrap,
    name: &str,
    certificate: Option<&Certificate>,
    server: &EnvoyProcess,
) -> Result<Bootstrap> {
    let cluster = Cluster::new(name, server.addr("mtls")?)
        .merge(json!({"transport_socket": upstream_tls(certificate)}));
    let listener = Listener::new(name).route(Route::cluster("/", name));
    Ok(bootstrap.listener(listener).cluster(cluster))
}

#[test]
fn row_19_the_customer_is_denied() -> Result<()> {
    let config = json!({
        "namespace": "tutorial",
        "rules": [{
            "name": "denycustomerhandler",
            "action": "DENY",
            "from": [{"source": {"principals": ["cluster.local/ns/tutorial/sa/customer"]}}],
        }],
    });
    let mesh = Mesh::new(&config, false)?;
    let refused = "PERMISSION_DENIED:denycustomerhandler.denier.tutorial:Not allowed";
    assert_eq!(mesh.call("customer")?, (Some(403), refused.to_owned()));
    assert_eq!(mesh.call("recommendation")?, (Some(200), "preference".to_owned()));
    // Of a caller without a certificate nobody knows that it is not the customer.
    assert_eq!(mesh.call("plaintext")?, (Some(403), refused.to_owned()));
    assert_eq!(mesh.upstream.count(), 1);
    println!("row 19: customer 403 {refused}; recommendation 200; plaintext 403");
    mesh.finish()
}

#[test]
fn row_25_plaintext_and_unknown_principals_are_refused() -> Result<()> {
    let config = json!({
        "rules": [{
            "name": "friends",
            "action": "ALLOW",
            "from": [{"source": {"principals": ["cluster.local/ns/tutorial/sa/recommendation"]}}],
        }],
    });
    // The listener lets every certificate in, so that the filter alone decides.
    let mesh = Mesh::new(&config, true)?;
    let calls = [
        ("recommendation", 200),
        ("customer", 403),
        ("elsewhere", 403),
        ("forged", 403),
        ("nobody", 403),
        ("plaintext", 403),
    ];
    for (caller, status) in calls {
        let (found, text) = mesh.call(caller)?;
        println!("row 25: {caller} {found:?} {text}");
        assert_eq!(found, Some(status), "{caller}");
    }
    assert_eq!(mesh.upstream.count(), 1);
    mesh.finish()
}

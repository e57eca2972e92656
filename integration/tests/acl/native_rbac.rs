//! Configured alike, the filter and Envoy's own RBAC give the same verdict, but where ours is stricter
//! and says so in its manual.

use crate::filter;
use anyhow::Result;
use envoy_runner::{Client, HttpFilter, Listener, Reply, Request, Route, Upstream};
use integration::fixtures;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const PATHS: [(&str, Option<&str>); 26] = [
    ("/", None),
    ("/index.html", None),
    ("/admin", None),
    ("/admin/", Some("slash at the end")),
    ("/admin/users", None),
    ("/administrator", None),
    ("/api/reviews", None),
    ("/api/reviews?next=/admin", None),
    ("/api", None),
    ("/api/", None),
    ("/v1/a/x/b/c", None),
    ("/v1/a/x/", None),
    ("/v1/a/x", None),
    ("/v1/a/b/x/c", None),
    ("/v1//x/c", Some("path read differently")),
    ("/other", None),
    ("/api/a%20b", None),
    ("/%61dmin", Some("path read differently")),
    ("//admin", Some("path read differently")),
    ("/api/../admin", Some("path read differently")),
    ("/api/%2e%2e/admin", Some("path read differently")),
    ("/api/..;/admin", Some("path read differently")),
    ("/api/x;v=1", Some("path read differently")),
    ("/api/%2fadmin", Some("path read differently")),
    ("/api/x/./y", Some("path read differently")),
    ("/admin.", Some("path read differently")),
];

const METHODS: [&str; 4] = ["GET", "PUT", "POST", "DELETE"];

const HOSTS: [&str; 5] = [
    "shop.example",
    "db.internal.example",
    "DB.Internal.Example",
    "db.internal.example:8080",
    "internal.example",
];

type Fields = &'static [(&'static str, &'static str)];

const HEADERS: [(Fields, Option<&str>); 10] = [
    (&[], None),
    (&[("x-app", "customer")], None),
    (&[("x-app", "Customer")], None),
    (&[("x-app", "test-1")], None),
    (&[("x-app", "recommendation"), ("x-app", "customer")], None),
    (&[("x-app", "")], None),
    (&[("x-app", "recommendation, customer")], Some("members between commas")),
    (&[("x-vip", "")], None),
    (&[("x-vip", "1"), ("x-app", "test-")], None),
    (&[("x-vip", "1"), ("x-vip", "2")], None),
];

const CLIENTS: [(&str, Option<&str>); 7] = [
    ("198.51.100.7", None),
    ("10.66.1.2", None),
    ("192.0.2.200", None),
    ("2001:db8:bad::1", None),
    ("2001:db8:1::1", None),
    ("::ffff:10.66.1.2", Some("IPv4 in IPv6's clothes")),
    ("203.0.113.9, 10.66.1.2", None),
];

fn ours() -> Value {
    json!({"rules": [
        {"name": "app", "action": "DENY", "when": [{"key": "request.headers[x-app]", "values": ["customer", "test-*"]}]},
        {"name": "admin", "action": "DENY", "to": [{"operation": {"paths": ["/admin", "/admin/*"]}}]},
        {"name": "delete", "action": "DENY", "to": [{"operation": {"methods": ["DELETE"], "hosts": ["*.internal.example"]}}]},
        {"name": "net", "action": "DENY", "from": [{"source": {"remoteIpBlocks": ["10.66.0.0/16", "2001:db8:bad::/48"]}}]},
        {"name": "api", "action": "ALLOW", "to": [{"operation": {
            "methods": ["GET", "PUT"], "paths": ["/", "/api/*", "/v1/{*}/x/{**}"]}}]},
        {"name": "vip", "action": "ALLOW", "when": [{"key": "request.headers[x-vip]", "values": ["*"]}]},
        {"name": "inside", "action": "ALLOW", "from": [{"source": {"remoteIpBlocks": ["192.0.2.0/24"]}}]},
    ]})
}

/// The same in the words of Envoy's RBAC filter, as Istio would write it: denials, then permissions.
fn native() -> Vec<HttpFilter> {
    let header = |name: &str, matching: Value| {
        let mut field = json!({"name": name});
        if let (Some(field), Some(matching)) = (field.as_object_mut(), matching.as_object()) {
            field.extend(matching.clone());
        }
        json!({"header": field})
    };
    let path = |matching: Value| json!({"url_path": {"path": matching}});
    let method = |name: &str| header(":method", json!({"string_match": {"exact": name}}));
    let policy = |permissions: Value, principals: Value| json!({"permissions": permissions, "principals": principals});
    let (any, one) = (json!([{"any": true}]), |rule: Value| json!([rule]));
    let remote = |prefix: &str, length: u32| json!({"remote_ip": {"address_prefix": prefix, "prefix_len": length}});
    let host = json!({"safe_regex_match": {"regex": r"(?i)[^:]*\.internal\.example(:\d+)?"}});
    let deny = json!({
        "app": policy(json!([
            header("x-app", json!({"string_match": {"exact": "customer"}})),
            header("x-app", json!({"string_match": {"prefix": "test-"}})),
        ]), any.clone()),
        "admin": policy(json!([path(json!({"exact": "/admin"})), path(json!({"prefix": "/admin/"}))]), any.clone()),
        "delete": policy(one(json!({"and_rules": {"rules": [method("DELETE"), header(":authority", host)]}})), any.clone()),
        "net": policy(any.clone(), json!([remote("10.66.0.0", 16), remote("2001:db8:bad::", 48)])),
    });
    let template = json!({"uri_template": {
        "name": "envoy.path.match.uri_template.uri_template_matcher",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig",
            "path_template": "/v1/*/x/**",
        },
    }});
    let paths = [path(json!({"exact": "/"})), path(json!({"prefix": "/api/"})), template];
    let allow = json!({
        "api": policy(one(json!({"and_rules": {"rules": [
            {"or_rules": {"rules": [method("GET"), method("PUT")]}},
            {"or_rules": {"rules": paths}},
        ]}})), any.clone()),
        "vip": policy(one(header("x-vip", json!({"present_match": true}))), any.clone()),
        "inside": policy(any, json!([remote("192.0.2.0", 24)])),
    });
    let rbac = |action: &str, policies: Value| {
        HttpFilter::from(json!({"name": format!("rbac-{action}"), "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
            "rules": {"action": action, "policies": policies},
        }}))
    };
    vec![rbac("DENY", deny), rbac("ALLOW", allow)]
}

/// The `n`th of a list that begins again at its end.
fn pick<T>(list: &[T], n: usize) -> Option<&T> {
    list.iter().cycle().nth(n)
}

/// Requests with why our verdict on them may be stricter.
fn requests() -> Vec<(Request, Option<&'static str>)> {
    let mut requests = Vec::new();
    for (n, (path, odd_path)) in PATHS.iter().enumerate() {
        for (m, method) in METHODS.iter().enumerate() {
            for step in 0..7 {
                // Every pair of values of any two lists occurs; a step of its own for each list.
                let (Some(host), Some((fields, odd_field)), Some((client, odd_client))) = (
                    pick(&HOSTS, n + m + step),
                    pick(&HEADERS, 3 * n + m + 3 * step),
                    pick(&CLIENTS, n + 2 * m + 5 * step),
                ) else {
                    continue;
                };
                let mut request = Request::get(path)
                    .method(method)
                    .authority(host)
                    .header("x-forwarded-for", client);
                for (name, value) in *fields {
                    request = request.header(name, value);
                }
                requests.push((request, odd_path.or(*odd_field).or(*odd_client)));
            }
        }
    }
    requests
}

#[test]
fn the_verdicts_are_those_of_envoys_rbac_or_stricter() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::ok("upstream"))?;
    // One hop in front is trusted: the client is the last of x-forwarded-for.
    let hops = json!({"use_remote_address": true, "xff_num_trusted_hops": 1});
    let listener = |name: &str| {
        Listener::new(name).route(Route::cluster("/", "upstream")).manager(hops.clone())
    };
    let natives = native().into_iter().fold(listener("native"), Listener::filter);
    let listeners = [listener("ours").filter(filter(&ours())?), natives];
    let mut envoy = fixtures::start(&fixtures::in_front_of(&upstream, listeners), 1)?;
    let (mut by_us, mut by_native) =
        (Client::connect(envoy.addr("ours")?)?, Client::connect(envoy.addr("native")?)?);
    let (mut same, mut stricter, mut denied) = (0, BTreeMap::<&str, u32>::new(), 0);
    let requests = requests();
    for (request, reason) in &requests {
        let (ours, native) = (by_us.send(request).status, by_native.send(request).status);
        denied += u32::from(native == Some(403));
        match (ours, native, reason) {
            _ if ours == native && ours.is_some() => same += 1,
            (Some(403), Some(200), Some(reason)) => *stricter.entry(reason).or_default() += 1,
            _ => anyhow::bail!("{request:?}: {ours:?}, but {native:?} by Envoy's RBAC"),
        }
    }
    println!(
        "native RBAC: {} requests, {denied} denied by it; {same} verdicts the same, stricter: {stricter:?}",
        requests.len()
    );
    assert!(requests.len() >= 300 && denied > 100 && same > 500, "{same}");
    fixtures::unharmed(&mut envoy)
}

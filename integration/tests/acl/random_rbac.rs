//! Random policies and random requests, from a fixed seed: our verdict is not laxer than that of Envoy's
//! RBAC with the same policy, but for an IPv4 address in IPv6's clothes, and where they differ the manual
//! says why.

use crate::filter;
use anyhow::{Result, ensure};
use envoy_runner::{Client, HttpFilter, Listener, Reply, Request, Route, Upstream};
use filter_api::Environment as _;
use filter_testing::SimEnvironment;
use integration::fixtures;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const POLICIES: usize = 16;
const REQUESTS: usize = 200;

const NAMES: [&str; 3] = ["x-a", "x-b", "user-agent"];
const VALUES: [&str; 6] = ["a", "b", "ab", "ba", "", "A"];
const JOINED: [&str; 3] = ["a, b", "b,ab", "ba , a"];
const TEXTS: [&str; 6] = ["a", "b", "a*", "*b", "*", "ab"];
const METHODS: [&str; 4] = ["GET", "PUT", "POST", "DELETE"];
const PATHS: [&str; 11] =
    ["/", "/a", "/a/b", "/a/b?q=/a", "/ab", "/b", "/b/a", "/B", "/a?x=%2e", "/b/c", "/a#b"];
const ODD_PATHS: [&str; 15] = [
    "/a/",
    "/b/c/",
    "/%61",
    "/a/%2e%2e/b",
    "/b/../a",
    "//a",
    "/b//a",
    "/b/%2fa",
    "/b/;x/a",
    "/b/..;/a",
    "/a;v=1",
    "/b/./a",
    "/a.",
    "/%2561",
    "/b/%5Ca",
];
const PATH_TEXTS: [&str; 6] = ["/a", "/a/*", "/b", "/b/*", "/*", "*a"];
const HOSTS: [&str; 7] = [
    "a.example",
    "A.Example",
    "a.example:8080",
    "a.example.",
    "b.a.example",
    "B.a.example:1",
    "xa.example",
];
const CLIENTS: [&str; 5] =
    ["198.51.100.7", "10.66.1.2", "2001:db8:bad::1", "2001:db8:1::1", "10.66.1.2, 203.0.113.9"];

const NETS: [(&str, u32); 2] = [("10.66.0.0", 16), ("2001:db8:bad::", 48)];
const MAPPED: &str = "IPv4 in IPv6's clothes";

/// What makes a verdict another, and how the manual puts it.
const DOCUMENTED: [(&str, &str); 5] = [
    (
        "repeated header",
        "of a repeated header, one line that is not among `notValues` for a `DENY`",
    ),
    ("members between commas", "members between commas of a header for a `DENY`"),
    ("path read differently", "reading for a `DENY` and in all for an `ALLOW`"),
    ("host with a user", "a host with a user before an `@`"),
    (MAPPED, "an `ALLOW` of `10.0.0.0/8` is one of `::ffff:10.0.0.1` too"),
];

/// Numbers of a seed.
struct Draws(SimEnvironment);

impl Draws {
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.0.random() % bound as u64).unwrap_or_default()
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn pick(&mut self, list: &[&'static str]) -> &'static str {
        list.get(self.below(list.len())).copied().unwrap_or_default()
    }

    /// One text or two.
    fn some(&mut self, list: &[&'static str]) -> Vec<&'static str> {
        (0..=self.below(2)).map(|_| self.pick(list)).collect()
    }
}

/// A rule in both languages.
struct Rule {
    action: &'static str,
    ours: Value,
    permissions: Vec<Value>,
    principals: Value,
}

fn any_of(rules: Vec<Value>) -> Value {
    json!({"or_rules": {"rules": rules}})
}

fn string_match(text: &str) -> Value {
    match (text.strip_prefix('*'), text.strip_suffix('*')) {
        (Some(suffix), _) => json!({"suffix": suffix}),
        (None, Some(prefix)) => json!({"prefix": prefix}),
        (None, None) => json!({"exact": text}),
    }
}

fn header(name: &str, text: &str) -> Value {
    match text {
        "*" => json!({"header": {"name": name, "present_match": true}}),
        text => json!({"header": {"name": name, "string_match": string_match(text)}}),
    }
}

/// A condition on a header, in both languages.
fn on_header(draws: &mut Draws) -> (Value, Value) {
    let (of, not, name) = (draws.some(&TEXTS), draws.one_in(3), draws.pick(&NAMES));
    let native = any_of(of.iter().map(|text| header(name, text)).collect());
    let key = format!("request.headers[{name}]");
    match not {
        true => (json!({"key": key, "notValues": of}), json!({"not_rule": native})),
        false => (json!({"key": key, "values": of}), native),
    }
}

/// A host in a rule is a name in any case, with or without a dot at its end, and with any port.
fn host(text: &str) -> Value {
    let name = match text.strip_prefix('*') {
        Some(suffix) => ["[^:@]*", &suffix.replace('.', r"\.")].concat(),
        None => text.replace('.', r"\."),
    };
    let regex = format!(r"(?i){name}\.?(:\d+)?");
    json!({"header": {"name": ":authority", "string_match": {"safe_regex": {"regex": regex}}}})
}

impl Rule {
    fn draw(name: &str, action: &'static str, draws: &mut Draws) -> Self {
        let (mut operation, mut when, mut from) = (json!({}), Vec::new(), None);
        let (mut permissions, mut principals) = (Vec::new(), json!([{"any": true}]));
        // Nothing more behind an operation: it would take its place in one language alone.
        for _ in 0..=draws.below(2) {
            match draws.below(6) {
                0 => {
                    let methods = draws.some(&METHODS);
                    permissions
                        .push(any_of(methods.iter().map(|m| header(":method", m)).collect()));
                    envoy_runner::merge(&mut operation, json!({"methods": methods}));
                    break;
                }
                1 | 2 => {
                    let paths = draws.some(&PATH_TEXTS);
                    let path = |text: &&str| json!({"url_path": {"path": string_match(text)}});
                    permissions.push(any_of(paths.iter().map(path).collect()));
                    envoy_runner::merge(&mut operation, json!({"paths": paths}));
                    break;
                }
                3 => {
                    let hosts = draws.some(&["a.example", "*.a.example"]);
                    permissions.push(any_of(hosts.iter().map(|text| host(text)).collect()));
                    envoy_runner::merge(&mut operation, json!({"hosts": hosts}));
                    break;
                }
                4 => {
                    let (ours, native) = on_header(draws);
                    when.push(ours);
                    permissions.push(native);
                }
                _ => {
                    let blocks = NETS.map(|(net, length)| format!("{net}/{length}"));
                    from = Some(json!([{"source": {"remoteIpBlocks": blocks}}]));
                    principals = json!(NETS.map(|(net, length)| {
                        json!({"remote_ip": {"address_prefix": net, "prefix_len": length}})
                    }));
                }
            }
        }
        let mut ours = json!({"name": name, "action": action});
        let when = (!when.is_empty()).then(|| json!(when));
        let to = (operation != json!({})).then(|| json!([{"operation": operation}]));
        for (field, value) in [("from", from), ("to", to), ("when", when)] {
            if let Some(value) = value {
                envoy_runner::merge(&mut ours, json!({field: value}));
            }
        }
        Self { action, ours, permissions, principals }
    }

    fn policy(&self) -> Value {
        let permissions = match self.permissions.as_slice() {
            [] => json!({"any": true}),
            all => json!({"and_rules": {"rules": all}}),
        };
        json!({"permissions": [permissions], "principals": self.principals})
    }
}

/// Envoy's filters for the rules: denials, then permissions if there is any.
fn natives(rules: &[Rule]) -> Vec<HttpFilter> {
    let of_action = |action: &str| {
        let policies: serde_json::Map<_, _> = rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.action == action)
            .map(|(number, rule)| (format!("r{number}"), rule.policy()))
            .collect();
        (!policies.is_empty()).then(|| {
            HttpFilter::from(json!({"name": format!("rbac-{action}"), "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
                "rules": {"action": action, "policies": policies},
            }}))
        })
    };
    ["DENY", "ALLOW"].into_iter().filter_map(of_action).collect()
}

/// A request, and what is odd about it: one thing at most.
fn request(draws: &mut Draws) -> (Request, Option<&'static str>) {
    let odd = DOCUMENTED.get(draws.below(9)).map(|(reason, _)| *reason);
    let is = |reason: &str| odd == Some(reason);
    let path = draws.pick(if is("path read differently") { &ODD_PATHS } else { &PATHS });
    let host = if is("host with a user") { "u@a.example" } else { draws.pick(&HOSTS) };
    let client = if is(MAPPED) { "::ffff:10.66.1.2" } else { draws.pick(&CLIENTS) };
    let request = Request::get(path).method(draws.pick(&METHODS)).authority(host);
    let mut request = request.header("x-forwarded-for", client);
    for name in NAMES {
        let values = if is("members between commas") { &JOINED[..] } else { &VALUES[..] };
        // Envoy joins the lines of `user-agent`.
        let lines = match is("repeated header") && name != "user-agent" {
            true => 2 + draws.below(2),
            false => draws.below(2),
        };
        for _ in 0..lines {
            request = request.header(name, draws.pick(values));
        }
    }
    (request, odd)
}

#[test]
fn the_manual_says_where_verdicts_differ() -> Result<()> {
    let manual = include_str!("../../../filters/acl/README.md");
    for (reason, words) in DOCUMENTED {
        ensure!(manual.contains(words), "the manual does not say of a {reason}: {words}");
    }
    Ok(())
}

#[test]
fn random_policies_decide_as_envoys_rbac_or_as_the_manual_says() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::ok("upstream"))?;
    let hops = json!({"use_remote_address": true, "xff_num_trusted_hops": 1});
    let listener = |name: &str| {
        Listener::new(name).route(Route::cluster("/", "upstream")).manager(hops.clone())
    };
    let mut draws = Draws(SimEnvironment::seeded(4));
    let (mut listeners, mut policies) = (Vec::new(), Vec::new());
    for number in 0..POLICIES {
        let rules: Vec<Rule> = (0..5)
            .map(|n| Rule::draw(&format!("r{n}"), if n < 2 { "DENY" } else { "ALLOW" }, &mut draws))
            .collect();
        let ours = json!({"rules": rules.iter().map(|rule| &rule.ours).collect::<Vec<_>>()});
        listeners.push(listener(&format!("ours{number}")).filter(filter(&ours)?));
        let chain = natives(&rules).into_iter();
        listeners.push(chain.fold(listener(&format!("native{number}")), Listener::filter));
        policies.push(ours);
    }
    let mut envoy = fixtures::start(&fixtures::in_front_of(&upstream, listeners), 1)?;
    let (mut same, mut denied, mut mapped_allowed) = (0, 0, 0);
    let mut stricter = BTreeMap::<&str, u32>::new();
    for (number, policy) in policies.iter().enumerate() {
        let connect = |whose: &str| Client::connect(envoy.addr(&format!("{whose}{number}"))?);
        let (mut by_us, mut by_native) = (connect("ours")?, connect("native")?);
        for _ in 0..REQUESTS {
            let (request, odd) = request(&mut draws);
            let (ours, native) = (by_us.send(&request).status, by_native.send(&request).status);
            ensure!(ours.is_some() && native.is_some(), "no answer to {request:?}");
            denied += u32::from(native == Some(403));
            if ours == Some(400) || native == Some(400) {
                // Envoy closes the connection after what is no request.
                (by_us, by_native) = (connect("ours")?, connect("native")?);
            }
            match (ours, native, odd) {
                _ if ours == native => same += 1,
                (Some(403), Some(200), Some(odd)) => *stricter.entry(odd).or_default() += 1,
                (Some(200), Some(403), Some(MAPPED)) => mapped_allowed += 1,
                _ => anyhow::bail!("{policy} on {request:?}: {ours:?}, native {native:?}"),
            }
        }
    }
    let count: u32 = stricter.values().sum();
    println!(
        "native RBAC, {POLICIES} random policies, {} requests: {denied} denied by it, {same} verdicts the same, {count} stricter: {stricter:?}, allowed as the IPv4 address that it is: {mapped_allowed}, laxer otherwise: 0",
        POLICIES * REQUESTS
    );
    ensure!(denied > 200 && same - denied > 200, "too few of either kind: {denied} of {same}");
    fixtures::unharmed(&mut envoy)
}

//! Configured alike, hints and Envoy's own route matchers choose the same upstream, but where our manual
//! says that they differ; and our timeouts and retries are those of a route.

use crate::FILTER;
use anyhow::{Context, Result, bail};
use envoy_runner::{Bootstrap, Client, Cluster, Listener, Reply, Request, Route, Upstream};
use filter_api::Environment as _;
use filter_testing::SimEnvironment;
use integration::fixtures;
use serde_json::{Value, json};
use std::collections::BTreeMap;

mod patience;
mod weights;

/// Requests of the table, and the seed that it is made from.
const REQUESTS: usize = 600;
const SEED: u64 = 0x5eed_0004;

/// By their statuses a client tells the upstreams apart. The last is the default.
const STATUSES: [u16; 9] = [201, 202, 203, 206, 207, 208, 209, 210, 200];

/// What a route asks for, in Istio's words and in Envoy's.
fn matches() -> Vec<(Value, Value)> {
    [by_headers(), by_more_than_headers()].concat()
}

fn header(name: &str, matching: Value) -> Value {
    json!({"name": name, "string_match": matching})
}

fn any_path(headers: Value) -> Value {
    json!({"prefix": "/", "headers": headers})
}

fn by_headers() -> Vec<(Value, Value)> {
    vec![
        (
            json!({"headers": {"end-user": {"exact": "jason"}}}),
            any_path(json!([header("end-user", json!({"exact": "jason"}))])),
        ),
        (
            json!({"headers": {"user-agent": {"regex": ".*(Firefox|Gecko/[0-9]+).*"}}}),
            any_path(json!([header(
                "user-agent",
                json!({"safe_regex": {"regex": ".*(Firefox|Gecko/[0-9]+).*"}})
            )])),
        ),
        (
            json!({"uri": {"prefix": "/reviews"}, "headers": {"x-beta": {"prefix": "on"}}}),
            json!({"prefix": "/reviews", "headers": [header("x-beta", json!({"prefix": "on"}))]}),
        ),
        (
            json!({"headers": {"x-beta": {"suffix": "-canary"}, "end-user": {"contains": "a"}}}),
            any_path(json!([
                header("x-beta", json!({"suffix": "-canary"})),
                header("end-user", json!({"contains": "a"})),
            ])),
        ),
    ]
}

fn by_more_than_headers() -> Vec<(Value, Value)> {
    // As Istio writes `withoutHeaders`: an inverted matcher alone misses those without the header.
    let not = |name: &str, matching: Value| json!({"name": name, "string_match": matching, "invert_match": true, "treat_missing_header_as_empty": true});
    vec![
        (
            json!({"queryParams": {"v": {"exact": "2"}}}),
            json!({"prefix": "/", "query_parameters": [{"name": "v", "string_match": {"exact": "2"}}]}),
        ),
        (
            json!({"uri": {"exact": "/ratings"}, "headers": {"x-debug": {"present": true}}}),
            json!({"path": "/ratings", "headers": [{"name": "x-debug", "present_match": true}]}),
        ),
        (
            json!({"method": {"exact": "POST"}, "withoutHeaders": {"x-beta": {"prefix": "o"}}}),
            any_path(json!([
                header(":method", json!({"exact": "POST"})),
                not("x-beta", json!({"prefix": "o"}))
            ])),
        ),
        (
            json!({"uri": {"regex": "/r[a-z]+/[0-9]"}, "headers": {"x-debug": {"present": false}}}),
            json!({
                "safe_regex": {"regex": "/r[a-z]+/[0-9]"},
                "headers": [{"name": "x-debug", "present_match": true, "invert_match": true}],
            }),
        ),
    ]
}

/// Values of a header, repeated if there are several, and why another upstream may be right for us.
type Values = (&'static [&'static [u8]], Option<&'static str>);

/// Before 1.39 Envoy joins them with commas.
const REPEATED: Option<&str> = Some("a repeated header: any value matches");

const USERS: [Values; 9] = [
    (&[], None),
    (&[b"jason"], None),
    (&[b"Jason"], None),
    (&[b"jason2"], None),
    (&[b""], None),
    (&[b"j\xe4son"], None),
    (&[b"\xff\xfe"], None),
    (&[b"jason,kate"], None),
    (&[b"kate", b"jason"], REPEATED),
];

const AGENTS: [Values; 8] = [
    (&[b"Mozilla/5.0 Firefox/140.0"], None),
    (&[b"Mozilla/5.0 (X11) Gecko/20100101"], None),
    (&[b"Gecko/"], None),
    (&[b"firefox"], None),
    (&[b"Firefox"], None),
    (&[b""], None),
    (&[b"curl/8"], None),
    (&[b"\xe9 Firefox \xff"], None),
];

const BETAS: [Values; 9] = [
    (&[], None),
    (&[b"on"], None),
    (&[b"on-canary"], None),
    (&[b"off-canary"], None),
    (&[b"-canary"], None),
    (&[b""], None),
    (&[b"ON"], None),
    (&[b"x\x80-canary"], None),
    (&[b"x", b"on"], REPEATED),
];

const DEBUGS: [Values; 4] = [(&[], None), (&[b""], None), (&[b"1"], None), (&[b"0", b"1"], None)];

/// A path, and why another upstream may be right for us.
const PATHS: [(&str, Option<&str>); 12] = [
    ("/", None),
    ("/reviews", None),
    ("/reviews/1", None),
    ("/reviewsx?v=2", None),
    ("/ratings", None),
    ("/ratings?x=1", None),
    ("/ratings/", None),
    ("/ratings/7?v=1", None),
    ("/r/1", None),
    ("/Ratings/1", None),
    ("/other?v=2&v=1", None),
    ("/other?v=1&v=2", Some("a repeated query parameter: any value matches")),
];

/// Numbers of a seed.
struct Dice(SimEnvironment);

impl Dice {
    fn pick<'a, T>(&mut self, list: &'a [T]) -> Result<&'a T> {
        let number = (u128::from(self.0.random()) * list.len() as u128) >> 64;
        list.get(usize::try_from(number)?).context("an empty list")
    }
}

/// The table: requests, each with why our upstream may be another one.
fn requests() -> Result<Vec<(Request, Option<&'static str>)>> {
    let mut dice = Dice(SimEnvironment::seeded(SEED));
    let mut requests = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let (path, mut reason) = *dice.pick(&PATHS)?;
        let mut request = Request::get(path).method(dice.pick(&["GET", "GET", "POST"])?);
        for (name, values) in [
            ("end-user", dice.pick(&USERS)?),
            ("user-agent", dice.pick(&AGENTS)?),
            ("x-beta", dice.pick(&BETAS)?),
            ("x-debug", dice.pick(&DEBUGS)?),
        ] {
            request = values.0.iter().fold(request, |request, value| request.header(name, value));
            reason = reason.or(values.1);
        }
        requests.push((request, reason));
    }
    Ok(requests)
}

/// Our rules and routes by their hint, and routes that match for themselves.
fn listeners() -> Result<[Listener; 2]> {
    let (mut rules, mut ours, mut native) =
        (Vec::new(), Listener::new("ours"), Listener::new("native"));
    for (number, (istio, envoy)) in matches().into_iter().enumerate() {
        let cluster = format!("c{number}");
        rules.push(json!({
            "name": cluster, "match": [istio], "set": {"headers": {"x-route": cluster}}, "final": true,
        }));
        let hinted = json!({"prefix": "/", "headers": [{"name": "x-route", "string_match": {"exact": cluster}}]});
        let route = |matching: Value| {
            Route::from_yaml(&json!({"match": matching, "route": {"cluster": cluster}}).to_string())
        };
        ours = ours.route(route(hinted)?);
        native = native.route(route(envoy)?);
    }
    let plugin = fixtures::plugin(FILTER, &json!({"hintHeaders": ["x-route"], "rules": rules}))?;
    let rest = || Route::cluster("/", "c8");
    Ok([ours.filter(plugin).route(rest()), native.route(rest())])
}

#[test]
fn hints_lead_where_envoys_own_matchers_lead() -> Result<()> {
    let upstreams: Vec<Upstream> = STATUSES
        .into_iter()
        .map(|status| Upstream::start(move |_| Reply::status(status)))
        .collect::<Result<_>>()?;
    let clusters = upstreams.iter().enumerate();
    let bootstrap = clusters.fold(Bootstrap::new(), |bootstrap, (number, upstream)| {
        bootstrap.cluster(Cluster::new(&format!("c{number}"), upstream.addr()))
    });
    let bootstrap = listeners()?.into_iter().fold(bootstrap, Bootstrap::listener);
    let mut envoy = fixtures::start(&bootstrap, 1)?;
    let (mut by_us, mut by_native) =
        (Client::connect(envoy.addr("ours")?)?, Client::connect(envoy.addr("native")?)?);
    let (mut same, mut different) = (BTreeMap::<u16, u32>::new(), BTreeMap::<&str, u32>::new());
    for (request, reason) in &requests()? {
        let (ours, native) = (by_us.send(request).status, by_native.send(request).status);
        match (ours, native, reason) {
            (Some(ours), Some(native), _) if ours == native => *same.entry(ours).or_default() += 1,
            (Some(_), Some(_), Some(reason)) => *different.entry(reason).or_default() += 1,
            _ => bail!("{request:?}: {ours:?}, but {native:?} by Envoy's routes"),
        }
    }
    println!(
        "native routes: {REQUESTS} requests; the same upstream {same:?}, another: {different:?}"
    );
    let agreed: u32 = same.values().sum();
    assert!(agreed > 500 && STATUSES.iter().all(|status| same.contains_key(status)), "{same:?}");
    fixtures::unharmed(&mut envoy)
}

//! Headers of several lines, given back in Envoy.

use crate::filter;
use anyhow::{Context as _, Result};
use envoy_runner::{Client, Listener, Received, Reply, Request, Route, Upstream};
use integration::fixtures::{self, INGRESS};
use serde_json::json;

const OUTBOUND: &str = "outbound";
const ID: &str = "9a1f6a3e-3d0e-4d0c-8d2f-0f1d2c3b4a59";
const MANY: [(&str, &str); 7] = [
    ("traceparent", "00-80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-01"),
    ("tracestate", "foo=1"),
    ("baggage", "a=1"),
    ("tracestate", "bar=2,baz=3"),
    ("end-user", "jason"),
    ("baggage", "b=2"),
    ("end-user", "a friend of his"),
];

fn lines(received: &Received, name: &str) -> Vec<String> {
    let lines = received.headers.iter().filter(|(other, _)| other == name.as_bytes());
    lines.map(|(_, line)| String::from_utf8_lossy(line).into_owned()).collect()
}

#[test]
fn several_lines_of_a_header_come_back_whole_and_in_order() -> Result<()> {
    let upstream = Upstream::start(|_| Reply::ok("seen"))?;
    let config = |role: &str| {
        json!({"propagate": ["end-user", "baggage"], "overwrite": ["end-user"],
               "correlate": {"role": role}})
    };
    let inbound = fixtures::ingress().filter(filter(INGRESS, &config("INBOUND"))?);
    let outbound = Listener::new(OUTBOUND)
        .filter(filter(OUTBOUND, &config("OUTBOUND"))?)
        .route(Route::cluster("/", "upstream"));
    let bootstrap = fixtures::in_front_of(&upstream, [inbound, outbound]);
    let mut envoy = fixtures::start(&bootstrap, 1)?;
    let id_alone = Request::get("/").header("x-request-id", ID);
    let whole = MANY.iter().fold(id_alone.clone(), |whole, (name, line)| whole.header(name, line));
    Client::once(envoy.addr(INGRESS)?, &whole)?;
    // Nothing, and a part of what is to be replaced.
    let part = id_alone.clone().header("tracestate", "foo=1").header("end-user", "jason");
    for request in [id_alone, part] {
        Client::once(envoy.addr(OUTBOUND)?, &request)?;
        let received = upstream.requests().pop().context("nothing arrived")?;
        for name in ["traceparent", "tracestate", "baggage", "end-user"] {
            let expected: Vec<&str> =
                MANY.iter().filter(|(other, _)| *other == name).map(|(_, line)| *line).collect();
            assert_eq!(lines(&received, name), expected, "{name} of {request:?}");
        }
    }
    fixtures::unharmed(&mut envoy)
}

//! Runs the 349 host-call probes of `abi-probe/` and compares each answer with a real Envoy 1.40's.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking; the helpers here are not recognised as test code"
)]

use proxy_wasm_test_host::{
    Engine, LogLevel, Message, Request, Response, Route, TestHost, decode_pairs,
};
use serde_json::Value;

/// The recorded environment: connection addresses and request ids of the golden run.
const CLIENT: &str = "127.0.0.1:55808";
const LISTENER: &str = "127.0.0.1:16710";
const UPSTREAM: &str = "127.0.0.1:16701";
const ID_OF_REQUEST_R: &str = "1304dd57-5b83-44d6-97f4-7fdd66b63478";
const ID_OF_REQUEST_B: &str = "e3602d95-3e41-45af-b488-dde01f7bbf51";

/// The order in which Envoy serialises `request.headers` is that of a hash map seeded per process: compared as a set.
const UNORDERED: &str = "prop request.headers";

fn request(method: &str, path: &str, mode: &str) -> Request {
    Request::default()
        .header(":authority", "probe.example")
        .header(":path", path)
        .header(":method", method)
        .header(":scheme", "http")
        .header("x-probe", mode)
        .header("x-one", "one")
        .header("x-dup", "d1")
        .header("x-dup", "d2")
        .header("x-empty", "")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("x-latin", b"\xe9")
        .header("x-ows", "v")
        .header("referer", "http://r/")
        .header("user-agent", "UA/1")
}

/// What Envoy's connection manager adds before the filters run.
fn received(request: Request, id: &str) -> Request {
    request.header("x-forwarded-proto", "http").header("x-request-id", id)
}

/// The upstream of the recording: answers with what it received, as JSON, and reflects `x-resp-h-*` as headers.
fn echo(request: &Message) -> Response {
    let text = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
    let quoted = |bytes: &[u8]| {
        text(bytes)
            .chars()
            .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", c as u32) })
            .collect::<String>()
    };
    let lines: Vec<String> =
        [(b"host".to_vec(), request.header(":authority").unwrap_or_default().to_vec())]
            .into_iter()
            .chain(
                request.headers.pairs().iter().filter(|(name, _)| !name.starts_with(b":")).cloned(),
            )
            // Envoy's router adds the last one.
            .chain([(b"x-envoy-expected-rq-timeout-ms".to_vec(), b"30000".to_vec())])
            .map(|(name, value)| format!("[\"{}\", \"{}\"]", quoted(&name), quoted(&value)))
            .collect();
    let body = format!(
        "{{\"method\": \"{}\", \"target\": \"{}\", \"headers\": [{}], \"body_len\": 9}}",
        text(request.header(":method").unwrap_or_default()),
        text(request.header(":path").unwrap_or_default()),
        lines.join(", "),
    );
    let mut response = Response::new(200);
    for (name, value) in request.headers.pairs() {
        if let Some(reflected) = name.strip_prefix(b"x-resp-h-") {
            response = response.header(reflected, value);
        }
    }
    response
        .header("x-upstream", "1")
        .header("content-type", "application/json")
        .header("content-length", body.len().to_string())
        .header("x-envoy-upstream-service-time", "6")
        .body(body)
}

/// Runs the four exchanges of `abi-probe/README.md`; answers the module's report lines and the outcome of the third.
fn run_probes() -> (String, proxy_wasm_test_host::Outcome) {
    let wasm = wat::parse_file(concat!(env!("CARGO_MANIFEST_DIR"), "/abi-probe/probe.wat"))
        .expect("probe.wat is valid");
    let host = TestHost::builder(&Engine::new(&wasm).expect("the probe loads"))
        .plugin("probe-plugin", "probe-root", "probe")
        .plugin_config("CONFIG-0123456789")
        .vm_config("VMCONFIG")
        .node("node-id-1", "node-cluster")
        .addresses(CLIENT, LISTENER, UPSTREAM)
        .log_level(LogLevel::Warn)
        .cluster("up")
        .router(|_| Route::to("up"))
        .build()
        .expect("the probe starts");
    let get = |mode, id| {
        let outcome = host
            .worker(0)
            .exchange(received(request("GET", "/path/a?q=1", mode), id), |_| Response::new(500));
        assert_eq!(outcome.status(), Some(200), "{outcome:?}");
        String::from_utf8(outcome.body().to_vec()).expect("reports are ASCII")
    };
    let mut report = get("d", "first");
    report += &get("r", ID_OF_REQUEST_R);
    let post = request("POST", "/path/b?q=2", "b")
        .header("x-resp-h-x-one", "one")
        .header("x-resp-h-x-dup", "d1")
        .header("content-length", "9");
    let third =
        host.worker(0).exchange(received(post, ID_OF_REQUEST_B).body("HELLO").body("BODY"), echo);
    report += &get("d", "fourth");
    assert_eq!(host.death(), None);
    (report, third)
}

fn golden() -> Value {
    serde_json::from_str(include_str!("../abi-probe/golden_envoy_1.40.json"))
        .expect("golden is JSON")
}

/// `i status out…` of one golden entry, as the module reports it.
fn expected_line(probe: &Value) -> String {
    let result = &probe["results"][0];
    let mut line = format!(" {} {}", probe["i"], result["status"]);
    for out in result["out"].as_array().expect("out is a list") {
        line += &format!(" {}", out.as_str().expect("out holds strings"));
    }
    line
}

fn same(name: &str, expected: &str, actual: &str) -> bool {
    if name != UNORDERED {
        return expected == actual;
    }
    let set = |line: &str| {
        let hex = line.rsplit('x').next().unwrap_or_default();
        let bytes: Vec<u8> = (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("reports are hex"))
            .collect();
        let mut pairs = decode_pairs(&bytes);
        pairs.sort();
        pairs
    };
    !set(expected).is_empty() && set(expected) == set(actual)
}

/// How many probes are equal and how many volatile, and a line for each difference.
fn compare(golden: &Value, report: &str) -> (usize, usize, Vec<String>) {
    let (mut equal, mut volatile, mut wrong) = (0, 0, Vec::new());
    for probe in golden["probes"].as_array().expect("probes is a list") {
        let name = probe["name"].as_str().expect("probes have names");
        let prefix = format!(" {} ", probe["i"]);
        let lines: Vec<&str> = report.lines().filter(|line| line.starts_with(&prefix)).collect();
        let expected = expected_line(probe);
        match lines.as_slice() {
            [_] if probe["volatile"] == true => volatile += 1,
            [line] if same(name, &expected, line) => equal += 1,
            lines => wrong.push(format!("{name}: Envoy{expected}, host {lines:?}")),
        }
    }
    (equal, volatile, wrong)
}

#[test]
fn every_probe_answers_as_envoy_1_40() {
    let golden = golden();
    let (report, third) = run_probes();
    let (equal, volatile, wrong) = compare(&golden, &report);
    println!("349 probes: {equal} equal, {volatile} volatile");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!((equal + volatile, volatile), (349, 10));

    // The exchange seen from outside: the headers that the recording kept, sorted.
    let exchange = &golden["exchanges"][1];
    assert_eq!(third.status().map(u64::from), exchange["status"].as_u64());
    let response = third.downstream_response.expect("the third exchange is answered");
    for header in exchange["headers"].as_array().expect("headers are listed") {
        let latin1 = |value: &Value| {
            value.as_str().expect("strings").chars().map(|c| c as u8).collect::<Vec<u8>>()
        };
        let pair = (latin1(&header[0]), latin1(&header[1]));
        assert!(
            response.headers.pairs().contains(&pair),
            "{pair:?} is missing in {:?}",
            response.headers
        );
    }
}

/// Changing any one entry of the golden file makes the comparison fail: no probe is compared with nothing.
#[test]
fn a_mutation_of_any_golden_entry_is_noticed() {
    let (report, _) = run_probes();
    let golden = golden();
    let count = golden["probes"].as_array().map_or(0, Vec::len);
    for index in 0..count {
        if golden["probes"][index]["volatile"] == true {
            continue;
        }
        let mut mutated = golden.clone();
        let status = &mut mutated["probes"][index]["results"][0]["status"];
        *status = (status.as_u64().expect("a number") + 1).into();
        // Compare the entry alone; the unordered one is mutated in its bytes, as its status is not in the set.
        if mutated["probes"][index]["name"] == UNORDERED {
            mutated["probes"][index]["results"][0]["out"][0] =
                "x0100000001000000010000006100620000".into();
        }
        let mut alone = serde_json::json!({"probes": []});
        alone["probes"] = vec![mutated["probes"][index].clone()].into();
        assert_eq!(
            compare(&alone, &report).2.len(),
            1,
            "a mutation of probe {index} goes unnoticed"
        );
    }
}

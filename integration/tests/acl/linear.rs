//! What a verdict costs grows with the request's length and no faster, whatever is long in it.

use crate::FILTER;
use anyhow::Result;
use integration::{Growing, ensure_linear};
use proxy_wasm_test_host::Request;
use serde_json::json;

const ROWS: [Growing; 9] = [
    ("a path of one segment", |n| Request::get(&format!("/{}", "a".repeat(500 * n)))),
    ("a path of many segments", |n| Request::get(&"/v1/x".repeat(100 * n))),
    ("a path of encoded letters", |n| Request::get(&format!("/{}", "%61".repeat(200 * n)))),
    ("a path encoded again and again", |n| Request::get(&format!("/%{}2e", "25".repeat(200 * n)))),
    ("dot segments", |n| Request::get(&"/a/..".repeat(100 * n))),
    ("slashes and parameters", |n| Request::get(&"//;a\\".repeat(100 * n))),
    ("one long value", |n| Request::get("/").header("x-app", "a".repeat(500 * n))),
    ("many values", |n| {
        (0..20 * n).fold(Request::get("/"), |request, _| request.header("x-app", "someone"))
    }),
    ("many other headers", |n| {
        let name = |number| format!("x-other-{number}");
        (0..20 * n).fold(Request::get("/"), |request, number| request.header(name(number), "v"))
    }),
];

#[test]
fn the_cost_of_a_verdict_is_linear_in_the_length_of_the_request() -> Result<()> {
    let paths = ["/admin", "*.php", "/api/*", "/v1/{*}/x/{**}/end", "/{**}/secret"];
    let values = ["evil*", "*evil", "exactly"];
    let config = json!({
        "rules": [
            {"name": "paths", "action": "DENY", "to": [{"operation": {"paths": paths}}]},
            {"name": "values", "action": "DENY", "when": [{"key": "request.headers[x-app]", "values": values}]},
        ],
        "lists": [{
            "name": "patterns", "value": "request.headers[\"x-app\"] | \"none\"", "entryType": "REGEX",
            "blacklist": true, "overrides": ["(a|aa)+b", ".*evil.*"],
        }],
    });
    ensure_linear(FILTER, &config, &ROWS)
}

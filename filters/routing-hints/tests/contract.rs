//! What the filter promises beyond its code: cases, schema, manual.

use filter_config::docs;
use filter_testing::Contract;
use routing_hints::RoutingHintsFilter;
use routing_hints::config::RoutingHintsConfig;

const CONTRACT: Contract = Contract::of(env!("CARGO_MANIFEST_DIR"));

/// How many cases there are. A number, so that none is lost unnoticed.
const CASES: usize = 127;

#[test]
fn every_case_holds_on_the_pure_filter() -> anyhow::Result<()> {
    CONTRACT.cases_hold::<RoutingHintsFilter>(CASES)
}

#[test]
fn every_expectation_made_wrong_fails() -> anyhow::Result<()> {
    CONTRACT.expectations_matter::<RoutingHintsFilter>()
}

#[test]
fn the_schema_and_the_manual_are_those_of_the_code() -> anyhow::Result<()> {
    CONTRACT.documents_are_current::<RoutingHintsFilter, RoutingHintsConfig>()
}

/// What routing by hints gets wrong elsewhere, and what shows that it does not here.
const TRAPS: [(&str, &[&str]); 12] = [
    (
        "the route cache is cleared after the last write, and not where nothing is written",
        &[
            "a_route_by_filter_state_follows_the_rule_and_no_header_of_the_client",
            "filter-state-beside-headers",
            "set-adds-replaces-and-leaves",
        ],
    ),
    ("routes by hints stand before the default", &["hints_lead_where_envoys_own_matchers_lead"]),
    (
        "hints of a client go, in every value and spelling, unless he is trusted",
        &[
            "hints-are-removed",
            "hints-are-removed-in-every-value-and-spelling",
            "hints-lead-no-rule",
            "hints-of-the-filter-itself",
            "trusted-source-brings-hints",
        ],
    ),
    (
        "a negated match includes those without the header",
        &[
            "match-without-headers-includes-those-without",
            "hints_lead_where_envoys_own_matchers_lead",
        ],
    ),
    ("a regex is of the whole value", &["match-regex-is-of-the-whole-value"]),
    (
        "host is :authority, and a path ends before its query",
        &["match-host-and-path", "match-query-and-method"],
    ),
    (
        "stickiness is salted, and raising a weight only adds users",
        &["split-raising-only-adds", "split-same-salt-chooses-alike", "split-three-variants"],
    ),
    (
        "a cookie is added, with its attributes, and not where a cache would hand it on",
        &["cookie-issued", "cookie-attributes", "cookie-withheld-where-others-would-get-it"],
    ),
    (
        "weighted_clusters.header_name wants one unsigned decimal",
        &["bucket-header", "envoys_own_weights_become_sticky_and_rising_only_adds_users"],
    ),
    (
        "weights that Envoy drew stay drawn where the route is found anew",
        &["weights_that_envoy_drew_stay_drawn"],
    ),
    ("a retry goes where the first try went", &["a_retry_goes_where_the_first_try_went"]),
    (
        "user agents are frozen or forged: client hints come first",
        &["match-client-hints-before-user-agent"],
    ),
];

#[test]
fn every_trap_is_proven() -> anyhow::Result<()> {
    CONTRACT.traps_are_proven::<RoutingHintsFilter>(&TRAPS)
}

#[test]
fn the_example_of_the_manual_is_valid() -> anyhow::Result<()> {
    assert_eq!(
        CONTRACT.summaries::<RoutingHintsFilter>()?,
        ["rules: firefox (set), canary (split: v1/v2), patience (set); \
         hint headers: x-route, x-mirror; request headers are read"]
    );
    Ok(())
}

/// Every field of more than one word, with a value that its type admits.
#[test]
fn snake_case_is_accepted_everywhere() {
    docs::assert_snake_case_accepted::<RoutingHintsConfig>(
        r#"{
          "hintHeaders": ["a"], "mirrorHeader": "b",
          "evidence": {"assumeVerifiedMtls": true, "assumeDirectSourceAddress": true},
          "trusted": [{"source": {
            "notPrincipals": ["x"], "notNamespaces": ["x"], "serviceAccounts": ["x/x"], "notServiceAccounts": ["x/x"],
            "trustDomains": ["x"], "notTrustDomains": ["x"], "ipBlocks": ["10.0.0.0/8"], "notIpBlocks": ["10.0.0.0/8"],
            "remoteIpBlocks": ["10.0.0.0/8"], "notRemoteIpBlocks": ["10.0.0.0/8"], "requestPrincipals": ["x"],
            "notRequestPrincipals": ["x"]}}],
          "overrideHeader": {"name": "c", "secrets": ["0123456789abcdef"]},
          "rules": [{
            "name": "r", "activeFrom": "2026-01-01T00:00:00Z", "activeUntil": "2027-01-01T00:00:00Z",
            "match": [{"withoutHeaders": {"a": {}}, "queryParams": {"b": {"exact": "c"}}, "ignoreUriCase": true}],
            "set": {"filterState": {"k": "v"}, "retries": {"attempts": 1, "perTryTimeout": "1s", "retryOn": "5xx"}},
            "split": {
              "bucketHeader": "d",
              "cookie": {"name": "e", "maxAge": "1h", "refreshAfter": "1h", "sameSite": "LAX", "httpOnly": true},
              "protect": {"errorRatioExcess": 0.1, "window": "10s", "minRequests": 5}
            }
          }]
        }"#,
    );
}

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

//! What the filter promises beyond its code: cases, schema, manual.

use filter_config::docs;
use filter_testing::Contract;
use rate_limit_quota::QuotaFilter;
use rate_limit_quota::config::RateLimitQuotaConfig;

const CONTRACT: Contract = Contract::of(env!("CARGO_MANIFEST_DIR"));

/// How many cases there are. A number, so that none is lost unnoticed.
const CASES: usize = 97;

#[test]
fn every_case_holds_on_the_pure_filter() -> anyhow::Result<()> {
    CONTRACT.cases_hold::<QuotaFilter>(CASES)
}

#[test]
fn every_expectation_made_wrong_fails() -> anyhow::Result<()> {
    CONTRACT.expectations_matter::<QuotaFilter>()
}

#[test]
fn the_schema_and_the_manual_are_those_of_the_code() -> anyhow::Result<()> {
    CONTRACT.documents_are_current::<QuotaFilter, RateLimitQuotaConfig>()
}

#[test]
fn the_example_of_the_manual_is_valid() -> anyhow::Result<()> {
    assert_eq!(
        CONTRACT.summaries::<QuotaFilter>()?,
        ["quotas: ratings (ROLLING_WINDOW, \"ratings\";q=500;w=1), \
         per-client (GCRA, \"per-client\";q=1000;w=60), \
         uploads (CONCURRENCY, \"uploads\";q=20;qu=\"concurrent-requests\")"]
    );
    Ok(())
}

/// Every field of more than one word, with a value that its type admits.
#[test]
fn snake_case_is_accepted_everywhere() {
    docs::assert_snake_case_accepted::<RateLimitQuotaConfig>(
        r#"{
          "rateLimitHeaders": {"onAdmitted": true, "retryAfterJitter": "1s"},
          "reply": {"problemDetails": true},
          "deduplication": {"minDeduplicationDuration": "1s"},
          "store": {"maxKeys": 1, "whenFull": "DENY"},
          "topKeys": {"match": []},
          "global": {"service": {"cluster": "c", "domain": "d"}, "onUnavailable": "DENY"},
          "quotas": [{
            "name": "q", "maxAmount": 1, "validDuration": "1s", "ipv6PrefixLength": 64,
            "onMissing": {"a": "skip"}, "responseCost": "x", "refundOnServerError": true,
            "enforcePercentage": {"value": 1},
            "softLimit": {"percent": 1, "responseHeader": "x", "requestHeader": "y"},
            "priorities": [{"match": [{"withoutHeaders": {"a": {}}, "queryParams": {"b": {"exact": "c"}}, "ignoreUriCase": true}], "maxPercent": 1}],
            "workerLease": {"amount": 2},
            "overrides": [{"maxAmount": 1, "validDuration": "1s"}]
          }]
        }"#,
    );
}

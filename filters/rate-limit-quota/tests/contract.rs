//! What the filter promises beyond its code: cases, schema, manual.

use filter_config::docs;
use filter_testing::Contract;
use rate_limit_quota::QuotaFilter;
use rate_limit_quota::config::RateLimitQuotaConfig;

const CONTRACT: Contract = Contract::of(env!("CARGO_MANIFEST_DIR"));

/// How many cases there are. A number, so that none is lost unnoticed.
const CASES: usize = 103;

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

/// What people get wrong about quotas, and what shows that it is right here.
const TRAPS: [(&str, &[&str]); 15] = [
    (
        "a limit that is configured and not enforced; a refusal with a status of success",
        &["gcra-burst-and-refusal", "enforced-for-a-share", "invalid-status-below-400"],
    ),
    (
        "a value that is missing drops the whole limit",
        &[
            "missing-dimension-is-empty",
            "missing-dimension-default",
            "missing-dimension-denies",
            "missing-dimension-skips",
        ],
    ),
    (
        "an override matches verbatim, with every dimension in order, or not at all",
        &[
            "override-first-match-wins",
            "override-applies-to-each-key-alone",
            "override-without-dimensions-is-for-all",
            "override-inherits-the-duration",
            "in-the-words-of-mixer",
        ],
    ),
    (
        "X-RateLimit of draft 03: seconds from now, on every answer, of the quota nearest to its end",
        &["headers-of-both-families", "upstreams-own-headers-stay"],
    ),
    (
        "RateLimit of the current draft: its fields, its problem types, an instant not after Retry-After",
        &[
            "headers-of-both-families",
            "reply-is-a-problem-detail",
            "penalty-is-a-problem-detail",
            "retry-after-with-jitter",
        ],
    ),
    (
        "Retry-After: a second at least, until this very cost fits, with jitter",
        &[
            "two_hundred_of_two_hundred_are_admitted_after_retry_after",
            "retry-after-is-for-this-cost",
            "retry-after-with-jitter",
            "rolling-window",
        ],
    ),
    (
        "GCRA: a refusal leaves the arrival time alone, and no unit comes back early",
        &["gcra-burst-and-refusal", "gcra-comes-back-evenly", "refusals-take-nothing"],
    ),
    (
        "a rolling window is no token bucket: a burst of all, then nothing until it ages",
        &["rolling-window-burst-at-once", "rolling-window"],
    ),
    (
        "keys that meet: parts, addresses of one client, hashes that a client can compute",
        &[
            "keys-are-not-confused",
            "key-by-any-byte",
            "ipv6-clients-have-networks",
            "ipv6-prefix-length",
            "a_full_store_has_no_fresh_counts",
        ],
    ),
    (
        "the leftmost address of x-forwarded-for is the client's word",
        &["source-address-is-not-spoofable", "every_dimension_makes_a_key"],
    ),
    (
        "what is charged: preflights, tries of the router, retries of the client",
        &[
            "preflights-need-not-pay",
            "a_retry_of_the_router_pays_nothing_and_one_of_the_client_as_configured",
            "retries-pay-once",
            "refused-retry-is-decided-anew",
        ],
    ),
    (
        "a cost that is known afterwards is a debt, and no balance of nothing",
        &["a-debt-is-paid-first", "answer-without-a-cost"],
    ),
    ("gRPC: 200, RESOURCE_EXHAUSTED, and when to come again", &["reply-to-grpc"]),
    (
        "HEAD and upgrades count once; what is in use comes back however its stream ends",
        &[
            "head-counts-once",
            "an_upgrade_counts_once_and_holds_its_unit_until_it_ends",
            "what_is_in_use_is_refused_to_others_until_its_answer_has_ended",
            "client-leaves-and-its-unit-comes-back",
            "a_unit_whose_end_is_lost_comes_back",
        ],
    ),
    (
        "one key that all workers want at once",
        &[
            "worker-lease",
            "one_key_on_two_workers_never_gets_more",
            "a_hundred_thousand_keys_each_get_what_is_theirs",
        ],
    ),
];

/// What no case can show, and where the manual tells it: the order of filters is the user's, and the
/// time of day steps in a unit test alone.
const TOLD: [&str; 2] = ["**Where it stands.**", "**Time**"];

#[test]
fn every_trap_is_proven_or_told() -> anyhow::Result<()> {
    let manual = include_str!("../README.md");
    for words in TOLD {
        anyhow::ensure!(manual.contains(words), "the manual does not tell of a trap: {words}");
    }
    CONTRACT.traps_are_proven::<QuotaFilter>(&TRAPS)
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

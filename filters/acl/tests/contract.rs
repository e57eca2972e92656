//! What the filter promises beyond its code: cases, schema, manual.

use acl::AclFilter;
use acl::config::AclConfig;
use filter_config::docs;
use filter_testing::Contract;

const CONTRACT: Contract = Contract::of(env!("CARGO_MANIFEST_DIR"));

/// How many cases there are. A number, so that none is lost unnoticed.
const CASES: usize = 114;

#[test]
fn every_case_holds_on_the_pure_filter() -> anyhow::Result<()> {
    CONTRACT.cases_hold::<AclFilter>(CASES)
}

#[test]
fn every_expectation_made_wrong_fails() -> anyhow::Result<()> {
    CONTRACT.expectations_matter::<AclFilter>()
}

#[test]
fn the_schema_and_the_manual_are_those_of_the_code() -> anyhow::Result<()> {
    CONTRACT.documents_are_current::<AclFilter, AclConfig>()
}

/// What people get wrong about access control, and the cases that show that it is right here.
const TRAPS: [(&str, &[&str]); 14] = [
    ("a header with several values", &["header-joined-with-commas", "header-repeated"]),
    (
        "what is negated, and a header that is not there or empty",
        &["header-empty-is-present", "header-not-sent"],
    ),
    (
        "attributes that the proxy does not know",
        &["attribute-missing-otherwise", "attribute-missing", "identity-not", "list-missing-value"],
    ),
    (
        "paths that servers read differently",
        &[
            "path-allowed-in-all-readings",
            "path-denied-in-every-reading",
            "path-not-in",
            "path-unreadable",
        ],
    ),
    ("prefixes and segments", &["path-prefix-and-segments"]),
    ("case, port, dot and user of a host", &["hosts-with-a-user", "hosts"]),
    ("the case of methods, and headers that override them", &["method-override", "methods"]),
    (
        "addresses: v4 in v6, bare ones, leading zeros, none at all",
        &["addresses-denied", "addresses", "list-addresses-blacklist", "list-addresses"],
    ),
    ("the client's address behind proxies", &["addresses"]),
    (
        "identities: trust domains, prefixes, verified certificates alone",
        &["identity-of-an-unverified-certificate", "identity-prefix"],
    ),
    ("patterns, anchored or not", &["list-regex"]),
    (
        "a list that is not there",
        &[
            "list-provider-not-there-allow",
            "list-provider-not-there-deny",
            "list-provider-not-there-keep",
        ],
    ),
    ("a refused request that goes on", &["reply"]),
    ("the gRPC status of a refusal", &["reply-grpc"]),
];

/// What no case can show, and where the manual tells it.
const TOLD: [&str; 2] = ["**What is open stays open.**", "**Where it stands.**"];

#[test]
fn every_trap_is_proven_or_told() -> anyhow::Result<()> {
    let manual = include_str!("../README.md");
    for words in TOLD {
        anyhow::ensure!(manual.contains(words), "the manual does not tell of a trap: {words}");
    }
    CONTRACT.traps_are_proven::<AclFilter>(&TRAPS)
}

#[test]
fn the_example_of_the_manual_is_valid() -> anyhow::Result<()> {
    assert_eq!(
        CONTRACT.summaries::<AclFilter>()?,
        ["DENY deny-customer; ALLOW api, tester; lists preferencewhitelist, vip; bans noisy"]
    );
    Ok(())
}

/// Every field of more than one word, with a value that its type admits.
#[test]
fn snake_case_is_accepted_everywhere() {
    docs::assert_snake_case_accepted::<AclConfig>(
        r#"{
          "onAmbiguous": "COMPARE", "ignorePathCase": true, "maxTarpits": 1,
          "reply": {"grpcStatus": 7},
          "evidence": {"assumeVerifiedMtls": true, "assumeDirectSourceAddress": true},
          "rules": [{
            "name": "r", "action": "DENY", "onMissing": "MATCH", "enforcePercentage": {"value": 1},
            "from": [{"source": {
              "notPrincipals": ["a"], "requestPrincipals": ["a"], "notRequestPrincipals": ["b"],
              "notNamespaces": ["a"], "serviceAccounts": ["a/b"], "notServiceAccounts": ["a/c"],
              "trustDomains": ["a"], "notTrustDomains": ["b"], "ipBlocks": ["::1"],
              "notIpBlocks": ["::2"], "remoteIpBlocks": ["::1"], "notRemoteIpBlocks": ["::2"]
            }}],
            "to": [{"operation": {
              "notHosts": ["a"], "notPorts": ["1"], "notMethods": ["GET"], "notPaths": ["/"]
            }}],
            "when": [{"key": "source.ip", "notValues": ["::1"]}]
          }],
          "lists": [{
            "name": "l", "value": "source.ip", "entryType": "STRINGS", "onMissing": "MATCH",
            "enforcePercentage": {"value": 1},
            "provider": {
              "cluster": "c", "path": "/", "refreshInterval": "1s", "onExpired": "DENY", "maxSize": 1
            }
          }]
        }"#,
    );
}

//! What the filter promises beyond its code: cases, schema, manual.

use filter_api::HttpFilter;
use filter_config::docs;
use filter_testing::{Metrics, load_cases, mutants, run_pure};
use routing_hints::RoutingHintsFilter;
use routing_hints::config::RoutingHintsConfig;
use std::path::{Path, PathBuf};

/// How many cases there are. A number, so that none is lost unnoticed.
const CASES: usize = 127;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn every_case_holds_on_the_pure_filter() -> anyhow::Result<()> {
    let cases = load_cases(&file("cases"))?;
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            run_pure::<RoutingHintsFilter>(case)
                .err()
                .map(|error| format!("{}: {error:#}", case.name))
        })
        .collect();
    println!("{} cases, {} failed", cases.len(), failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(cases.len(), CASES, "update CASES when adding a case");
    Ok(())
}

/// An expectation that nothing looks at is none.
#[test]
fn every_expectation_made_wrong_fails() -> anyhow::Result<()> {
    let mut count = 0;
    for case in load_cases(&file("cases"))? {
        let text = std::fs::read_to_string(file("cases").join(&case.name).with_extension("yaml"))?;
        for (path, mutant) in mutants(&text)? {
            assert!(
                run_pure::<RoutingHintsFilter>(&mutant).is_err(),
                "{}{path} is ignored",
                case.name
            );
            count += 1;
        }
    }
    println!("{count} expectations made wrong, {count} failures");
    Ok(())
}

#[test]
fn the_schema_and_the_manual_are_those_of_the_code() -> anyhow::Result<()> {
    let schema = docs::schema::<RoutingHintsConfig>(RoutingHintsFilter::NAME);
    docs::assert_file_contents(&file("config.schema.json"), &schema);
    let readme = std::fs::read_to_string(file("README.md"))?;
    let config = docs::config_tables(&schema);
    let stats = docs::stats_table(RoutingHintsFilter::STATS, RoutingHintsFilter::NAME);
    let readme = docs::replace_between_markers(&readme, "config", &config)
        .and_then(|readme| docs::replace_between_markers(&readme, "stats", &stats))
        .map_err(anyhow::Error::msg)?;
    docs::assert_file_contents(&file("README.md"), &readme);
    docs::assert_anchors(&readme);
    Ok(())
}

/// What the manual shows is accepted.
#[test]
fn the_example_of_the_manual_is_valid() -> anyhow::Result<()> {
    let readme = std::fs::read_to_string(file("README.md"))?;
    let example = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let example: serde_json::Value = serde_yaml_ng::from_str(example.unwrap_or_default())?;
    let filter =
        RoutingHintsFilter::configure(example.to_string().as_bytes(), &mut Metrics::default())?;
    assert_eq!(
        filter.summary(),
        "rules: firefox (set), canary (split: v1/v2), patience (set); \
         hint headers: x-route, x-mirror; request headers are read"
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

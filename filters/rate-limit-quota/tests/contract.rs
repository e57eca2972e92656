//! What the filter promises beyond its code: cases, schema, manual.

use filter_api::HttpFilter;
use filter_config::docs;
use filter_testing::{Metrics, load_cases, mutants, run_pure};
use rate_limit_quota::QuotaFilter;
use rate_limit_quota::config::RateLimitQuotaConfig;
use std::path::{Path, PathBuf};

/// How many cases there are. A number, so that none is lost unnoticed.
const CASES: usize = 97;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn every_case_holds_on_the_pure_filter() -> anyhow::Result<()> {
    let cases = load_cases(&file("cases"))?;
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            run_pure::<QuotaFilter>(case).err().map(|error| format!("{}: {error:#}", case.name))
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
            assert!(run_pure::<QuotaFilter>(&mutant).is_err(), "{}{path} is ignored", case.name);
            count += 1;
        }
    }
    println!("{count} expectations made wrong, {count} failures");
    Ok(())
}

#[test]
fn the_schema_and_the_manual_are_those_of_the_code() -> anyhow::Result<()> {
    let schema = docs::schema::<RateLimitQuotaConfig>(QuotaFilter::NAME);
    docs::assert_file_contents(&file("config.schema.json"), &schema);
    let readme = std::fs::read_to_string(file("README.md"))?;
    let config = docs::config_tables(&schema);
    let stats = docs::stats_table(QuotaFilter::STATS, QuotaFilter::NAME);
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
    let filter = QuotaFilter::configure(example.to_string().as_bytes(), &mut Metrics::default())?;
    assert_eq!(
        filter.summary(),
        "quotas: ratings (ROLLING_WINDOW, \"ratings\";q=500;w=1), \
         per-client (GCRA, \"per-client\";q=1000;w=60), \
         uploads (CONCURRENCY, \"uploads\";q=20;qu=\"concurrent-requests\")"
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

//! What the filter promises beyond its code: cases, schema, manual.

use fault_injection::FaultFilter;
use fault_injection::config::FaultInjectionConfig;
use filter_api::HttpFilter;
use filter_config::docs;
use filter_testing::{Metrics, load_cases, mutants, run_pure};
use std::path::{Path, PathBuf};

/// How many cases there are. A number, so that none is lost unnoticed.
const CASES: usize = 154;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn every_case_holds_on_the_pure_filter() -> anyhow::Result<()> {
    let cases = load_cases(&file("cases"))?;
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            run_pure::<FaultFilter>(case).err().map(|error| format!("{}: {error:#}", case.name))
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
            assert!(run_pure::<FaultFilter>(&mutant).is_err(), "{}{path} is ignored", case.name);
            count += 1;
        }
    }
    println!("{count} expectations made wrong, {count} failures");
    Ok(())
}

#[test]
fn the_schema_and_the_manual_are_those_of_the_code() -> anyhow::Result<()> {
    let schema = docs::schema::<FaultInjectionConfig>(FaultFilter::NAME);
    docs::assert_file_contents(&file("config.schema.json"), &schema);
    let readme = std::fs::read_to_string(file("README.md"))?;
    let config = docs::config_tables(&schema);
    let stats = docs::stats_table(FaultFilter::STATS, FaultFilter::NAME);
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
    let filter = FaultFilter::configure(example.to_string().as_bytes(), &mut Metrics::default())?;
    assert_eq!(
        filter.summary(),
        "rules: jason (delay+abort), everyone (outcomes); request headers are read"
    );
    Ok(())
}

/// Every field of more than one word, with a value that its type admits.
#[test]
fn snake_case_is_accepted_everywhere() {
    docs::assert_snake_case_accepted::<FaultInjectionConfig>(
        r#"{
          "maxActiveFaults": 1, "maxFaultsPerSecond": 1, "activeFrom": "2026-01-01T00:00:00Z",
          "activeUntil": "2027-01-01T00:00:00Z", "rampUp": "1s", "faultHeader": "x",
          "haltOn": {"errorRatio": 0.5, "window": "1s", "minRequests": 1},
          "rules": [{
            "name": "r", "maxActiveFaults": 1, "maxFaultsPerSecond": 1,
            "activeFrom": "2026-01-01T00:00:00Z", "activeUntil": "2027-01-01T00:00:00Z",
            "rampUp": "1s", "haltOn": {"errorRatio": 0.5, "window": "1s", "minRequests": 1},
            "match": [{"withoutHeaders": {"a": {}}, "queryParams": {"b": {"exact": "c"}}, "ignoreUriCase": true}],
            "fault": {
              "delay": {
                "fixedDelay": "1s", "uniformDelay": {"min": "1s", "max": "2s"}, "headerDelay": {},
                "normalDelay": {"mean": "1s", "standardDeviation": "1s"},
                "exponentialDelay": {"mean": "1s"}
              },
              "abort": {"httpStatus": 503, "grpcStatus": 14, "headerAbort": {}},
              "response": {"httpStatus": 503, "truncateAfterBytes": 1, "bytesPerSecond": 1, "headerLimit": {}}
            }
          }]
        }"#,
    );
}

//! What the filter promises beyond its code: cases, schema, manual.

use fault_injection::FaultFilter;
use fault_injection::config::FaultInjectionConfig;
use filter_config::docs;
use filter_testing::Contract;

const CONTRACT: Contract = Contract::of(env!("CARGO_MANIFEST_DIR"));

/// How many cases there are. A number, so that none is lost unnoticed.
const CASES: usize = 154;

#[test]
fn every_case_holds_on_the_pure_filter() -> anyhow::Result<()> {
    CONTRACT.cases_hold::<FaultFilter>(CASES)
}

#[test]
fn every_expectation_made_wrong_fails() -> anyhow::Result<()> {
    CONTRACT.expectations_matter::<FaultFilter>()
}

#[test]
fn the_schema_and_the_manual_are_those_of_the_code() -> anyhow::Result<()> {
    CONTRACT.documents_are_current::<FaultFilter, FaultInjectionConfig>()
}

#[test]
fn the_example_of_the_manual_is_valid() -> anyhow::Result<()> {
    assert_eq!(
        CONTRACT.summaries::<FaultFilter>()?,
        ["rules: jason (delay+abort), everyone (outcomes); request headers are read"]
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

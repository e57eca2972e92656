//! What the filter promises beyond its code: cases, schema, manual.

use filter_config::docs;
use filter_testing::Contract;
use trace_propagation::TraceFilter;
use trace_propagation::config::TracePropagationConfig;

const CONTRACT: Contract = Contract::of(env!("CARGO_MANIFEST_DIR"));

/// How many cases there are. A number, so that none is lost unnoticed.
const CASES: usize = 147;

#[test]
fn every_case_holds_on_the_pure_filter() -> anyhow::Result<()> {
    CONTRACT.cases_hold::<TraceFilter>(CASES)
}

#[test]
fn every_expectation_made_wrong_fails() -> anyhow::Result<()> {
    CONTRACT.expectations_matter::<TraceFilter>()
}

#[test]
fn the_schema_and_the_manual_are_those_of_the_code() -> anyhow::Result<()> {
    CONTRACT.documents_are_current::<TraceFilter, TracePropagationConfig>()
}

#[test]
fn the_examples_of_the_manual_are_valid() -> anyhow::Result<()> {
    assert_eq!(
        CONTRACT.summaries::<TraceFilter>()?,
        [
            "extract: tracecontext, b3, b3multi, jaeger, datadog, xray, gcp, ottrace; inject: \
             tracecontext, b3multi; requests are remembered by x-request-id or trace id",
            "extract: tracecontext, b3, b3multi, jaeger, datadog, xray, gcp, ottrace; inject: \
             tracecontext, b3multi; callers are not trusted",
        ]
    );
    Ok(())
}

/// Every field of more than one word, with a value that its type admits.
#[test]
fn snake_case_is_accepted_everywhere() {
    docs::assert_snake_case_accepted::<TracePropagationConfig>(
        r#"{
          "parentId": "NEW", "maxTracestateBytes": 512,
          "sampling": {"rules": [{
            "match": [{"withoutHeaders": {"a": {}}, "queryParams": {"b": {"exact": "c"}}, "ignoreUriCase": true}],
            "percentage": {"value": 1}
          }]},
          "baggage": {"maxMembers": 1, "maxBytes": 1},
          "correlate": {"role": "INBOUND", "byTraceId": true}
        }"#,
    );
}

//! What the filter promises beyond its code: cases, schema, manual.

use filter_api::HttpFilter;
use filter_config::docs;
use filter_testing::{Metrics, load_cases, mutants, run_pure};
use std::path::{Path, PathBuf};
use trace_propagation::TraceFilter;
use trace_propagation::config::TracePropagationConfig;

/// How many cases there are. A number, so that none is lost unnoticed.
const CASES: usize = 145;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn every_case_holds_on_the_pure_filter() -> anyhow::Result<()> {
    let cases = load_cases(&file("cases"))?;
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            run_pure::<TraceFilter>(case).err().map(|error| format!("{}: {error:#}", case.name))
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
            assert!(run_pure::<TraceFilter>(&mutant).is_err(), "{}{path} is ignored", case.name);
            count += 1;
        }
    }
    println!("{count} expectations made wrong, {count} failures");
    Ok(())
}

#[test]
fn the_schema_and_the_manual_are_those_of_the_code() -> anyhow::Result<()> {
    let schema = docs::schema::<TracePropagationConfig>(TraceFilter::NAME);
    docs::assert_file_contents(&file("config.schema.json"), &schema);
    let readme = std::fs::read_to_string(file("README.md"))?;
    let config = docs::config_tables(&schema);
    let stats = docs::stats_table(TraceFilter::STATS, TraceFilter::NAME);
    let readme = docs::replace_between_markers(&readme, "config", &config)
        .and_then(|readme| docs::replace_between_markers(&readme, "stats", &stats))
        .map_err(anyhow::Error::msg)?;
    docs::assert_file_contents(&file("README.md"), &readme);
    docs::assert_anchors(&readme);
    Ok(())
}

/// What the manual shows is accepted.
#[test]
fn the_examples_of_the_manual_are_valid() -> anyhow::Result<()> {
    let readme = std::fs::read_to_string(file("README.md"))?;
    let mut summaries = Vec::new();
    for example in readme.split("```yaml\n").skip(1) {
        let example = example.split("```").next().unwrap_or_default();
        let example: serde_json::Value = serde_yaml_ng::from_str(example)?;
        let config = example.to_string();
        summaries
            .push(TraceFilter::configure(config.as_bytes(), &mut Metrics::default())?.summary());
    }
    assert_eq!(
        summaries,
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

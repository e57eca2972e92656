//! What the filter promises beyond its code: cases, schema, manual.

use acl::AclFilter;
use acl::config::AclConfig;
use filter_api::HttpFilter;
use filter_config::docs;
use filter_testing::{Metrics, load_cases, mutants, run_pure};
use std::path::{Path, PathBuf};

/// How many cases there are. A number, so that none is lost unnoticed.
const CASES: usize = 113;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn every_case_holds_on_the_pure_filter() -> anyhow::Result<()> {
    let cases = load_cases(&file("cases"))?;
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            run_pure::<AclFilter>(case).err().map(|error| format!("{}: {error:#}", case.name))
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
            assert!(run_pure::<AclFilter>(&mutant).is_err(), "{}{path} is ignored", case.name);
            count += 1;
        }
    }
    println!("{count} expectations made wrong, {count} failures");
    Ok(())
}

#[test]
fn the_schema_and_the_manual_are_those_of_the_code() -> anyhow::Result<()> {
    let schema = docs::schema::<AclConfig>(AclFilter::NAME);
    docs::assert_file_contents(&file("config.schema.json"), &schema);
    let readme = std::fs::read_to_string(file("README.md"))?;
    let config = docs::config_tables(&schema);
    let stats = docs::stats_table(AclFilter::STATS, AclFilter::NAME);
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
    let filter = AclFilter::configure(example.to_string().as_bytes(), &mut Metrics::default())?;
    assert_eq!(
        filter.summary(),
        "DENY deny-customer; ALLOW api, tester; lists preferencewhitelist, vip; bans noisy"
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

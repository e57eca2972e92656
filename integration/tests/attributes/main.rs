//! What the shared crates `attributes` and `identity` say of a request, in a stock Envoy: a module
//! that only tests load answers with it.

mod attributes;
mod identity;

use anyhow::{Context as _, Result};
use envoy_runner::{Client, EnvoyProcess, PluginConfiguration, Request, WasmFilter};
use integration::fixtures;
use serde_json::Value;

/// The module that answers.
fn witness(config: &Value) -> Result<WasmFilter> {
    let module = integration::test_module("witness")?;
    let config = PluginConfiguration::Text(config.to_string());
    Ok(WasmFilter::new("witness", &module).configuration(&config))
}

/// The lines of its answer to a request on `listener`.
fn lines(envoy: &EnvoyProcess, listener: &str, request: &Request) -> Result<Vec<String>> {
    let answer = Client::once(envoy.addr(listener)?, request)?;
    let text = answer.text();
    anyhow::ensure!(answer.status == Some(200), "{listener}: {:?} {text}", answer.status);
    Ok(text.lines().map(str::to_owned).collect())
}

/// Compares line by line, and names each by what it answers.
fn assert_lines(names: &[&str], expected: &[&str], found: &[String]) -> Result<()> {
    anyhow::ensure!(names.len() == expected.len() && names.len() == found.len(), "{found:?}");
    for (index, name) in names.iter().enumerate() {
        let (expected, found) = (expected.get(index), found.get(index).context("no line")?);
        assert_eq!(Some(&found.as_str()), expected, "{name}");
    }
    Ok(())
}

/// Nothing trapped.
fn finish(mut envoy: EnvoyProcess) -> Result<()> {
    fixtures::unharmed(&mut envoy)
}

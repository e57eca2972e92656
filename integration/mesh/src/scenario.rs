//! What a row changes in the mesh: the files in `envoy-configs/mesh/scenarios`.

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// By name.
type Named<T> = BTreeMap<String, T>;

/// A row of the tutorials' table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its number, 1 to 26.
    pub row: u32,
    /// What the pages promise, in a few words.
    pub title: String,
    /// Who does it: a filter of ours, or stock Envoy.
    pub by: String,
    /// The groups of services that it needs. Default: `tutorial`.
    #[serde(default = "tutorial")]
    pub groups: Vec<String>,
    /// One configuration after the other.
    pub steps: Vec<Step>,
}

fn tutorial() -> Vec<String> {
    vec!["tutorial".to_owned()]
}

/// What differs from the plain mesh, by instance or service.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is asked for, as the pages say it.
    pub name: String,
    /// Filters' configurations, by side (`inbound`, `outbound`, `gateway`) and filter.
    #[serde(default)]
    pub filters: Named<Named<Named<Value>>>,
    /// Routes in the place of a virtual host's, by route configuration and virtual host. A virtual
    /// host that is not there yet serves the domain of its name.
    #[serde(default)]
    pub routes: Named<Named<Named<Vec<Value>>>>,
    /// Fields of Envoy's `Cluster`, merged into the one of that name.
    #[serde(default)]
    pub clusters: Named<Named<Map<String, Value>>>,
    /// Fields of a listener's one network filter's configuration, in the place of what it has. A
    /// listener that is not there yet is given whole.
    #[serde(default)]
    pub listeners: Named<Named<Map<String, Value>>>,
    /// The transport sockets of listeners.
    #[serde(default)]
    pub transport_sockets: Named<Named<Value>>,
}

impl Step {
    /// Reads a file that is a step alone.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        merged(&text).with_context(|| path.display().to_string())
    }
}

impl Scenario {
    /// The configuration of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn step(&self, name: &str) -> Result<&Step> {
        let found = self.steps.iter().find(|step| step.name == name);
        found.with_context(|| format!("row {} has no step `{name}`", self.row))
    }

    /// The scenarios in the files of a folder, by row.
    ///
    /// # Errors
    /// A file cannot be read, or two have one number.
    pub fn all(folder: &Path) -> Result<BTreeMap<u32, Self>> {
        let mut all = BTreeMap::new();
        let entries = fs::read_dir(folder);
        for entry in entries.with_context(|| format!("listing {}", folder.display()))? {
            let path = entry?.path();
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let scenario = Self::parse(&text).with_context(|| path.display().to_string())?;
            let row = scenario.row;
            ensure!(all.insert(row, scenario).is_none(), "row {row} is there twice");
        }
        Ok(all)
    }

    fn parse(text: &str) -> Result<Self> {
        let scenario: Self = merged(text)?;
        ensure!((1..=26).contains(&scenario.row), "there are rows 1 to 26");
        ensure!(!scenario.steps.is_empty(), "a scenario has a step");
        Ok(scenario)
    }
}

/// Reads YAML with its merge keys (`<<`).
fn merged<T: DeserializeOwned>(text: &str) -> Result<T> {
    let mut value: serde_yaml_ng::Value = serde_yaml_ng::from_str(text)?;
    value.apply_merge().context("a merge key")?;
    Ok(serde_yaml_ng::from_value(value)?)
}

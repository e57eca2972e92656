//! The Grafana dashboard that `envoy-configs/compose` provisions.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Its panels' queries.
#[derive(Clone, Debug)]
pub struct Dashboard {
    queries: Vec<String>,
}

impl Dashboard {
    /// Reads it from `envoy-configs/compose`.
    ///
    /// # Errors
    /// It cannot be read, or a panel asks nothing.
    pub fn read(compose: &Path) -> Result<Self> {
        let path = compose.join("grafana/ballast.json");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let value: Value = serde_json::from_str(&text)?;
        let panels = value.get("panels").and_then(Value::as_array).context("no panels")?;
        let mut queries = Vec::new();
        for panel in panels.iter().filter(|panel| panel.get("type") != Some(&"row".into())) {
            let targets = panel.get("targets").and_then(Value::as_array);
            let targets = targets.with_context(|| format!("no targets: {panel}"))?;
            ensure!(!targets.is_empty(), "a panel that asks nothing: {panel}");
            for target in targets {
                let query = target.get("expr").and_then(Value::as_str).context("no query")?;
                queries.push(query.to_owned());
            }
        }
        Ok(Self { queries })
    }

    /// Every query, panel by panel.
    pub fn queries(&self) -> impl Iterator<Item = &str> {
        self.queries.iter().map(String::as_str)
    }
}

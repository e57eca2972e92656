//! The rows of the table, as data.

use anyhow::{Context as _, ensure};
use envoy_runner::Request;
use serde::Deserialize;
use serde_json::Value;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rows {
    path: String,
    headers: Vec<(String, String)>,
    pub(crate) rows: Vec<Row>,
}

/// One measurement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) filter: Filter,
    /// Header lines beside those of all rows.
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// Names of those of all rows that this one is sent without.
    #[serde(default)]
    instead: Vec<String>,
    /// The status that each answer must have.
    #[serde(default = "ok")]
    pub(crate) status: u16,
    /// The instructions that it shall not exceed.
    pub(crate) aim: Option<f64>,
    /// What happens once, before anything is counted.
    pub(crate) before: Option<Before>,
}

/// A request to another listener with the same module, whose plugin shares its data with the one that
/// is measured.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Before {
    pub(crate) configuration: Value,
    headers: Vec<(String, String)>,
}

/// What stands in the chain before the router.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub(crate) enum Filter {
    /// A module of the build, by its file name.
    Module { file: String, configuration: Option<Value> },
    /// One of Envoy's own, as its `HttpFilter`.
    Native(Value),
    /// A module of `reference-modules`, with all its exports or only these callbacks.
    Reference { package: String, exports: Option<Vec<String>>, configuration: Option<Value> },
}

impl Rows {
    pub(crate) fn from_yaml(text: &str) -> anyhow::Result<Self> {
        // By way of JSON: YAML's own mapping of enums would need tags.
        let value: Value = serde_yaml_ng::from_str(text).context("the rows are not YAML")?;
        let rows: Self = serde_json::from_value(value).context("the rows cannot be read")?;
        ensure!(!rows.rows.is_empty(), "there are no rows");
        Ok(rows)
    }

    pub(crate) fn request(&self, row: &Row) -> Request {
        let kept = self.headers.iter().filter(|(name, _)| !row.instead.contains(name));
        self.request_with(kept.chain(&row.headers))
    }

    /// The request that goes before.
    pub(crate) fn request_before(&self, before: &Before) -> Request {
        self.request_with(before.headers.iter())
    }

    fn request_with<'a>(&self, headers: impl Iterator<Item = &'a (String, String)>) -> Request {
        headers.fold(Request::get(&self.path), |request, (name, value)| request.header(name, value))
    }
}

fn ok() -> u16 {
    200
}

#[cfg(test)]
mod tests {
    use super::{Filter, Rows};

    #[test]
    fn the_rows_that_are_shipped_can_be_read() {
        let rows = Rows::from_yaml(include_str!("../../../bench/rows.yaml")).unwrap();
        assert!(rows.rows.iter().any(|row| matches!(row.filter, Filter::Native(_))));
        let request = rows.request(&rows.rows[0]);
        // With four pseudo headers and the two that Envoy adds: nine.
        assert_eq!(request.headers.len(), 3);
    }

    #[test]
    fn a_misspelt_field_is_refused() {
        let text = "{path: /, headers: [], rows: [{name: a, filter: {native: {}}, staus: 503}]}";
        let error = Rows::from_yaml(text).unwrap_err();
        assert!(format!("{error:#}").contains("staus"), "{error:#}");
    }
}

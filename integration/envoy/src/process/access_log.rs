//! The access log, one JSON map a line.

use std::path::Path;
use std::{fs, io};

use anyhow::Context as _;
use serde_json::{Map, Value};

/// One line of the access log; the fields are named by [`Listener`](crate::Listener).
#[derive(Clone, Debug, PartialEq)]
pub struct AccessLogEntry(Map<String, Value>);

impl AccessLogEntry {
    /// A field that is text; `None` when it is absent, empty in Envoy's sense (`-`) or a number.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field).and_then(Value::as_str).filter(|text| *text != "-")
    }

    /// A field that is a whole number, such as `code` and `duration` (milliseconds).
    #[must_use]
    pub fn number(&self, field: &str) -> Option<u64> {
        self.0.get(field).and_then(Value::as_u64)
    }
}

/// The complete lines that are in the file now.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<AccessLogEntry>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let complete = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
    complete
        .lines()
        .map(|line| {
            let entry = serde_json::from_str(line);
            entry.map(AccessLogEntry).with_context(|| format!("not a JSON map: {line}"))
        })
        .collect()
}

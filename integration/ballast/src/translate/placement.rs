//! Where a filter is put.

use crate::filters::Filter;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Istio's root namespace: what stands there holds for the whole mesh.
pub(crate) const ROOT: &str = "istio-system";

/// Where a filter is put.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Placement {
    pub(crate) filter: &'static str,
    pub(crate) namespace: String,
    pub(crate) context: Context,
    /// The workloads' labels; none: all of the namespace.
    pub(crate) labels: BTreeMap<String, String>,
}

/// Which side of which proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Context {
    Gateway,
    Inbound,
    Outbound,
}

impl Context {
    pub(crate) fn istio(self) -> &'static str {
        match self {
            Self::Gateway => "GATEWAY",
            Self::Inbound => "SIDECAR_INBOUND",
            Self::Outbound => "SIDECAR_OUTBOUND",
        }
    }
}

impl Placement {
    pub(crate) fn new(filter: &'static str, namespace: &str, context: Context) -> Self {
        let namespace = namespace.to_owned();
        Self { filter, namespace, context, labels: BTreeMap::new() }
    }

    pub(crate) fn with_label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), value.to_owned());
        self
    }

    /// `ballast-fault-injection-outbound-reviews-v2`.
    pub(crate) fn name(&self) -> String {
        let context = match self.context {
            Context::Gateway => "gateway",
            Context::Inbound => "inbound",
            Context::Outbound => "outbound",
        };
        let filter = self.filter.replace('_', "-");
        let labels = self.labels.values().map(|value| value.to_ascii_lowercase());
        let parts = ["ballast".to_owned(), filter, context.to_owned()].into_iter().chain(labels);
        parts.collect::<Vec<_>>().join("-")
    }

    /// Whether this one is put into every proxy that the other one is put into, and into more.
    pub(crate) fn contains(&self, other: &Self) -> bool {
        let is_wider = self.namespace == ROOT && other.namespace != ROOT;
        (self.filter, self.context) == (other.filter, other.context)
            && (is_wider
                || self.namespace == other.namespace && self.labels.len() < other.labels.len())
            && self.labels.iter().all(|(name, value)| other.labels.get(name) == Some(value))
    }

    /// What the filter says to a configuration.
    pub(crate) fn check(&self, config: &Map<String, Value>) -> Result<(), String> {
        let filter = Filter::named(self.filter).ok_or("this build has no such filter")?;
        let text = Value::Object(config.clone()).to_string();
        filter.load(text.as_bytes()).map(|_| ()).map_err(|error| error.to_string())
    }
}

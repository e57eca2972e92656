//! Routes: answers of Envoy's own, or upstreams.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::document::merge;

/// One route; the first whose prefix matches applies.
#[derive(Clone, Debug)]
pub struct Route(Value);

impl Route {
    /// Envoy itself answers with this status and body.
    #[must_use]
    pub fn direct_response(prefix: &str, status: u16, body: &str) -> Self {
        let mut response = json!({"status": status});
        if !body.is_empty() {
            merge(&mut response, json!({"body": {"inline_string": body}}));
        }
        Self(json!({"match": {"prefix": prefix}, "direct_response": response}))
    }

    /// The cluster answers; the route's own time-out is off.
    #[must_use]
    pub fn cluster(prefix: &str, cluster: &str) -> Self {
        let action = json!({"cluster": cluster, "timeout": "0s"});
        Self(json!({"match": {"prefix": prefix}, "route": action}))
    }

    /// Any route, as YAML text of Envoy's `Route`.
    ///
    /// # Errors
    /// The text is not YAML.
    pub fn from_yaml(text: &str) -> anyhow::Result<Self> {
        Ok(Self(serde_yaml_ng::from_str(text).context("not YAML")?))
    }

    /// Switches a filter of the chain off on this route.
    #[must_use]
    pub fn disable(self, filter: &str) -> Self {
        self.filter_config(filter, &json!({"disabled": true}))
    }

    /// Switches a filter that is off by default on for this route.
    #[must_use]
    pub fn enable(self, filter: &str) -> Self {
        self.filter_config(filter, &json!({"config": {}}))
    }

    /// Sets or replaces fields of Envoy's `Route`.
    #[must_use]
    pub fn merge(mut self, fields: Value) -> Self {
        merge(&mut self.0, fields);
        self
    }

    fn filter_config(self, filter: &str, config: &Value) -> Self {
        let mut typed = json!({"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig"});
        merge(&mut typed, config.clone());
        self.merge(json!({"typed_per_filter_config": {filter: typed}}))
    }

    pub(super) fn value(&self) -> &Value {
        &self.0
    }
}

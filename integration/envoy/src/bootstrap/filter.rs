//! HTTP filters: our modules, or any of Envoy's own.

use std::path::{self, Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::document::merge;

const TYPE: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

/// What a module's plugin configuration is wrapped in.
#[derive(Clone, Debug, PartialEq)]
pub enum PluginConfiguration {
    /// A `google.protobuf.Struct`: native YAML, where every number becomes a double.
    Struct(Value),
    /// A `google.protobuf.StringValue`: the text reaches the module as it is.
    Text(String),
}

/// What Envoy does with requests when a module's VM has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// Every request is answered 503 (Envoy's default).
    FailClosed,
    /// Requests go on without the filter.
    FailOpen,
    /// The VM is loaded again.
    FailReload,
}

/// An `envoy.filters.http.wasm` filter on V8.
#[derive(Clone, Debug)]
pub struct WasmFilter {
    name: String,
    module: PathBuf,
    fields: Value,
}

impl WasmFilter {
    /// The module in this file; `name` is the filter's, the plugin's and the root id.
    #[must_use]
    pub fn new(name: &str, module: &Path) -> Self {
        // Envoy runs in a directory of its own.
        let module = path::absolute(module).unwrap_or_else(|_| module.to_owned());
        Self { name: name.to_owned(), module, fields: json!({}) }
    }

    /// Another root id.
    #[must_use]
    pub fn root_id(self, root_id: &str) -> Self {
        self.merge(json!({"root_id": root_id}))
    }

    /// A VM id: filters of one id and module share a VM on each worker. Empty by default.
    #[must_use]
    pub fn vm_id(self, vm_id: &str) -> Self {
        self.merge(json!({"vm_config": {"vm_id": vm_id}}))
    }

    /// What happens when the VM fails.
    #[must_use]
    pub fn failure_policy(self, policy: FailurePolicy) -> Self {
        let policy = match policy {
            FailurePolicy::FailClosed => "FAIL_CLOSED",
            FailurePolicy::FailOpen => "FAIL_OPEN",
            FailurePolicy::FailReload => "FAIL_RELOAD",
        };
        self.merge(json!({"failure_policy": policy}))
    }

    /// The plugin configuration.
    #[must_use]
    pub fn configuration(self, configuration: &PluginConfiguration) -> Self {
        let (kind, value) = match configuration {
            PluginConfiguration::Struct(tree) => ("Struct", tree.clone()),
            PluginConfiguration::Text(text) => ("StringValue", json!(text)),
        };
        let kind = format!("type.googleapis.com/google.protobuf.{kind}");
        self.merge(json!({"configuration": {"@type": kind, "value": value}}))
    }

    /// Sets or replaces fields of Envoy's `PluginConfig`.
    #[must_use]
    pub fn merge(mut self, fields: Value) -> Self {
        merge(&mut self.fields, fields);
        self
    }
}

/// One element of the filter chain before the router.
#[derive(Clone, Debug)]
pub struct HttpFilter(Value);

impl HttpFilter {
    /// Any filter, as YAML text of Envoy's `HttpFilter` (`name`, `typed_config`).
    ///
    /// # Errors
    /// The text is not YAML.
    pub fn from_yaml(text: &str) -> anyhow::Result<Self> {
        Ok(Self(serde_yaml_ng::from_str(text).context("not YAML")?))
    }

    /// Off unless a route switches it on (see [`Route::enable`](super::Route::enable)).
    #[must_use]
    pub fn disabled(mut self) -> Self {
        merge(&mut self.0, json!({"disabled": true}));
        self
    }

    pub(super) fn value(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for HttpFilter {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl From<WasmFilter> for HttpFilter {
    fn from(filter: WasmFilter) -> Self {
        let mut config = json!({
            "name": filter.name,
            "root_id": filter.name,
            "vm_config": {
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": filter.module.to_string_lossy()}},
            },
        });
        merge(&mut config, filter.fields);
        Self(json!({
            "name": filter.name,
            "typed_config": {"@type": TYPE, "config": config},
        }))
    }
}

//! A whole bootstrap as a tree, to be adapted and written.

use std::net::SocketAddr;
use std::path::{self, Path};

use anyhow::{Context as _, ensure};
use serde_json::{Map, Value, json};

use super::{loopback, socket};

/// A bootstrap as Envoy reads it: built by [`Bootstrap`](super::Bootstrap) or read from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    value: Value,
    dynamic_listeners: Option<Vec<Value>>,
}

impl Document {
    pub(super) fn new(value: Value, dynamic_listeners: Option<Vec<Value>>) -> Self {
        Self { value, dynamic_listeners }
    }

    /// Reads YAML (or JSON) text, for instance of an example that users are shown.
    ///
    /// # Errors
    /// The text is not YAML, or not a map.
    pub fn from_yaml(text: &str) -> anyhow::Result<Self> {
        let mut yaml: serde_yaml_ng::Value = serde_yaml_ng::from_str(text).context("not YAML")?;
        yaml.apply_merge().context("bad merge key")?;
        let value = serde_json::to_value(yaml).context("not expressible as JSON")?;
        ensure!(value.is_object(), "a bootstrap is a map");
        Ok(Self { value, dynamic_listeners: None })
    }

    /// Moves every static listener and the admin interface to free ports of loopback.
    #[must_use]
    pub fn on_free_ports(mut self) -> Self {
        if let Some(fields) = self.value.as_object_mut() {
            fields.insert("admin".to_owned(), json!({"address": loopback()}));
        }
        for listener in self.static_resources("listeners") {
            merge(listener, json!({"address": loopback()}));
        }
        self
    }

    /// Points a static cluster at one address instead of all its endpoints.
    ///
    /// # Errors
    /// There is no cluster of this name.
    pub fn with_endpoint(mut self, cluster: &str, addr: SocketAddr) -> anyhow::Result<Self> {
        let named = |value: &&mut Value| value.get("name").is_some_and(|name| name == cluster);
        let mut clusters = self.static_resources("clusters");
        let found = clusters.iter_mut().map(|value| &mut **value).find(named);
        let found = found.with_context(|| format!("no cluster named {cluster}"))?;
        let endpoints = json!([{"lb_endpoints": [{"endpoint": {"address": socket(addr)}}]}]);
        let assignment = json!({"cluster_name": cluster, "endpoints": endpoints});
        merge(found, json!({"type": "STATIC", "load_assignment": assignment}));
        Ok(self)
    }

    /// Lets every Wasm module that is loaded from a file be loaded from `directory` instead, by the
    /// same file name.
    #[must_use]
    pub fn with_modules_in(mut self, directory: &Path) -> Self {
        // Envoy runs in a directory of its own.
        let directory = path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
        relocate_modules(&mut self.value, &directory);
        self
    }

    /// Sets or replaces fields of Envoy's `Bootstrap`.
    #[must_use]
    pub fn merge(mut self, fields: Value) -> Self {
        merge(&mut self.value, fields);
        self
    }

    /// The tree, for what has no method here.
    pub fn value_mut(&mut self) -> &mut Value {
        &mut self.value
    }

    /// The text that Envoy is given. An admin interface is always there: the runner needs it.
    pub(crate) fn to_json(&self) -> String {
        let mut value = self.value.clone();
        if value.get("admin").is_none() {
            merge(&mut value, json!({"admin": {"address": loopback()}}));
        }
        format!("{value:#}")
    }

    pub(crate) fn dynamic_listeners(&self) -> Option<&[Value]> {
        self.dynamic_listeners.as_deref()
    }

    fn static_resources(&mut self, kind: &str) -> Vec<&mut Value> {
        let list = self.value.get_mut("static_resources").and_then(|all| all.get_mut(kind));
        list.and_then(Value::as_array_mut).map(|all| all.iter_mut().collect()).unwrap_or_default()
    }
}

/// Merges maps field by field; everything else is replaced.
pub fn merge(into: &mut Value, fields: Value) {
    match (into, fields) {
        (Value::Object(into), Value::Object(fields)) => {
            for (name, field) in fields {
                merge(into.entry(name).or_insert_with(|| Value::Object(Map::new())), field);
            }
        }
        (into, fields) => *into = fields,
    }
}

fn relocate_modules(value: &mut Value, directory: &Path) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(|item| relocate_modules(item, directory));
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let file = field.pointer_mut("/local/filename").filter(|_| name == "code");
                match file {
                    Some(Value::String(path)) => {
                        let file_name = Path::new(path).file_name().unwrap_or_default();
                        *path = directory.join(file_name).to_string_lossy().into_owned();
                    }
                    _ => relocate_modules(field, directory),
                }
            }
        }
        Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::Document;
    use serde_json::json;
    use std::path::Path;

    const EXAMPLE: &str = "
admin: {address: {socket_address: {address: 0.0.0.0, port_value: 9901}}}
static_resources:
  listeners:
  - address: {socket_address: {address: 0.0.0.0, port_value: 10000}}
    filters: [{vm_config: {code: {local: {filename: target/filters/x.wasm}}}}]
  clusters:
  - name: reviews
    type: STRICT_DNS
    load_assignment: {cluster_name: reviews, endpoints: []}
";

    #[test]
    fn an_example_is_adapted_to_this_machine() -> anyhow::Result<()> {
        let mut document = Document::from_yaml(EXAMPLE)?
            .on_free_ports()
            .with_modules_in(Path::new("/modules"))
            .with_endpoint("reviews", "127.0.0.1:81".parse()?)?;
        assert!(!document.to_json().contains("9901"));
        let resources = &document.value_mut()["static_resources"];
        let listener = &resources["listeners"][0];
        assert_eq!(
            listener["address"]["socket_address"],
            json!({"address": "127.0.0.1", "port_value": 0})
        );
        let code = &listener["filters"][0]["vm_config"]["code"];
        assert_eq!(code["local"]["filename"], "/modules/x.wasm");
        let cluster = &resources["clusters"][0];
        assert_eq!(cluster["type"], "STATIC");
        let endpoint = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address";
        assert_eq!(cluster.pointer(endpoint).unwrap()["socket_address"]["port_value"], 81);
        Ok(())
    }

    #[test]
    fn an_admin_interface_of_its_own_stays() -> anyhow::Result<()> {
        assert!(Document::from_yaml(EXAMPLE)?.to_json().contains("9901"));
        assert!(Document::from_yaml("{}")?.to_json().contains("admin"));
        Ok(())
    }

    #[test]
    fn an_unknown_cluster_is_an_error() -> anyhow::Result<()> {
        let document = Document::from_yaml(EXAMPLE)?;
        let error = document.with_endpoint("ratings", "127.0.0.1:81".parse()?).unwrap_err();
        assert_eq!(error.to_string(), "no cluster named ratings");
        Ok(())
    }

    #[test]
    fn text_that_is_no_map_is_an_error() {
        assert!(Document::from_yaml("- a").is_err());
        assert!(Document::from_yaml("a: [").is_err());
    }
}

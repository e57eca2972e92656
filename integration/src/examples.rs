//! What stands in `envoy-configs`: the configurations that users copy.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::path::Path;

/// A Wasm filter of an example.
#[derive(Clone, Debug)]
pub struct Plugin {
    /// Its module's file name.
    pub module: String,
    /// The plugin configuration as JSON text.
    pub configuration: Vec<u8>,
}

/// Every Wasm filter below `value`, in order.
///
/// # Errors
/// A filter whose configuration is neither a `StringValue` nor a `Struct`.
pub fn plugins(value: &Value) -> Result<Vec<Plugin>> {
    let mut plugins = Vec::new();
    collect(value, &mut plugins)?;
    Ok(plugins)
}

fn collect(value: &Value, plugins: &mut Vec<Plugin>) -> Result<()> {
    if let Some(module) = value.pointer("/vm_config/code/local/filename") {
        let module = Path::new(module.as_str().context("a path is text")?).file_name();
        let module = module.context("a path without a file")?.to_string_lossy().into_owned();
        plugins.push(Plugin { module, configuration: configuration(value)? });
    } else if let Some(fields) = value.as_object() {
        fields.values().try_for_each(|field| collect(field, plugins))?;
    } else if let Some(items) = value.as_array() {
        items.iter().try_for_each(|item| collect(item, plugins))?;
    }
    Ok(())
}

fn configuration(plugin: &Value) -> Result<Vec<u8>> {
    let Some(any) = plugin.get("configuration") else { return Ok(Vec::new()) };
    let kind = any.get("@type").and_then(Value::as_str).context("no @type")?;
    let value = any.get("value").context("no value")?;
    match (kind.rsplit_once('.'), value) {
        (Some((_, "StringValue")), Value::String(text)) => Ok(text.clone().into_bytes()),
        (Some((_, "Struct")), tree) => Ok(tree.to_string().into_bytes()),
        _ => bail!("a {kind} is no configuration of ours"),
    }
}

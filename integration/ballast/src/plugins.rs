//! Finds the configurations of our filters in whatever holds them: Envoy's own files, `EnvoyFilter`,
//! `WasmPlugin`, `TrafficExtension`, `EnvoyExtensionPolicy`, or a configuration by itself.

use crate::document::{Document, Path};
use crate::filters::{FILTERS, Filter};
use serde_json::{Map, Value};

#[cfg(test)]
mod tests;

/// A configuration of one of our filters.
#[derive(Clone)]
pub(crate) struct Plugin {
    pub(crate) filter: &'static Filter,
    /// What holds it, e.g. `WasmPlugin flaky`.
    pub(crate) holder: String,
    /// The number of its document in the file.
    pub(crate) document: usize,
    /// Where the configuration stands; where there is none, the plugin.
    pub(crate) at: Path,
    pub(crate) config: Config,
    /// Envoy's `failure_policy` or Istio's `failStrategy`, if it stands there.
    pub(crate) failure_policy: Option<(String, Path)>,
}

/// A configuration as it stands in the file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Config {
    /// None: the filter's defaults.
    None,
    /// As YAML or JSON.
    Tree(Value),
    /// As text that holds JSON.
    Text(String),
}

impl Config {
    /// As a tree; `null` where it is none.
    pub(crate) fn tree(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Tree(tree) => tree.clone(),
            Self::Text(text) => serde_json::from_str(text).unwrap_or_default(),
        }
    }

    /// The named entries of the lists at its top, and where they are: rules, lists, quotas.
    pub(crate) fn named_entries(&self) -> Vec<(Path, String, Value)> {
        let mut entries = Vec::new();
        for (list, items) in self.tree().as_object().into_iter().flatten() {
            for (index, item) in items.as_array().into_iter().flatten().enumerate() {
                if let Some(name) = item.get("name").and_then(Value::as_str) {
                    let path = Path::default().key(list).index(index);
                    entries.push((path, name.to_owned(), item.clone()));
                }
            }
        }
        entries
    }

    /// The bytes that the module is given.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::None => Vec::new(),
            Self::Tree(tree) => tree.to_string().into_bytes(),
            Self::Text(text) => text.clone().into_bytes(),
        }
    }
}

/// What a document holds.
#[derive(Clone, Default)]
pub(crate) struct Found {
    pub(crate) plugins: Vec<Plugin>,
    /// Wasm plugins that are not ours, by name.
    pub(crate) foreign: Vec<String>,
    /// A form that no filter's configuration can have: `(where, why)`.
    pub(crate) unreadable: Vec<(Path, String)>,
}

/// Looks through a document. `filter` says whose configuration a document without any envelope is.
pub(crate) fn find(document: &Document, filter: Option<&'static Filter>) -> Found {
    let mut found = Found::default();
    let root = Path::default();
    search(&document.value, &root, &mut found);
    let is_empty = found.plugins.is_empty() && found.foreign.is_empty();
    if is_empty && found.unreadable.is_empty() {
        found.plugins.extend(bare(&document.value, filter));
    }
    for plugin in &mut found.plugins {
        plugin.document = document.index;
    }
    found
}

fn search(value: &Value, at: &Path, found: &mut Found) {
    if value.as_object().is_some_and(|object| holder(object, at, found)) {
        return;
    }
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                search(value, &at.key(key), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                search(item, &at.index(index), found);
            }
        }
        _ => {}
    }
}

/// Takes a Wasm plugin out of an object that is one; `false` where it is none.
fn holder(object: &Map<String, Value>, at: &Path, found: &mut Found) -> bool {
    match text(object, "kind") {
        Some(kind @ ("WasmPlugin" | "TrafficExtension" | "EnvoyExtensionPolicy")) => {
            let Some(spec) = object.get("spec").and_then(Value::as_object) else { return false };
            let name = object.get("metadata").and_then(|metadata| metadata.get("name"));
            let name = name.and_then(Value::as_str).unwrap_or_default();
            kubernetes(kind, name, spec, &at.key("spec"), found);
            true
        }
        _ => envoy(object, at, found),
    }
}

fn kubernetes(kind: &str, name: &str, spec: &Map<String, Value>, at: &Path, found: &mut Found) {
    let holder = format!("{kind} {name}");
    match kind {
        "WasmPlugin" => istio(holder, name, spec, at, found),
        "TrafficExtension" => {
            if let Some(wasm) = spec.get("wasm").and_then(Value::as_object) {
                istio(holder, name, wasm, &at.key("wasm"), found);
            }
        }
        _ => {
            let items = spec.get("wasm").and_then(Value::as_array).into_iter().flatten();
            for (index, item) in items.enumerate() {
                let Some(item) = item.as_object() else { continue };
                gateway(&holder, name, item, &at.key("wasm").index(index), found);
            }
        }
    }
}

/// Istio's `WasmPlugin` and the `wasm` of its `TrafficExtension`.
fn istio(holder: String, name: &str, spec: &Map<String, Value>, at: &Path, found: &mut Found) {
    let names = [text(spec, "pluginName"), text(spec, "url"), Some(name)];
    let config = spec.get("pluginConfig").map(|config| (at.key("pluginConfig"), config));
    let policy = text(spec, "failStrategy").map(|text| (text.to_owned(), at.key("failStrategy")));
    add(holder, names, at, config, policy, found);
}

/// An item of Envoy Gateway's `EnvoyExtensionPolicy`.
fn gateway(holder: &str, name: &str, item: &Map<String, Value>, at: &Path, found: &mut Found) {
    let code = item.get("code");
    let url = |kind: &str| code?.get(kind)?.get("url")?.as_str();
    let names = [text(item, "name"), text(item, "rootID"), url("image"), url("http"), Some(name)];
    let config = item.get("config").map(|config| (at.key("config"), config));
    let policy = item.get("failOpen").and_then(Value::as_bool);
    let policy = policy.map(|open| {
        let policy = if open { "FAIL_OPEN" } else { "FAIL_CLOSED" };
        (policy.to_owned(), at.key("failOpen"))
    });
    add(holder.to_owned(), names, at, config, policy, found);
}

/// Envoy's own `PluginConfig`, wherever it stands: it has a `vm_config` or a `configuration` with a
/// type.
fn envoy(object: &Map<String, Value>, at: &Path, found: &mut Found) -> bool {
    let any = object.get("configuration").and_then(Value::as_object);
    let vm = either(object, "vm_config", "vmConfig");
    if vm.is_none() && any.is_none_or(|any| !any.contains_key("@type")) {
        return false;
    }
    let source = vm.and_then(|(_, vm)| vm.get("code"));
    let file = source.and_then(|code| code.pointer("/local/filename")?.as_str());
    let uri = source.and_then(|code| {
        let remote = code.get("remote")?;
        remote.get("http_uri").or_else(|| remote.get("httpUri"))?.get("uri")?.as_str()
    });
    let vm_id = vm.and_then(|(_, vm)| vm.get("vm_id").or_else(|| vm.get("vmId"))?.as_str());
    let root_id = either(object, "root_id", "rootId").and_then(|(_, id)| id.as_str());
    let names = [file, uri, text(object, "name"), root_id, vm_id];
    let policy = either(object, "failure_policy", "failurePolicy");
    let policy = policy.and_then(|(key, value)| Some((value.as_str()?.to_owned(), at.key(key))));
    let holder =
        text(object, "name").map_or("Wasm filter".to_owned(), |name| format!("Wasm filter {name}"));
    let value = any.and_then(|any| Some((at.key("configuration").key("value"), any.get("value")?)));
    add(holder, names, at, value, policy, found);
    true
}

fn add<const N: usize>(
    holder: String,
    names: [Option<&str>; N],
    at: &Path,
    config: Option<(Path, &Value)>,
    failure_policy: Option<(String, Path)>,
    found: &mut Found,
) {
    let Some(filter) = names.iter().flatten().find_map(|name| by_source(name)) else {
        found.foreign.push(holder);
        return;
    };
    let (at, config) = match config {
        None | Some((_, Value::Null)) => (at.clone(), Config::None),
        Some((at, Value::String(text))) => (at, Config::Text(text.clone())),
        Some((at, tree @ Value::Object(_))) => (at, Config::Tree(tree.clone())),
        Some((at, _)) => {
            let why = "a configuration is an object, or text that holds one";
            found.unreadable.push((at, why.to_owned()));
            return;
        }
    };
    found.plugins.push(Plugin { filter, holder, document: 0, at, config, failure_policy });
}

/// The filter that a name, a file, a URL or an image speaks of: its last part counts, without
/// extension, tag and digest.
fn by_source(source: &str) -> Option<&'static Filter> {
    let last = source.rsplit('/').next().unwrap_or(source);
    let last = last.split(['@', ':', '?']).next().unwrap_or(last);
    let last = last.strip_suffix(".wasm").unwrap_or(last).replace('-', "_");
    let exact = FILTERS.iter().find(|filter| filter.name == last);
    // `ballast-acl`, `acl-1.2`: a name with the filter's in it, between word borders.
    exact.or_else(|| {
        let padded = format!("_{}_", last.replace('.', "_"));
        FILTERS.iter().find(|filter| padded.contains(&format!("_{}_", filter.name)))
    })
}

/// A configuration without any envelope: the given filter's, or that of the only filter that has all
/// the fields at its top.
fn bare(value: &Value, filter: Option<&'static Filter>) -> Option<Plugin> {
    let object = value.as_object()?;
    if object.contains_key("kind") && object.contains_key("apiVersion") {
        return None;
    }
    let filter = filter.or_else(|| only_filter_with(object))?;
    let config = Config::Tree(value.clone());
    let (holder, at) = ("configuration".to_owned(), Path::default());
    Some(Plugin { filter, holder, document: 0, at, config, failure_policy: None })
}

fn only_filter_with(object: &Map<String, Value>) -> Option<&'static Filter> {
    let knows_all = |filter: &&Filter| {
        let fields = filter.fields();
        let has = |key: &String| fields.iter().any(|field| same_field(field, key));
        !object.is_empty() && object.keys().all(has)
    };
    let candidates: Vec<&Filter> = FILTERS.iter().filter(knows_all).collect();
    if let [only] = candidates.as_slice() {
        return Some(only);
    }
    // `rules` alone are several filters'. That one is meant which accepts them, or knows most of what
    // stands in them.
    let value = Value::Object(object.clone());
    let bytes = value.to_string().into_bytes();
    let score = |filter: &Filter| (filter.load(&bytes).is_ok(), filter.knows(&value));
    let mut scores: Vec<_> = candidates.into_iter().map(|filter| (score(filter), filter)).collect();
    scores.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    match scores.as_slice() {
        [(best, filter), (next, _), ..] if best > next => Some(filter),
        _ => None,
    }
}

fn same_field(field: &str, key: &str) -> bool {
    let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
    field == key || plain(field) == plain(key)
}

fn text<'v>(object: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    object.get(key)?.as_str()
}

fn either<'v>(
    object: &'v Map<String, Value>,
    snake: &'static str,
    camel: &'static str,
) -> Option<(&'static str, &'v Value)> {
    let get = |key: &'static str| Some((key, object.get(key)?));
    get(snake).or_else(|| get(camel))
}

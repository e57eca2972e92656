//! The files that one Envoy of the mesh reads.

use anyhow::{Context as _, Result, bail, ensure};
use envoy_runner::merge;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::scenario::Step;
use crate::table::{Kind, Service};
use crate::template::{Template, filters_of, included, yaml};

/// The filters of every chain, in the order in which they see a request.
pub const FILTERS: [&str; 5] =
    ["trace_propagation", "acl", "rate_limit_quota", "fault_injection", "routing_hints"];

/// Filters' configurations by side and filter.
type Sides = BTreeMap<String, BTreeMap<String, Value>>;

/// One file: Envoy's bootstrap, or the resources of one subscription.
#[derive(Clone, Debug, PartialEq)]
pub enum File {
    /// `bootstrap.yaml`.
    Bootstrap(Value),
    /// What Envoy follows.
    Resources(Vec<Value>),
}

impl File {
    /// How many resources it has.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Bootstrap(_) => 1,
            Self::Resources(resources) => resources.len(),
        }
    }

    /// The text for Envoy. Each version of a file must differ from the one before.
    ///
    /// # Errors
    /// It cannot be written as YAML.
    pub fn text(&self, version: u64) -> Result<String> {
        let value = match self {
            Self::Bootstrap(value) => value.clone(),
            Self::Resources(resources) => {
                json!({"version_info": version.to_string(), "resources": resources})
            }
        };
        Ok(serde_yaml_ng::to_string(&value)?)
    }
}

/// The files of one Envoy, by their path in its folder.
pub type Files = BTreeMap<PathBuf, File>;

/// Makes files of the templates in a folder.
#[derive(Clone, Debug)]
pub struct Renderer {
    /// `envoy-configs/mesh`.
    pub folder: PathBuf,
    /// What is filled in.
    pub template: Template,
}

impl Renderer {
    /// The files of an instance's Envoy under a scenario's step.
    ///
    /// # Errors
    /// A template or a step that cannot be understood.
    pub fn files(&self, instance: &str, step: &Step) -> Result<Files> {
        let service = self.template.table.service(instance)?;
        let base = match service.kind {
            Kind::Gateway => "gateway.yaml",
            Kind::Sidecar => "sidecar.yaml",
            Kind::Application => bail!("{instance} has no Envoy"),
        };
        let mut base = self.read(base)?;
        let mut list = |name: &str| -> Result<Vec<Value>> {
            let list = base.get_mut(name).and_then(Value::as_array_mut);
            Ok(std::mem::take(list.with_context(|| format!("no {name}"))?))
        };
        let (mut listeners, mut routes, mut clusters) =
            (list("listeners")?, list("routes")?, list("clusters")?);
        change_listeners(&mut listeners, &of(service, &step.listeners))?;
        secure_listeners(&mut listeners, &of(service, &step.transport_sockets))?;
        change_routes(&mut routes, &of(service, &step.routes))?;
        change_clusters(&mut clusters, &of(service, &step.clusters))?;
        let sides = sides(&of(service, &step.filters))?;
        for listener in &mut listeners {
            self.complete(listener, &sides)?;
        }
        let mut files = Files::new();
        for route in routes {
            let name = format!("routes-{}.yaml", name_of(&route)?);
            files.insert(
                name.into(),
                resources("envoy.config.route.v3.RouteConfiguration", [route]),
            );
        }
        let clusters = clusters.into_iter().map(cluster).collect::<Result<Vec<_>>>()?;
        files
            .insert("clusters.yaml".into(), resources("envoy.config.cluster.v3.Cluster", clusters));
        let listeners = resources("envoy.config.listener.v3.Listener", listeners);
        files.insert("listeners.yaml".into(), listeners);
        files.insert("bootstrap.yaml".into(), File::Bootstrap(self.read("bootstrap.yaml")?));
        for (path, file) in &mut files {
            let filled = match file {
                File::Bootstrap(value) => self.template.fill(value, instance),
                File::Resources(all) => {
                    all.iter_mut().try_for_each(|value| self.template.fill(value, instance))
                }
            };
            filled.with_context(|| format!("{instance}: {}", path.display()))?;
        }
        Ok(files)
    }

    /// Writes the files of an instance's Envoy into a folder. Those that are there are replaced by a rename,
    /// with a higher version: what an Envoy that runs there follows.
    ///
    /// # Errors
    /// As [`Renderer::files`]; the folder cannot be written.
    pub fn write(&self, instance: &str, step: &Step, home: &Path) -> Result<()> {
        fs::create_dir_all(home).with_context(|| format!("creating {}", home.display()))?;
        for (path, file) in self.files(instance, step)? {
            let place = home.join(path);
            let version = fs::read_to_string(&place).map_or(0, |text| version(&text) + 1);
            let staged = place.with_extension("new");
            fs::write(&staged, file.text(version)?)?;
            fs::rename(&staged, &place)?;
        }
        Ok(())
    }

    fn read(&self, file: &str) -> Result<Value> {
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        yaml(&text).with_context(|| path.display().to_string())
    }

    /// Puts other files, and chains of filters, in their places.
    fn complete(&self, value: &mut Value, sides: &Sides) -> Result<()> {
        if let Some(file) = included(value) {
            *value = self.read(file)?;
        } else if let Some(side) = filters_of(value) {
            *value = chain(side, sides.get(side));
        } else if let Some(items) = value.as_array_mut() {
            items.iter_mut().try_for_each(|item| self.complete(item, sides))?;
        } else if let Some(fields) = value.as_object_mut() {
            // The access log names the side, which is the statistics' prefix.
            let side = fields.get("stat_prefix").and_then(Value::as_str).map(str::to_owned);
            fields.values_mut().try_for_each(|field| self.complete(field, sides))?;
            if let Some(format) = fields
                .get_mut("access_log")
                .and_then(|log| log.pointer_mut("/0/typed_config/log_format/json_format/side"))
            {
                *format = json!(side);
            }
        }
        Ok(())
    }
}

/// The version of a file that is there.
fn version(text: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix("version_info: "));
    line.and_then(|version| version.trim_matches(['\'', '"']).parse().ok()).unwrap_or_default()
}

/// What is said of the sides of one Envoy, in one map.
fn sides(said: &[&Sides]) -> Result<Sides> {
    let mut all = Sides::new();
    for (side, filters) in said.iter().flat_map(|sides| sides.iter()) {
        ensure!(
            ["gateway", "inbound", "outbound", "traced"].contains(&side.as_str()),
            "no side {side}"
        );
        for (filter, configuration) in filters {
            ensure!(FILTERS.contains(&filter.as_str()), "no filter {filter}");
            all.entry(side.clone()).or_default().insert(filter.clone(), configuration.clone());
        }
    }
    Ok(all)
}

/// The filters of a side that have something to do, and Envoy's router.
fn chain(side: &str, filters: Option<&BTreeMap<String, Value>>) -> Value {
    let configured = |filter: &str| {
        let configuration = filters?.get(filter)?;
        Some(json!({"name": filter, "typed_config": {
            "@type": kind("envoy.extensions.filters.http.wasm.v3.Wasm"),
            "config": {
                "name": format!("{filter}_{side}"),
                "failure_policy": "FAIL_RELOAD",
                "vm_config": {
                    "vm_id": filter,
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": {"local": {"filename": format!("${{modules}}/{filter}.wasm")}},
                },
                "configuration": {
                    "@type": kind("google.protobuf.Struct"),
                    "value": configuration,
                },
            },
        }}))
    };
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": kind("envoy.extensions.filters.http.router.v3.Router")},
    });
    FILTERS.into_iter().filter_map(configured).chain([router]).collect()
}

fn change_listeners(
    all: &mut Vec<Value>,
    changes: &[&BTreeMap<String, Map<String, Value>>],
) -> Result<()> {
    for (name, fields) in changes.iter().flat_map(|changes| changes.iter()) {
        let Some(listener) = by_name(all, name) else {
            ensure!(fields.contains_key("address"), "no listener {name}");
            let mut new = json!({"name": name});
            merge(&mut new, Value::Object(fields.clone()));
            all.push(new);
            continue;
        };
        let config = listener.pointer_mut("/filter_chains/0/filters/0/typed_config");
        let config = config.and_then(Value::as_object_mut).context("no network filter")?;
        // The other of a pair of which Envoy takes one.
        for (one, other) in [("weighted_clusters", "cluster"), ("route_config", "rds")] {
            if fields.contains_key(one) {
                config.remove(other);
            }
        }
        config.extend(fields.clone());
    }
    Ok(())
}

fn secure_listeners(all: &mut [Value], sockets: &[&BTreeMap<String, Value>]) -> Result<()> {
    for (name, socket) in sockets.iter().flat_map(|sockets| sockets.iter()) {
        let chain = by_name(all, name).and_then(|it| it.pointer_mut("/filter_chains/0"));
        let chain = chain.with_context(|| format!("no listener {name}"))?;
        merge(chain, json!({"transport_socket": socket}));
    }
    Ok(())
}

fn change_routes(
    all: &mut [Value],
    changes: &[&BTreeMap<String, BTreeMap<String, Vec<Value>>>],
) -> Result<()> {
    for (name, hosts) in changes.iter().flat_map(|changes| changes.iter()) {
        let configuration = by_name(all, name).with_context(|| format!("no routes {name}"))?;
        let known = configuration.get_mut("virtual_hosts").and_then(Value::as_array_mut);
        let known = known.context("routes without virtual hosts")?;
        for (host, routes) in hosts {
            match by_name(known, host) {
                Some(found) => merge(found, json!({"routes": routes})),
                None => {
                    known.push(json!({"name": host, "domains": [host], "routes": routes}));
                }
            }
        }
    }
    Ok(())
}

fn change_clusters(
    all: &mut Vec<Value>,
    changes: &[&BTreeMap<String, Map<String, Value>>],
) -> Result<()> {
    for (name, fields) in changes.iter().flat_map(|changes| changes.iter()) {
        let fields = Value::Object(fields.clone());
        match by_name(all, name) {
            Some(found) => merge(found, fields),
            None => {
                let mut new = json!({"name": name});
                merge(&mut new, fields);
                ensure!(new.get("endpoints").is_some(), "the new cluster {name} has no endpoints");
                all.push(new);
            }
        }
    }
    Ok(())
}

/// `endpoints` is short for what Envoy wants to be told of a cluster of some addresses.
fn cluster(mut value: Value) -> Result<Value> {
    let name = name_of(&value)?.to_owned();
    let fields = value.as_object_mut().context("a cluster is a map")?;
    let Some(Value::Array(addresses)) = fields.remove("endpoints") else { return Ok(value) };
    let endpoint = |address: Value| json!({"endpoint": {"address": address}});
    let endpoints: Vec<Value> = addresses.into_iter().map(endpoint).collect();
    let mut full = json!({
        "connect_timeout": "1s",
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_ONLY",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    });
    merge(&mut full, value);
    Ok(full)
}

/// What is said of the instance and of its service.
fn of<'a, T>(service: &Service, named: &'a BTreeMap<String, T>) -> Vec<&'a T> {
    let names = [service.service(), service.instance.as_str()];
    let count = if service.service() == service.instance { 1 } else { 2 };
    names.into_iter().take(count).filter_map(|name| named.get(name)).collect()
}

fn by_name<'a>(all: &'a mut [Value], name: &str) -> Option<&'a mut Value> {
    all.iter_mut().find(|value| value.get("name").is_some_and(|found| found == name))
}

fn name_of(value: &Value) -> Result<&str> {
    value.get("name").and_then(Value::as_str).context("no name")
}

fn resources(of_kind: &str, values: impl IntoIterator<Item = Value>) -> File {
    let typed = |mut value: Value| {
        if let Some(fields) = value.as_object_mut() {
            fields.insert("@type".to_owned(), json!(kind(of_kind)));
        }
        value
    };
    File::Resources(values.into_iter().map(typed).collect())
}

fn kind(message: &str) -> String {
    format!("type.googleapis.com/{message}")
}

//! What the containers of `envoy-configs/compose` are given.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

use crate::render::Renderer;
use crate::scenario::Step;
use crate::table::{Door, Kind, Service, Table};
use crate::template::Template;

/// Writes a folder per Envoy, and Prometheus' configuration, below `out`.
///
/// # Errors
/// A file of `envoy-configs` cannot be understood, or the folder not be written.
pub fn write_files(envoy_configs: &Path, out: &Path) -> Result<()> {
    let folder = envoy_configs.join("mesh");
    let path = folder.join("services.yaml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let step = Step::read(&envoy_configs.join("compose/chain.yaml"))?;
    let renderer = Renderer { folder, template: Template::for_compose(Table::parse(&text)?) };
    let table = &renderer.template.table;
    for service in members(table) {
        renderer.write(&service.instance, &step, &out.join(&service.instance))?;
    }
    let targets = members(table).map(|service| {
        let port = table.port(&service.instance, Door::Admin)?;
        Ok((service, format!("{}:{port}", service.instance)))
    });
    let configuration = prometheus_configuration(&targets.collect::<Result<Vec<_>>>()?);
    let path = out.join("prometheus.yaml");
    fs::write(&path, serde_yaml_ng::to_string(&configuration)?)
        .with_context(|| path.display().to_string())
}

/// The Envoys that are part of it.
fn members(table: &Table) -> impl Iterator<Item = &Service> {
    table.services.iter().filter(|service| {
        service.kind == Kind::Gateway || service.has_envoy() && service.group() == "tutorial"
    })
}

/// Prometheus' configuration that scrapes the admin interfaces of these Envoys, and knows each by the labels
/// `service`, `version` and `instance`.
#[must_use]
pub fn prometheus_configuration(envoys: &[(&Service, String)]) -> Value {
    let target = |(service, address): &(&Service, String)| {
        json!({"targets": [address], "labels": {
            "service": service.service(),
            "version": service.version(),
            "instance": service.instance,
        }})
    };
    json!({
        "global": {"scrape_interval": "5s", "scrape_timeout": "4s"},
        "scrape_configs": [{
            "job_name": "envoy",
            "metrics_path": "/stats/prometheus",
            "static_configs": envoys.iter().map(target).collect::<Vec<_>>(),
        }],
    })
}

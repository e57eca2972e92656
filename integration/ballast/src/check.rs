//! `ballast check`.

use crate::args::Check;
use crate::document::{Document, File, Path};
use crate::filters::{self, Filter};
use crate::out::{Finding, Out, Severity};
use crate::plugins::{self, Config, Plugin};
use anyhow::{Result, bail};
use filter_api::FailureMode;
use serde::Serialize;

/// What all files hold.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// How many configurations of ours were loaded.
    pub(crate) configurations: usize,
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, finding: Finding) {
        self.errors += usize::from(finding.severity == Severity::Error);
        self.warnings += usize::from(finding.severity == Severity::Warning);
        self.findings.push(finding);
    }
}

/// Runs the command; whether all is well.
pub(crate) fn run(args: &Check, out: Out) -> Result<bool> {
    let filter = args.filter.as_deref().map(named).transpose()?;
    let mut report = Report::default();
    for name in &args.files {
        check_file(&File::read(name)?, filter, &mut report);
    }
    if report.configurations == 0 && report.errors == 0 {
        let hint =
            "no configuration of ours; a configuration without an envelope may need --filter";
        report.add(Finding::new(Severity::Error, &args.files.join(", "), hint));
    }
    let is_well = report.errors == 0 && !(args.strict && report.warnings > 0);
    if out.is_json() {
        out.json(&report)?;
    } else {
        let lines: String = report.findings.iter().map(|finding| finding.line(out)).collect();
        out.write(&lines)?;
        let Report { configurations, errors, warnings, .. } = report;
        let plural = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            _ => format!("{count} {what}s"),
        };
        out.write(&format!(
            "{}, {}, {}\n",
            plural(configurations, "configuration"),
            plural(errors, "error"),
            plural(warnings, "warning")
        ))?;
    }
    Ok(is_well)
}

/// The filter of this name.
pub(crate) fn named(name: &str) -> Result<&'static Filter> {
    match Filter::named(name) {
        Some(filter) => Ok(filter),
        None => bail!("there is no filter `{name}`; there are {}", filters::names()),
    }
}

/// Checks one file.
pub(crate) fn check_file(file: &File, filter: Option<&'static Filter>, report: &mut Report) {
    let documents = match file.documents() {
        Ok(documents) => documents,
        Err(error) => {
            let finding = Finding::new(Severity::Error, &file.name, error.reason);
            report.add(finding.at(error.position));
            return;
        }
    };
    for document in &documents {
        check_document(file, document, filter, report);
    }
}

fn check_document(
    file: &File,
    document: &Document,
    filter: Option<&'static Filter>,
    report: &mut Report,
) {
    let found = plugins::find(document, filter);
    for (path, why) in &found.unreadable {
        let position = file.position(document.index, path);
        report.add(Finding::new(Severity::Error, &file.name, why).at(position));
    }
    for plugin in &found.plugins {
        report.configurations += 1;
        for finding in check_plugin(file, plugin) {
            report.add(finding);
        }
    }
}

/// What loading a configuration gives: an error, or what was understood and warnings.
fn check_plugin(file: &File, plugin: &Plugin) -> Vec<Finding> {
    let at_top = file.position(plugin.document, &plugin.at);
    let finding = |severity, message: String| Finding {
        filter: Some(plugin.filter.name),
        ..Finding::new(severity, &file.name, message)
    };
    match plugin.filter.load(&plugin.config.bytes()) {
        Err(error) => {
            let position = position(file, plugin, &Path::parse(error.path()));
            let path = Some(error.path().to_owned()).filter(|path| !path.is_empty());
            let message = error.reason().to_owned();
            vec![Finding { path, ..finding(Severity::Error, message).at(position) }]
        }
        Ok(summary) => {
            // A filter that looks at its rules tells what is odd behind what it understood.
            let mut parts = summary.split(WARNING);
            let summary = parts.next().unwrap_or_default();
            let message = format!("{}: {summary}", plugin.holder);
            let mut findings = vec![finding(Severity::Ok, message).at(at_top)];
            findings.extend(parts.map(|warning| {
                let path = subject(plugin, warning);
                finding(Severity::Warning, warning.to_owned()).at(position(file, plugin, &path))
            }));
            findings.extend(failure_policy(plugin).map(|(message, path)| {
                finding(Severity::Warning, message).at(file.position(plugin.document, path))
            }));
            findings
        }
    }
}

/// What stands in front of each warning in a filter's summary.
const WARNING: &str = "; warning: ";

/// The entry that a warning such as `rule NAME: …` is about.
fn subject(plugin: &Plugin, warning: &str) -> Path {
    let words = warning.split(": ").next().and_then(|subject| subject.split_once(' '));
    let Some((kind, name)) = words else { return Path::default() };
    let is_meant = |path: &Path, other: &str| {
        other == name && path.to_string().starts_with(&format!("{kind}s["))
    };
    let mut entries = plugin.config.named_entries().into_iter();
    let found = entries.find(|(path, other, _)| is_meant(path, other));
    found.map(|(path, ..)| path).unwrap_or_default()
}

/// Where a path of the configuration is in the file.
pub(crate) fn position(
    file: &File,
    plugin: &Plugin,
    path: &Path,
) -> Option<crate::document::Position> {
    match &plugin.config {
        Config::Text(text) => file.position_in_text(plugin.document, &plugin.at, text, path),
        Config::None | Config::Tree(_) => file.position(plugin.document, &plugin.at.join(path)),
    }
}

/// A policy that lets through what a filter has to refuse.
fn failure_policy(plugin: &Plugin) -> Option<(String, &Path)> {
    let (policy, path) = plugin.failure_policy.as_ref()?;
    let is_open = policy == "FAIL_OPEN" && plugin.filter.failure_mode == FailureMode::Deny;
    is_open.then(|| {
        let name = plugin.filter.name;
        let message = format!(
            "{policy} skips {name} for ever once its VM has failed, so that what it refuses passes; \
             FAIL_RELOAD makes the VM anew"
        );
        (message, path)
    })
}

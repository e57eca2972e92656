//! The lines that name every filter: the index in two READMEs, and the lists of pure filters that
//! tests and tools are compiled with.
//!
//! Filters are the folders of `filters/`; what is said of them is read from each one's manifest,
//! README and module. A test of the house rules keeps the files equal to [`generated`]; `ballast
//! new-filter` writes them for a folder that it has just made.

use anyhow::{Context as _, Result};
use std::fs;
use std::path::{Path, PathBuf};

#[cfg(test)]
mod tests;

/// The heading under which a filter's README says how far it is and what it can be trusted with:
/// the first sentence is `Status: <word>.`, the second the security posture in one line.
const HEADING: &str = "\n## Status and security posture\n";

/// What the index says of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Its folder below `filters`, which is its package's name, e.g. `fault-injection`.
    pub folder: String,
    /// Its type, e.g. `fault_injection::FaultFilter`.
    pub type_path: String,
    /// What it is for, from its manifest.
    pub purpose: String,
    /// How far it is, e.g. `alpha`.
    pub status: String,
    /// What it can be trusted with, in a sentence.
    pub posture: String,
}

impl Filter {
    /// Its name in module file, metrics and details, e.g. `fault_injection`.
    #[must_use]
    pub fn name(&self) -> String {
        self.folder.replace('-', "_")
    }

    /// Reads what is said of the filter in `folder` of the checkout at `root`.
    ///
    /// # Errors
    /// A part of it that is missing, by its file.
    pub fn read(root: &Path, folder: &str) -> Result<Self> {
        let place = root.join("filters").join(folder);
        let read = |name: &str| {
            fs::read_to_string(place.join(name)).with_context(|| format!("{folder}/{name}"))
        };
        let manifest: toml::Table = read("Cargo.toml")?.parse()?;
        let purpose = manifest.get("package").and_then(|package| package.get("description"));
        let purpose = purpose.and_then(toml::Value::as_str);
        let purpose = purpose.with_context(|| format!("{folder} has no description"))?;
        let (status, posture) =
            status(&read("README.md")?).with_context(|| format!("{folder}/README.md"))?;
        let module = read("wasm/src/lib.rs")?;
        let type_path = type_path(&module).with_context(|| format!("{folder}/wasm/src/lib.rs"))?;
        Ok(Self {
            folder: folder.to_owned(),
            type_path: type_path.to_owned(),
            purpose: purpose.to_owned(),
            status,
            posture,
        })
    }
}

/// The folders of all filters, sorted.
///
/// # Errors
/// `filters` cannot be listed.
pub fn folders(root: &Path) -> Result<Vec<String>> {
    let parent = root.join("filters");
    let mut folders = Vec::new();
    for entry in fs::read_dir(&parent).with_context(|| format!("listing {}", parent.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    folders.sort();
    Ok(folders)
}

/// Every file with such lines, by its path below `root`, as it has to be.
///
/// # Errors
/// A filter that says too little of itself, or a file without the markers.
pub fn generated(root: &Path) -> Result<Vec<(PathBuf, String)>> {
    let filters: Result<Vec<Filter>> =
        folders(root)?.iter().map(|folder| Filter::read(root, folder)).collect();
    let filters = filters?;
    let dependencies = |filter: &Filter, up: &str| {
        format!("{0} = {{ path = \"{up}/filters/{0}\" }}\n", filter.folder)
    };
    let each = |line: &dyn Fn(&Filter) -> String| filters.iter().map(line).collect::<String>();
    let files = [
        ("filters/README.md", HTML, index(&filters, "")),
        ("README.md", HTML, index(&filters, "filters/")),
        ("integration/Cargo.toml", HASH, each(&|filter| dependencies(filter, ".."))),
        ("integration/ballast/Cargo.toml", HASH, each(&|filter| dependencies(filter, "../.."))),
        (
            "integration/tests/scenarios.rs",
            SLASHES,
            each(&|filter| format!("    pure::<{}>(),\n", filter.type_path)),
        ),
        (
            "integration/ballast/src/filters.rs",
            SLASHES,
            each(&|filter| {
                let Filter { type_path, folder, .. } = filter;
                // In braces, which rustfmt leaves as they are.
                format!("    filter! {{{type_path}, \"{folder}\", \"{}\"}},\n", filter.name())
            }),
        ),
    ];
    let write = |(file, marks, lines): (&str, Marks, String)| {
        let text = fs::read_to_string(root.join(file)).with_context(|| file.to_owned())?;
        // Git may check files out with CR LF.
        let text = between(&text.replace("\r\n", "\n"), marks, &lines);
        Ok((PathBuf::from(file), text.with_context(|| file.to_owned())?))
    };
    files.into_iter().map(write).collect()
}

/// How a comment begins and ends.
type Marks = (&'static str, &'static str);

const HASH: Marks = ("# ", "");
const HTML: Marks = ("<!-- ", " -->");
const SLASHES: Marks = ("// ", "");

/// `text` with `lines` between the comments `generated:filters` and `/generated:filters`.
fn between(text: &str, (open, close): Marks, lines: &str) -> Result<String> {
    let begin = format!("{open}generated:filters{close}\n");
    let end = format!("{open}/generated:filters{close}");
    let (before, rest) = text.split_once(&begin).with_context(|| format!("no `{begin}`"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("no `{end}`"))?;
    // The closing marker keeps its line's indentation.
    let indent = before.rsplit('\n').next().unwrap_or_default();
    Ok(format!("{before}{begin}{lines}{indent}{end}{after}"))
}

/// The index, with links relative to a file from which `to_filters` leads to the filters' folders.
fn index(filters: &[Filter], to_filters: &str) -> String {
    let mut table = String::from(
        "| Filter | Purpose | Status | Security posture |\n| --- | --- | --- | --- |\n",
    );
    for filter in filters {
        let Filter { folder, purpose, status, posture, .. } = filter;
        let name = filter.name();
        table.push_str(&format!(
            "| [`{name}`]({to_filters}{folder}/README.md) | {purpose} | {status} | {posture} |\n"
        ));
    }
    table
}

/// The first two sentences below [`HEADING`]: status and posture.
fn status(readme: &str) -> Result<(String, String)> {
    let section = readme.split_once(HEADING).map(|(_, section)| section);
    let section = section.with_context(|| format!("no heading `{}`", HEADING.trim()))?;
    let paragraph = section.trim_start().split("\n\n").next().unwrap_or_default();
    let paragraph = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let (status, rest) = paragraph
        .strip_prefix("Status: ")
        .and_then(|rest| rest.split_once(". "))
        .context("the section does not begin with `Status: <word>. <posture>.`")?;
    let posture = rest.split_inclusive(". ").next().unwrap_or_default().trim();
    Ok((status.to_owned(), posture.to_owned()))
}

/// The filter's type, as its module's one line names it.
fn type_path(module: &str) -> Result<&str> {
    let (_, rest) =
        module.split_once("filter_wasm::export!(").context("no filter_wasm::export!")?;
    let (name, _) = rest.split_once(')').context("filter_wasm::export! does not end")?;
    Ok(name)
}

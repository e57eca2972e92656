//! `ballast new-filter`: a filter's folder that builds and passes its tests as it is.

use crate::args::NewFilter;
use crate::out::{Out, Paint};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[cfg(test)]
mod tests;

macro_rules! template {
    ($($path:literal <- $file:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../template/", $file, ".in")))),*]
    };
}

/// The filter `sample-name`, by path.
const TEMPLATE: &[(&str, &str)] = template![
    "envoy-configs/sample-name.yaml" <- "example.yaml",
    "filters/sample-name/Cargo.toml" <- "Cargo.toml",
    "filters/sample-name/README.md" <- "README.md",
    "filters/sample-name/config.schema.json" <- "config.schema.json",
    "filters/sample-name/cases/empty-configuration.yaml" <- "cases/empty-configuration.yaml",
    "filters/sample-name/cases/every-condition-of-an-entry-must-hold.yaml"
        <- "cases/every-condition-of-an-entry-must-hold.yaml",
    "filters/sample-name/cases/first-matching-rule-applies.yaml"
        <- "cases/first-matching-rule-applies.yaml",
    "filters/sample-name/cases/invalid-field-unknown.yaml" <- "cases/invalid-field-unknown.yaml",
    "filters/sample-name/cases/invalid-header-name.yaml" <- "cases/invalid-header-name.yaml",
    "filters/sample-name/cases/no-rule-matches.yaml" <- "cases/no-rule-matches.yaml",
    "filters/sample-name/cases/one-entry-of-match-suffices.yaml"
        <- "cases/one-entry-of-match-suffices.yaml",
    "filters/sample-name/cases/takes-the-place-of-what-the-client-sent.yaml"
        <- "cases/takes-the-place-of-what-the-client-sent.yaml",
    "filters/sample-name/istio.yaml" <- "istio.yaml",
    "filters/sample-name/src/config.rs" <- "src/config.rs",
    "filters/sample-name/src/filter.rs" <- "src/filter.rs",
    "filters/sample-name/src/filter/tests.rs" <- "src/filter/tests.rs",
    "filters/sample-name/src/lib.rs" <- "src/lib.rs",
    "filters/sample-name/src/settings.rs" <- "src/settings.rs",
    "filters/sample-name/src/stats.rs" <- "src/stats.rs",
    "filters/sample-name/tests/contract.rs" <- "tests/contract.rs",
    "filters/sample-name/wasm/Cargo.toml" <- "wasm/Cargo.toml",
    "filters/sample-name/wasm/src/lib.rs" <- "wasm/lib.rs",
];

/// Names that no crate can have: keywords, and crates of the compiler.
const RESERVED: &[&str] = &[
    "abstract", "alloc", "as", "async", "await", "become", "box", "break", "const", "continue",
    "core", "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen",
    "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv",
    "pub", "ref", "return", "self", "static", "std", "struct", "super", "test", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// A name's spellings.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    /// `request-stamp`.
    folder: String,
    /// `request_stamp`.
    snake: String,
    /// `RequestStamp`.
    camel: String,
    /// `Request stamp`.
    title: String,
}

impl Name {
    /// Longer ones break the lines that list all filters.
    const LONGEST: usize = 32;

    fn parse(text: &str) -> Result<Self> {
        let folder = text.replace('_', "-");
        let is_word = |word: &str| {
            word.starts_with(|first: char| first.is_ascii_lowercase())
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let is_good = folder.len() <= Self::LONGEST && folder.split('-').all(is_word);
        ensure!(
            is_good,
            "found `{text}`, allowed are up to {} letters a-z and digits, in words with hyphens \
             between them, each beginning with a letter",
            Self::LONGEST
        );
        let capital = |word: &str| {
            let mut letters = word.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        };
        Ok(Self {
            snake: folder.replace('-', "_"),
            camel: folder.split('-').map(capital).collect(),
            title: capital(&folder.replace('-', " ")),
            folder,
        })
    }

    /// The sample's text under this name.
    fn fill(&self, text: &str, description: &str) -> String {
        text.replace("SAMPLE DESCRIPTION", description)
            .replace("sample-name", &self.folder)
            .replace("sample_name", &self.snake)
            .replace("SampleName", &self.camel)
            .replace("Sample-Name", &self.title.replace(' ', "-"))
            .replace("Sample name", &self.title)
    }
}

/// Runs the command.
pub(crate) fn run(args: &NewFilter, out: Out) -> Result<bool> {
    let name = Name::parse(&args.name)?;
    let root = root(args.root.as_deref())?;
    let default = format!("{}: says what it is for", name.title);
    let description = args.description.as_deref().unwrap_or(&default).trim_end_matches('.');
    check_description(description)?;
    check_free(&root, &name)?;
    let mut written = Vec::new();
    for (path, text) in TEMPLATE {
        let path = PathBuf::from(name.fill(path, description));
        write(&root.join(&path), &name.fill(text, description))?;
        written.push(path);
    }
    for (path, text) in filter_index::generated(&root)? {
        write(&root.join(&path), &text)?;
        written.push(path);
    }
    written.extend(write_manifests(&root, &name)?);
    lock(&root)?;
    written.push("Cargo.lock".into());
    format(&root, &name)?;
    tell(&written, &name, out)?;
    Ok(true)
}

/// The checkout: the given one, or the first folder upwards that looks like one.
fn root(given: Option<&Path>) -> Result<PathBuf> {
    let is_root = |folder: &&Path| {
        folder.join("filters/README.md").is_file() && folder.join("shared/filter-api").is_dir()
    };
    if let Some(root) = given {
        ensure!(is_root(&root), "{} is no checkout of Ballast", root.display());
        return Ok(root.to_owned());
    }
    let current = std::env::current_dir().context("the current directory")?;
    let root = current.ancestors().find(is_root).map(Path::to_owned);
    root.context("this is no checkout of Ballast: run it in one, or say --root DIR")
}

/// The description becomes TOML, Rust comments and a row of a table.
fn check_description(text: &str) -> Result<()> {
    let is_plain = |c: char| !c.is_control() && !"\"\\|<>[]`*".contains(c);
    let is_good = !text.trim().is_empty() && text.len() <= 80 && text.chars().all(is_plain);
    ensure!(
        is_good,
        "a description is one line of up to 80 characters, without \" \\ | < > [ ] ` *"
    );
    Ok(())
}

/// Nothing is written over.
fn check_free(root: &Path, name: &Name) -> Result<()> {
    for (path, _) in TEMPLATE {
        let path = root.join(name.fill(path, ""));
        if path.exists() {
            bail!("{} is there already", path.display());
        }
    }
    let lock = fs::read_to_string(root.join("Cargo.lock")).context("Cargo.lock")?;
    let package = format!("name = \"{}\"", name.folder);
    let is_taken = lock.lines().any(|line| line == package) || RESERVED.contains(&&*name.snake);
    ensure!(!is_taken, "a crate cannot be called `{}` here: the name is taken", name.folder);
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// What Istio and Envoy Gateway load the filter by, made of its example.
fn write_manifests(root: &Path, name: &Name) -> Result<Vec<PathBuf>> {
    let read = |path: PathBuf| {
        fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    };
    let example = read(root.join("envoy-configs").join(format!("{}.yaml", name.folder)))?;
    let manifest = read(root.join("filters").join(&name.folder).join("Cargo.toml"))?;
    let source = manifests::Source::read(&name.folder, &example, &manifest)?;
    let folder = root.join("envoy-configs/istio");
    let written = manifests::write_changed(&folder, &manifests::manifests(&source, None)?)?;
    let below = |path: PathBuf| path.strip_prefix(root).map(Path::to_owned).unwrap_or(path);
    Ok(written.into_iter().map(below).collect())
}

/// Builds are `--locked`: the new packages have to stand in Cargo.lock.
fn lock(root: &Path) -> Result<()> {
    cargo(root, &["metadata", "--format-version", "1"]).context("adding the crates to Cargo.lock")
}

/// How long a name is decides where lines break, and what it begins with where it is sorted in.
fn format(root: &Path, name: &Name) -> Result<()> {
    let module = format!("{}-wasm", name.folder);
    cargo(root, &["fmt", "--package", &name.folder, "--package", &module])
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .context("running cargo")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo {}: {}", arguments.join(" "), errors.trim());
    Ok(())
}

fn tell(written: &[PathBuf], name: &Name, out: Out) -> Result<()> {
    let mut paths: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    paths.sort();
    if out.is_json() {
        return out.json(&json!({ "filter": name.snake, "written": paths }));
    }
    for path in &paths {
        out.write(&format!("{path}\n"))?;
    }
    let folder = out.paint(Paint::Bold, &format!("filters/{}", name.folder));
    out.write(&format!(
        "\n{folder} is a filter that works. Next:\n\n  \
         make check     builds it and runs every test, in the real Envoy too\n\n\
         then make it yours: src/config.rs, src/settings.rs, src/filter.rs, cases/, README.md.\n\
         What is generated from them is rewritten by the tests, which then fail once. What it does\n\
         in a mesh is in istio.yaml, for make test-istio.\n"
    ))
}

//! The index of filters, generated into `filters/README.md` and the root's README from each
//! filter's description and the status that its own README declares; and the lines that name the
//! pure filters to the test of the cases. So a new filter is its own folder and an example.

use crate::layout::filters;
use anyhow::{Context as _, Result, anyhow};
use filter_config::docs;
use integration::{Package, workspace_packages, workspace_root};
use std::fs;
use std::path::Path;

/// The heading under which a filter's README says how far it is and what it can be trusted with:
/// the first sentence is `Status: <word>.`, the second the security posture in one line.
const HEADING: &str = "\n## Status and security posture\n";

/// The first two sentences below [`HEADING`]: status and posture.
fn status(readme: &str) -> Result<(String, String)> {
    let (_, section) =
        readme.split_once(HEADING).ok_or_else(|| anyhow!("no heading `{}`", HEADING.trim()))?;
    let paragraph = section.trim_start().split("\n\n").next().unwrap_or_default();
    let paragraph = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let (status, rest) = paragraph
        .strip_prefix("Status: ")
        .and_then(|rest| rest.split_once(". "))
        .context("the section does not begin with `Status: <word>. <posture>.`")?;
    let posture = rest.split_inclusive(". ").next().unwrap_or_default().trim();
    Ok((status.to_owned(), posture.to_owned()))
}

/// The index, with links relative to a file in a folder from which `to_filters` leads to the
/// filters' folders.
fn index(rows: &[(String, String, String, String)], to_filters: &str) -> String {
    let mut table = String::from(
        "| Filter | Purpose | Status | Security posture |\n| --- | --- | --- | --- |\n",
    );
    for (filter, purpose, status, posture) in rows {
        let name = filter.replace('-', "_");
        table.push_str(&format!(
            "| [`{name}`]({to_filters}{filter}/README.md) | {purpose} | {status} | {posture} |\n"
        ));
    }
    table
}

fn rows(root: &Path, packages: &[Package]) -> Result<Vec<(String, String, String, String)>> {
    let row = |filter: String| {
        let folder = Path::new("filters").join(&filter);
        let package = packages.iter().find(|package| package.folder() == folder);
        let purpose = package.and_then(|package| package.description.clone());
        let purpose = purpose.with_context(|| format!("{filter} has no description"))?;
        let readme = fs::read_to_string(root.join(&folder).join("README.md"));
        let (status, posture) = status(&readme.with_context(|| format!("{filter}/README.md"))?)
            .with_context(|| format!("{filter}/README.md"))?;
        Ok((filter, purpose, status, posture))
    };
    filters(root)?.into_iter().map(row).collect()
}

#[test]
fn the_indexes_list_every_filter() -> Result<()> {
    let root = workspace_root();
    let rows = rows(root, &workspace_packages()?)?;
    for (file, to_filters) in [("filters/README.md", ""), ("README.md", "filters/")] {
        let path = root.join(file);
        let text = fs::read_to_string(&path).with_context(|| file.to_owned())?;
        let text = docs::replace_between_markers(&text, "filters", &index(&rows, to_filters))
            .map_err(|missing| anyhow!("{file}: {missing}"))?;
        docs::assert_file_contents(&path, &text);
    }
    Ok(())
}

/// The filter's type, as its module's one line names it.
fn filter_type(module: &str) -> Result<&str> {
    let (_, rest) =
        module.split_once("filter_wasm::export!(").context("no filter_wasm::export!")?;
    let (name, _) = rest.split_once(')').context("filter_wasm::export! does not end")?;
    Ok(name)
}

/// `text` with `lines` between a line that ends in `generated:filters` and the one that ends it.
fn with_lines(text: &str, comment: &str, lines: &str) -> Result<String> {
    let begin = format!("{comment} generated:filters\n");
    let end = format!("{comment} /generated:filters");
    let (before, rest) = text.split_once(&begin).with_context(|| begin.clone())?;
    let (_, after) = rest.split_once(&end).with_context(|| end.clone())?;
    // The closing marker keeps its line's indentation.
    let indent = before.rsplit('\n').next().unwrap_or_default();
    Ok(format!("{before}{begin}{lines}{indent}{end}{after}"))
}

#[test]
fn the_test_of_the_cases_knows_every_pure_filter() -> Result<()> {
    let root = workspace_root();
    let (mut dependencies, mut types) = (String::new(), String::new());
    for filter in filters(root)? {
        let module =
            fs::read_to_string(root.join("filters").join(&filter).join("wasm/src/lib.rs"))?;
        let name = filter_type(&module).with_context(|| filter.clone())?;
        dependencies.push_str(&format!("{filter} = {{ path = \"../filters/{filter}\" }}\n"));
        types.push_str(&format!("    pure::<{name}>(),\n"));
    }
    for (file, comment, lines) in [
        ("integration/Cargo.toml", "#", dependencies),
        ("integration/tests/scenarios.rs", "//", types),
    ] {
        let path = root.join(file);
        let text = fs::read_to_string(&path).with_context(|| file.to_owned())?;
        let text = with_lines(&text, comment, &lines).with_context(|| file.to_owned())?;
        docs::assert_file_contents(&path, &text);
    }
    Ok(())
}

#[test]
fn lines_are_written_between_their_markers_and_nowhere_else() -> Result<()> {
    let text = "a\n  // generated:filters\n  old\n  // /generated:filters\nb\n";
    let expected = "a\n  // generated:filters\n  new\n  // /generated:filters\nb\n";
    assert_eq!(with_lines(text, "//", "  new\n")?, expected);
    assert!(with_lines(text, "#", "  new\n").is_err());
    assert_eq!(filter_type("filter_wasm::export!(a_b::Filter);")?, "a_b::Filter");
    assert!(filter_type("//! nothing").is_err());
    Ok(())
}

#[test]
fn status_and_posture_are_the_first_two_sentences() -> Result<()> {
    let readme =
        "# F\n\n## Status and security posture\n\nStatus: alpha. Trust\nnothing. More.\n\nEnd.\n";
    assert_eq!(status(readme)?, ("alpha".to_owned(), "Trust nothing.".to_owned()));
    assert!(status("# F\n\nStatus: alpha. Trust nothing.\n").is_err());
    assert!(status(&readme.replace("Status: ", "")).is_err());
    let row = ("a-b".to_owned(), "P".to_owned(), "alpha".to_owned(), "T.".to_owned());
    assert!(index(&[row], "x/").ends_with("| [`a_b`](x/a-b/README.md) | P | alpha | T. |\n"));
    Ok(())
}

#[test]
fn a_filter_without_status_or_description_is_noticed() -> Result<()> {
    assert!(rows(workspace_root(), &[]).is_err());
    assert!(!rows(workspace_root(), &workspace_packages()?)?.is_empty());
    Ok(())
}

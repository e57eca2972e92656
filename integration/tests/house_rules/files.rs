//! The files that people wrote, and how long they may be.

use anyhow::{Context as _, Result};
use integration::workspace_root;
use std::fs;
use std::path::{Path, PathBuf};

/// A file with more lines than this holds more than one idea.
const MAX_LINES: usize = 400;

/// What is built or kept by tools.
const NOT_OURS: [&str; 2] = ["target", ".git"];

/// A text file of the workspace.
pub(crate) struct File {
    /// Its path below the root.
    pub(crate) path: PathBuf,
    /// Its contents.
    pub(crate) text: String,
}

/// Every file below `folder` whose name ends in `ending`, by path.
pub(crate) fn files(folder: &str, ending: &str) -> Result<Vec<File>> {
    let mut found = Vec::new();
    collect(&workspace_root().join(folder), ending, &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<File>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if !NOT_OURS.contains(&name.as_ref()) {
                collect(&path, ending, found)?;
            }
        } else if name.ends_with(ending) {
            let text = fs::read_to_string(&path);
            let text = text.with_context(|| format!("reading {}", path.display()))?;
            found.push(File { path: path.strip_prefix(workspace_root())?.to_owned(), text });
        }
    }
    Ok(())
}

/// Files that are too long.
fn too_long(files: &[File]) -> Vec<String> {
    let lines = |file: &File| file.text.lines().count();
    let long = files.iter().filter(|file| lines(file) > MAX_LINES);
    long.map(|file| format!("{}: {} lines", file.path.display(), lines(file))).collect()
}

#[test]
fn no_file_is_too_long() -> Result<()> {
    let files = files("", ".rs")?;
    println!(
        "{} files, {} lines",
        files.len(),
        files.iter().map(|f| f.text.lines().count()).sum::<usize>()
    );
    assert!(files.len() > 100, "only {} files were found", files.len());
    super::assert_kept(&too_long(&files));
    Ok(())
}

#[test]
fn a_file_that_is_too_long_is_noticed() {
    let file = |lines: usize| File { path: "a.rs".into(), text: "\n".repeat(lines) };
    assert!(too_long(&[file(MAX_LINES)]).is_empty());
    assert_eq!(too_long(&[file(MAX_LINES + 1)]), ["a.rs: 401 lines"]);
}

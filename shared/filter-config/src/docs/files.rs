//! Generated text inside committed files.

use std::path::Path;
use std::{env, fs};

/// Puts `body` between `<!-- generated:name -->` and `<!-- /generated:name -->`.
///
/// # Errors
/// Which marker is missing.
pub fn replace_between_markers(text: &str, name: &str, body: &str) -> Result<String, String> {
    let (start, end) =
        (format!("<!-- generated:{name} -->"), format!("<!-- /generated:{name} -->"));
    let missing = |marker: &str| format!("the marker {marker} is missing");
    let (head, rest) = text.split_once(&start).ok_or_else(|| missing(&start))?;
    let (_, tail) = rest.split_once(&end).ok_or_else(|| missing(&end))?;
    Ok(format!("{head}{start}\n{}\n{end}{tail}", body.trim_end()))
}

/// Asserts that the file at `path` holds `contents`; where it does not, rewrites it and fails, so
/// that the second run passes. With `CI=true` nothing is written.
///
/// # Panics
/// If the file differs, or cannot be written.
#[track_caller]
pub fn assert_file_contents(path: &Path, contents: &str) {
    // Git may check files out with CR LF.
    let current = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    if current == contents {
        return;
    }
    let is_ci = env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!is_ci, "{} is out of date: run the tests and commit it", path.display());
    let written = fs::write(path, contents);
    assert!(written.is_ok(), "{} cannot be written: {written:?}", path.display());
    assert!(current == contents, "{} was out of date; rewritten: commit it", path.display());
}

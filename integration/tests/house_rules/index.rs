//! The index of filters, and the lines that name the pure filters to tests and tools: a new filter is
//! its own folder and an example, and everything that lists it is made from that.

use anyhow::{Context as _, Result};
use filter_config::docs;
use integration::workspace_root;

#[test]
fn everything_that_lists_filters_lists_all_of_them() -> Result<()> {
    let root = workspace_root();
    let generated = filter_index::generated(root)?;
    assert!(!generated.is_empty());
    for (file, text) in generated {
        docs::assert_file_contents(&root.join(file), &text);
    }
    Ok(())
}

/// A folder without what the index says of it fails, and is not left out.
#[test]
fn every_filter_is_in_the_index() -> Result<()> {
    let root = workspace_root();
    let readme = std::fs::read_to_string(root.join("README.md")).context("README.md")?;
    for filter in filter_index::folders(root)? {
        assert!(readme.contains(&format!("(filters/{filter}/README.md)")), "{filter}");
    }
    Ok(())
}

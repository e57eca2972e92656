//! Links within a Markdown file.

use std::collections::BTreeMap;

/// Asserts that every link of a Markdown text to one of its own headings leads there, and that no
/// two headings share their anchor, as GitHub makes it.
///
/// # Panics
/// Naming every anchor that is missing or ambiguous.
#[track_caller]
pub fn assert_anchors(markdown: &str) {
    let mut anchors: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for heading in headings(markdown) {
        *anchors.entry(anchor(heading)).or_default() += 1;
    }
    for (anchor, count) in &anchors {
        if *count > 1 {
            wrong.push(format!("#{anchor} is {count} headings"));
        }
    }
    for link in markdown.split("](#").skip(1) {
        let target = link.split(')').next().unwrap_or_default();
        if !anchors.contains_key(target) {
            wrong.push(format!("#{target} is no heading"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join(", "));
}

/// The texts of the headings; a `#` in a block of code begins none.
fn headings(markdown: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    markdown.lines().filter_map(move |line| {
        is_code ^= line.trim_start().starts_with("```");
        let text = line.trim_start_matches('#');
        if is_code || text.len() == line.len() { None } else { text.strip_prefix(' ') }
    })
}

/// GitHub's anchor of a heading: lower case, punctuation dropped, spaces to hyphens.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        _ => c.is_alphanumeric().then_some(c),
    });
    kept.collect::<String>().to_lowercase()
}

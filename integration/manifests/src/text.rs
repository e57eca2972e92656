//! Blocks of YAML, moved as text.

/// Spaces at the beginning of `line`.
pub(crate) fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The lines after the one at `start` that are indented deeper than it, moved to the left margin.
/// Lines of comment count; blank lines at the end do not.
pub(crate) fn block_below(lines: &[&str], start: usize) -> String {
    let margin = lines.get(start).map_or(0, |line| indent_of(line));
    let below = lines.iter().skip(start + 1);
    let block: Vec<&str> = below
        .take_while(|line| line.trim().is_empty() || indent_of(line) > margin)
        .copied()
        .collect();
    let filled = block.iter().filter(|line| !line.trim().is_empty());
    let left = filled.map(|line| indent_of(line)).min().unwrap_or_default();
    let dedented: Vec<&str> = block.iter().map(|line| line.get(left..).unwrap_or("")).collect();
    dedented.join("\n").trim_end().to_owned()
}

/// `block` moved `by` spaces to the right.
pub(crate) fn indented(block: &str, by: usize) -> String {
    let margin = " ".repeat(by);
    let lines = block.lines().map(|line| match line {
        "" => String::new(),
        line => format!("{margin}{line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The sentence as lines of comment, none longer than a screen is wide.
pub(crate) fn comment(sentence: &str, indent: usize) -> String {
    const WIDTH: usize = 100;
    let margin = format!("{}#", " ".repeat(indent));
    let mut lines = vec![margin.clone()];
    for word in sentence.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{margin} {word}")),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{block_below, comment, indented};

    #[test]
    fn a_block_moves_with_its_comments() {
        let lines = ["  value:", "    # why", "    a: 1", "", "    b:", "    - 2", "  next: 3"];
        let block = block_below(&lines, 0);
        assert_eq!(block, "# why\na: 1\n\nb:\n- 2");
        assert_eq!(indented(&block, 2), "  # why\n  a: 1\n\n  b:\n  - 2");
        assert_eq!(block_below(&lines, 6), "");
        assert_eq!(block_below(&lines, 9), "");
    }

    #[test]
    fn a_comment_is_wrapped() {
        let text = comment(&"word ".repeat(40), 2);
        assert!(text.lines().all(|line| line.starts_with("  # word") && line.len() <= 100));
        assert_eq!(text.matches("word").count(), 40);
    }
}

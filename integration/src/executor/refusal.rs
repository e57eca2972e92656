//! The one line with which a module refuses its configuration.

use anyhow::{Result, bail};

/// What stands after `<filter>: configuration refused: ` in the lines, given that exactly one line
/// says so.
pub(super) fn refusal<'a>(
    filter: &str,
    lines: impl IntoIterator<Item = &'a str>,
) -> Result<String> {
    let marker = format!("{filter}: configuration refused: ");
    let lines: Vec<&str> = lines.into_iter().collect();
    let said: Vec<&str> =
        lines.iter().filter_map(|line| Some(line.split_once(&marker)?.1)).collect();
    match said.as_slice() {
        [line] => Ok((*line).to_owned()),
        said => bail!("refused with {} lines instead of one:\n{}", said.len(), lines.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn exactly_one_line_says_why() {
        let log = ["[error] wasm log f f: f: configuration refused: a.b: found 1", "[error] other"];
        assert_eq!(refusal("f", log).ok().as_deref(), Some("a.b: found 1"));
        assert!(refusal("g", log).is_err());
        assert!(refusal("f", [log[0], log[0]]).is_err());
    }
}

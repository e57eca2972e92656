//! JSON paths such as `rules[0].match[0].headers["x.y"].exact`, as errors of the filters have them.

use std::fmt;

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// A path from a document's root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path(pub(crate) Vec<Step>);

impl Path {
    /// Reads a path; what cannot be a path ends it.
    pub(crate) fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let step = match rest.strip_prefix('[') {
                Some(bracket) => bracketed(bracket),
                None => plain(rest),
            };
            let Some((step, after)) = step else { break };
            steps.push(step);
            rest = after;
        }
        Self(steps)
    }

    /// The path of a key of the value at this one.
    pub(crate) fn key(&self, key: &str) -> Self {
        self.with(Step::Key(key.to_owned()))
    }

    /// The path of an item of the list at this one.
    pub(crate) fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    /// This path and then the other.
    pub(crate) fn join(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).cloned().collect())
    }

    fn with(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    let segment = filter_config::path_segment(key);
                    let dot = position > 0 && !segment.starts_with('[');
                    write!(f, "{}{segment}", if dot { "." } else { "" })?;
                }
            }
        }
        Ok(())
    }
}

fn plain(text: &str) -> Option<(Step, &str)> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (key, rest) = text.split_at_checked(end)?;
    (!key.is_empty()).then(|| (Step::Key(key.to_owned()), rest))
}

/// `0]…` or `"a key"]…`.
fn bracketed(text: &str) -> Option<(Step, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (index, rest) = text.split_once(']')?;
        return Some((Step::Index(index.parse().ok()?), rest));
    };
    let mut key = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((Step::Key(key), quoted.get(at..)?.strip_prefix("\"]")?)),
            '\\' => key.push(characters.next()?.1),
            other => key.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_it_is_written() {
        for text in ["", "rules[0].fault.abort", r#"a["x.y"].b[3][4]"#, r#"["q\"t"].z"#] {
            assert_eq!(Path::parse(text).to_string(), text);
        }
        assert_eq!(Path::parse("a.[x"), Path(vec![Step::Key("a".to_owned())]));
        let path = Path::default().key("a").index(1).join(&Path::parse("b"));
        assert_eq!(path.to_string(), "a[1].b");
    }
}

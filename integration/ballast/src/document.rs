//! YAML and JSON files: what stands in them, and where.

mod locate;
mod path;

pub(crate) use path::{Path, Step};

use anyhow::{Context as _, Result, anyhow};
use serde::Deserialize as _;
use serde_json::Value;
use std::io::Read as _;

/// A place in a file, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A file given on the command line.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// As it was given; `-` is the standard input.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// One of the documents in a file (JSON files have one).
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// Its number in the file, from 0, counting empty ones.
    pub(crate) index: usize,
    pub(crate) value: Value,
}

/// A file that is neither YAML nor JSON.
#[derive(Clone, Debug)]
pub(crate) struct SyntaxError {
    pub(crate) position: Option<Position>,
    pub(crate) reason: String,
}

impl File {
    /// Reads a file, or the standard input for `-`.
    pub(crate) fn read(name: &str) -> Result<Self> {
        let mut text = String::new();
        if name == "-" {
            std::io::stdin().read_to_string(&mut text).context("reading the standard input")?;
            return Ok(Self { name: "<stdin>".to_owned(), text });
        }
        let bytes = std::fs::read(name).with_context(|| format!("reading {name}"))?;
        text = String::from_utf8(bytes).map_err(|_| anyhow!("{name} is no UTF-8 text"))?;
        Ok(Self { name: name.to_owned(), text })
    }

    /// The documents that hold anything.
    pub(crate) fn documents(&self) -> Result<Vec<Document>, SyntaxError> {
        let mut documents = Vec::new();
        for (index, deserializer) in serde_yaml_ng::Deserializer::from_str(&self.text).enumerate() {
            let mut value = serde_yaml_ng::Value::deserialize(deserializer).map_err(syntax)?;
            value.apply_merge().map_err(syntax)?;
            let value: Value = serde_yaml_ng::from_value(value).map_err(syntax)?;
            if !value.is_null() {
                documents.push(Document { index, value });
            }
        }
        Ok(documents)
    }

    /// Where the value at `path` of a document stands, or the deepest part of the path that is there.
    pub(crate) fn position(&self, document: usize, path: &Path) -> Option<Position> {
        locate::position(&self.text, document, path)
    }

    /// Where, in the JSON or YAML text that the string at `outer` holds, the value at `inner` stands.
    pub(crate) fn position_in_text(
        &self,
        document: usize,
        outer: &Path,
        text: &str,
        inner: &Path,
    ) -> Option<Position> {
        let key = self.position(document, outer)?;
        let line = self.text.lines().nth(key.line.checked_sub(1)?)?;
        let is_block = line.trim_end().trim_end_matches(['-', '+']).ends_with('|');
        match locate::position(text, 0, inner) {
            // The text begins on the line after its key, as deep as that line is indented.
            Some(Position { line, column }) if is_block => {
                let indent = self
                    .text
                    .lines()
                    .nth(key.line)
                    .map_or(0, |line| line.len().saturating_sub(line.trim_start().len()));
                Some(Position { line: key.line + line, column: column + indent })
            }
            _ => Some(key),
        }
    }
}

fn syntax(error: serde_yaml_ng::Error) -> SyntaxError {
    let position =
        error.location().map(|place| Position { line: place.line(), column: place.column() });
    let text = error.to_string();
    // The place is told apart.
    let reason = text.split(" at line ").next().unwrap_or(&text).to_owned();
    SyntaxError { position, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File { name: "f".to_owned(), text: text.to_owned() }
    }

    fn place(line: usize, column: usize) -> Option<Position> {
        Some(Position { line, column })
    }

    #[test]
    fn yaml_json_and_several_documents_are_read() {
        let documents = file("---\n---\na: 1\n---\n{\"b\": [2]}\n").documents().unwrap();
        let read: Vec<_> = documents.iter().map(|one| (one.index, one.value.to_string())).collect();
        assert_eq!(read, [(1, r#"{"a":1}"#.to_owned()), (2, r#"{"b":[2]}"#.to_owned())]);
        assert_eq!(file("# nothing\n").documents().unwrap().len(), 0);
        let merged = file("base: &b {x: 1}\nuse: {<<: *b, y: 2}\n").documents().unwrap();
        assert_eq!(merged[0].value["use"]["x"], 1);
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_place() {
        let error = file("a: 1\nb: [1\n").documents().unwrap_err();
        assert_eq!(error.position.map(|position| position.line), Some(3), "{error:?}");
        let error = file("a: 1\na: 2\n").documents().unwrap_err();
        assert!(error.reason.contains("duplicate"), "{error:?}");
    }

    #[test]
    fn a_place_in_a_text_is_a_place_in_the_file() {
        let text = "spec:\n  value: |\n    {\"rules\":\n      [{\"name\": 5}]}\n";
        let file = file(text);
        let outer = Path::parse("spec.value");
        let inner = "{\"rules\":\n  [{\"name\": 5}]}\n";
        let found = |path| file.position_in_text(0, &outer, inner, &Path::parse(path));
        assert_eq!(found("rules[0].name"), place(4, 9));
        assert_eq!(found("rules[0].no"), place(4, 8));
    }
}

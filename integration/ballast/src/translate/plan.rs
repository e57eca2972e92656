//! What a translation gives: configurations of ours, documents that stock Istio goes on to serve, and
//! what became of every line.

use crate::document::{File, Path};
use crate::out::{Out, Paint};
use crate::translate::placement::Placement;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What becomes of a part of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fate {
    /// A filter of ours does it.
    Carried,
    /// Stock Istio or Envoy does it, with what was written.
    Stock,
    /// Nothing that was written does it.
    Lost,
}

/// A line about a part of a document.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) fate: Fate,
    pub(crate) file: String,
    pub(crate) line: usize,
    /// `RouteRule ratings`.
    pub(crate) document: String,
    /// From the document's root.
    pub(crate) path: String,
    pub(crate) message: String,
}

impl Line {
    /// `FILE:LINE: carried: KIND NAME: PATH: MESSAGE`.
    pub(crate) fn text(&self, out: Out) -> String {
        let Self { file, line, document, path, message, .. } = self;
        let fate = match self.fate {
            Fate::Carried => out.paint(Paint::Green, "carried"),
            Fate::Stock => out.paint(Paint::Cyan, "stock"),
            Fate::Lost => out.paint(Paint::Red, "lost"),
        };
        let place = out.paint(Paint::Bold, &format!("{file}:{line}"));
        let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
        format!("{place}: {fate}: {document}: {path}{message}\n")
    }
}

/// A document that is translated.
pub(crate) struct Source<'f> {
    pub(crate) file: &'f File,
    /// Its number in the file.
    pub(crate) index: usize,
    pub(crate) value: Value,
}

impl Source<'_> {
    pub(crate) fn kind(&self) -> &str {
        self.value.get("kind").and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &str {
        self.value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("unnamed")
    }

    pub(crate) fn namespace(&self) -> &str {
        self.value.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or("default")
    }

    pub(crate) fn root(&self) -> At<'_> {
        At { source: self, path: Path::default(), value: &self.value }
    }
}

/// A value in a document, and where it is.
#[derive(Clone)]
pub(crate) struct At<'s> {
    pub(crate) source: &'s Source<'s>,
    pub(crate) path: Path,
    pub(crate) value: &'s Value,
}

/// Where there is nothing.
static NOTHING: Value = Value::Null;

impl<'s> At<'s> {
    /// The value of a key; `null` where there is none.
    pub(crate) fn key(&self, key: &str) -> Self {
        let value = self.value.get(key).unwrap_or(&NOTHING);
        Self { source: self.source, path: self.path.key(key), value }
    }

    /// The value of a key, if there is one.
    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        Some(self.key(key)).filter(|at| !at.value.is_null())
    }

    /// The item of a list at this index.
    pub(crate) fn index_of(&self, index: usize) -> Self {
        let value = self.value.get(index).unwrap_or(&NOTHING);
        Self { source: self.source, path: self.path.index(index), value }
    }

    /// The items of a list; of anything else, none.
    pub(crate) fn items(&self) -> Vec<Self> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        let source = self.source;
        items.map(|(index, value)| At { source, path: self.path.index(index), value }).collect()
    }

    /// The entries of an object; of anything else, none.
    pub(crate) fn entries(&self) -> Vec<(&'s str, Self)> {
        let entries = self.value.as_object().into_iter().flatten();
        let source = self.source;
        entries
            .map(|(key, value)| (key.as_str(), At { source, path: self.path.key(key), value }))
            .collect()
    }

    pub(crate) fn text(&self, key: &str) -> Option<&'s str> {
        self.value.get(key)?.as_str()
    }

    pub(crate) fn texts(&self) -> Vec<&'s str> {
        self.value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

/// A configuration, and how it gets into the proxy.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plugin {
    pub(crate) config: Map<String, Value>,
    /// Takes the place of one that is put into more proxies, whose configuration it contains.
    pub(crate) replaces: bool,
}

/// All that a translation gives.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) lines: Vec<Line>,
    pub(crate) plugins: BTreeMap<Placement, Plugin>,
    pub(crate) stock: Vec<Value>,
}

impl Plan {
    pub(crate) fn carried(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.say(Fate::Carried, at, message.into());
    }

    pub(crate) fn served(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.say(Fate::Stock, at, message.into());
    }

    pub(crate) fn lost(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.say(Fate::Lost, at, message.into());
    }

    /// As [`Self::lost`], of what was made.
    pub(crate) fn lost_placement(&mut self, placement: &Placement, message: String) {
        self.lines.push(Line {
            fate: Fate::Lost,
            file: placement.name(),
            line: 0,
            document: placement.filter.to_owned(),
            path: String::new(),
            message,
        });
    }

    /// Whether anything was said of a document.
    pub(crate) fn speaks_of(&self, source: &Source<'_>) -> bool {
        let document = format!("{} {}", source.kind(), source.name());
        self.lines.iter().any(|line| line.document == document)
    }

    fn say(&mut self, fate: Fate, at: &At<'_>, message: String) {
        let source = at.source;
        let position = source.file.position(source.index, &at.path).unwrap_or_default();
        self.lines.push(Line {
            fate,
            file: source.file.name.clone(),
            line: position.line,
            document: format!("{} {}", source.kind(), source.name()),
            path: at.path.to_string(),
            message,
        });
    }

    /// Names every field that is not among the known ones: nothing is left out without a word.
    pub(crate) fn leftovers(&mut self, at: &At<'_>, known: &[&str]) {
        for (key, value) in at.entries() {
            if !known.contains(&key) {
                self.lost(&value, "no translation knows this field");
            }
        }
    }

    /// Adds an entry to a list of a plugin's configuration.
    pub(crate) fn add(&mut self, placement: &Placement, list: &str, entry: Value) {
        let config = &mut self.plugins.entry(placement.clone()).or_default().config;
        let list = config.entry(list).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            list.push(entry);
        }
    }

    /// Sets a field of a plugin's configuration, unless it is set.
    pub(crate) fn set(&mut self, placement: &Placement, field: &str, value: Value) {
        let config = &mut self.plugins.entry(placement.clone()).or_default().config;
        config.entry(field).or_insert(value);
    }

    /// A workload that several configurations of a filter are meant for gets one that contains them:
    /// the more exactly it is selected, the later its turn.
    pub(crate) fn unite(&mut self) {
        let own = self.plugins.clone();
        for (placement, plugin) in &mut self.plugins {
            let mut wider: Vec<_> =
                own.iter().filter(|(other, _)| other.contains(placement)).collect();
            wider.sort_by_key(|(other, _)| {
                (other.namespace == placement.namespace, other.labels.len())
            });
            if wider.is_empty() {
                continue;
            }
            let all = wider.into_iter().map(|(_, wider)| &wider.config);
            let all = all.chain(own.get(placement).map(|own| &own.config));
            let mut config = Map::new();
            for (field, value) in all.flatten() {
                match (config.get_mut(field), value) {
                    (Some(Value::Array(list)), Value::Array(more)) => list.extend(more.clone()),
                    (Some(_), _) => {}
                    (None, _) => {
                        config.insert(field.clone(), value.clone());
                    }
                }
            }
            *plugin = Plugin { config, replaces: true };
        }
    }

    /// Placements of which neither contains the other and which may select the same workload.
    pub(crate) fn overlaps(&self) -> Vec<(Placement, Placement)> {
        let mut found = Vec::new();
        for (index, a) in self.plugins.keys().enumerate() {
            for b in self.plugins.keys().skip(index + 1) {
                let differ = a
                    .labels
                    .iter()
                    .any(|(name, value)| b.labels.get(name).is_some_and(|other| other != value));
                let is_same = (a.filter, a.context) == (b.filter, b.context);
                let meet = a.namespace == b.namespace && is_same && !differ;
                if meet && !a.contains(b) && !b.contains(a) {
                    found.push((a.clone(), b.clone()));
                }
            }
        }
        found
    }
}

/// A rule's name of ours, made of another one.
pub(crate) fn rule_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '-' };
    text.chars().map(plain).take(64).collect()
}

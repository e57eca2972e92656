//! Walking lists and objects, with the path added to every error on its way up.

use super::Node;
use crate::error::Error;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess};
use std::borrow::Cow;

/// The elements of a list.
pub(super) struct Items<'de> {
    rest: std::iter::Enumerate<std::vec::IntoIter<Node<'de>>>,
}

impl<'de> Items<'de> {
    pub(super) fn new(items: Vec<Node<'de>>) -> Self {
        Self { rest: items.into_iter().enumerate() }
    }
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Error;

    #[inline(never)]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let Some((index, node)) = self.rest.next() else {
            return Ok(None);
        };
        match seed.deserialize(node) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.within_index(index)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// One entry of an object.
type Entry<'de> = (Cow<'de, str>, Node<'de>);

/// The fields of a struct, in the order of its declaration.
pub(super) struct Fields<'de> {
    rest: std::vec::IntoIter<Option<Entry<'de>>>,
    /// The key of the field at hand, as written; `None` where it is missing.
    key: Option<Cow<'de, str>>,
}

impl<'de> Fields<'de> {
    /// Sorts an object's entries to the fields they are, in either spelling. Refuses what is no
    /// field and what is there twice.
    pub(super) fn new(entries: Vec<Entry<'de>>, fields: &[&str]) -> Result<Self, Error> {
        let mut sorted: Vec<Option<Entry<'de>>> = fields.iter().map(|_| None).collect();
        for entry in entries {
            let position = fields.iter().position(|field| is_field(&entry.0, field));
            let Some((field, place)) =
                position.and_then(|at| Some((fields.get(at)?, sorted.get_mut(at)?)))
            else {
                return Err(Error::no_field(&entry.0, fields));
            };
            match place {
                Some((key, _)) if *key == entry.0 => return Err(Error::repeated_key(key)),
                Some(_) => return Err(Error::both_spellings(field)),
                None => *place = Some(entry),
            }
        }
        Ok(Self { rest: sorted.into_iter(), key: None })
    }

    /// The next field's value.
    #[inline(never)]
    fn next(&mut self) -> Node<'de> {
        match self.rest.next().flatten() {
            Some((key, node)) => {
                self.key = Some(key);
                node
            }
            None => {
                self.key = None;
                Node::Missing
            }
        }
    }

    /// What cannot be read from nothing is missing; all else is wrong.
    #[cold]
    #[inline(never)]
    fn failed(&self, error: Error) -> Result<(), Error> {
        self.key.as_ref().map_or(Ok(()), |key| Err(error.within_key(key)))
    }

    /// Whether the struct asked for each of its names once. One with serde's `alias` has more names
    /// than positions: its values would come out of step, so it is never read.
    pub(super) fn end(self) -> Result<(), Error> {
        if self.rest.len() == 0 {
            Ok(())
        } else {
            Err(Error::found("a wire type with an alias", "none: snake_case is read without one"))
        }
    }
}

/// Whether `key` is `field`, or its snake_case spelling as protobuf's JSON has it.
fn is_field(key: &str, field: &str) -> bool {
    let snake = field.bytes().flat_map(|byte| {
        let lower = byte.to_ascii_lowercase();
        [byte.is_ascii_uppercase().then_some(b'_'), Some(lower)].into_iter().flatten()
    });
    key == field || key.bytes().eq(snake)
}

impl<'de> SeqAccess<'de> for Fields<'de> {
    type Error = Error;

    /// `None` is a missing field to a derived struct: it takes the default or says that there is
    /// none. What can be read from nothing, as an `Option` can, is not missing.
    #[inline(never)]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let node = self.next();
        match seed.deserialize(node) {
            Ok(value) => Ok(Some(value)),
            Err(error) => self.failed(error).map(|()| None),
        }
    }
}

/// The entries of an object.
pub(super) struct Entries<'de> {
    rest: std::vec::IntoIter<Entry<'de>>,
    /// The entry whose key was read and whose value was not yet.
    current: Option<Entry<'de>>,
}

impl<'de> Entries<'de> {
    /// Refuses an object that has a key twice.
    pub(super) fn new(entries: Vec<Entry<'de>>) -> Result<Self, Error> {
        // Each with each: people write these, and a set or a sort is up to 9 KB in every module.
        for (index, (key, _)) in entries.iter().enumerate() {
            if entries.iter().take(index).any(|(earlier, _)| earlier == key) {
                return Err(Error::repeated_key(key));
            }
        }
        Ok(Self { rest: entries.into_iter(), current: None })
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Error;

    #[inline(never)]
    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let Some(entry) = self.rest.next() else {
            return Ok(None);
        };
        let (key, _) = self.current.insert(entry);
        let name: StrDeserializer<'_, Error> = key.as_ref().into_deserializer();
        match seed.deserialize(name) {
            Ok(key) => Ok(Some(key)),
            Err(error) => Err(error.within_key(key)),
        }
    }

    #[inline(never)]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let (key, node) = self.current.take().unwrap_or((Cow::Borrowed(""), Node::Null));
        match seed.deserialize(node) {
            Ok(value) => Ok(value),
            Err(error) => Err(error.within_key(&key)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

//! Walking lists and objects, with the path added to every error on its way up.

use super::Node;
use crate::error::Error;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess};
use std::borrow::Cow;
use std::collections::BTreeSet;

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
        self.rest
            .next()
            .map(|(index, node)| seed.deserialize(node).map_err(|error| error.within_index(index)))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The entries of an object.
pub(super) struct Entries<'de> {
    rest: std::vec::IntoIter<(Cow<'de, str>, Node<'de>)>,
    /// The entry whose key was read and whose value was not yet.
    current: Option<(Cow<'de, str>, Node<'de>)>,
}

impl<'de> Entries<'de> {
    /// Refuses an object that has a key twice.
    pub(super) fn new(entries: Vec<(Cow<'de, str>, Node<'de>)>) -> Result<Self, Error> {
        // A set rather than a sort: the standard library's sort is 9 KB in every module.
        let mut keys = BTreeSet::new();
        if let Some((key, _)) = entries.iter().find(|(key, _)| !keys.insert(key.as_ref())) {
            return Err(Error::repeated_key(key));
        }
        drop(keys);
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
        seed.deserialize(name).map(Some).map_err(|error| error.within_key(key))
    }

    #[inline(never)]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let (key, node) = self.current.take().unwrap_or((Cow::Borrowed(""), Node::Null));
        seed.deserialize(node).map_err(|error| error.within_key(&key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

//! Where a value stands.
//!
//! serde's YAML reader knows where it is, but tells it only with an error. So the file is read once
//! more, along the path, and what lies at its end is an error.

use super::{Path, Position, Step};
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// The position of the deepest part of `path` that is there. A key's value is where the key is.
pub(super) fn position(text: &str, document: usize, path: &Path) -> Option<Position> {
    (0..=path.0.len()).rev().find_map(|depth| exact(text, document, path.0.get(..depth)?))
}

fn exact(text: &str, document: usize, path: &[Step]) -> Option<Position> {
    let deserializer = serde_yaml_ng::Deserializer::from_str(text).nth(document)?;
    let error = Along(path).deserialize(deserializer).err()?;
    let is_found = error.to_string().contains(FOUND);
    let place = error.location().filter(|_| is_found)?;
    Some(Position { line: place.line(), column: place.column() })
}

/// The error that says that the path's end was reached.
const FOUND: &str = "the end of the path";

/// Follows the steps that are left.
struct Along<'p>(&'p [Step]);

impl<'de> DeserializeSeed<'de> for Along<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Along<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { FOUND } else { "a value" })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.0.split_first() else { return Err(found()) };
        let wanted = match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        };
        while let Some(is_wanted) =
            entries.next_key_seed(Key { wanted, is_end: rest.is_empty() })?
        {
            if is_wanted {
                entries.next_value_seed(Along(rest))?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.0.split_first() else { return Err(found()) };
        let Step::Index(wanted) = step else { return skip(items) };
        for _ in 0..*wanted {
            if items.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        items.next_element_seed(Along(rest))?;
        skip(items)
    }

    // Scalars: found at the path's end, and otherwise not what the path speaks of.
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        self.scalar()
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.scalar()
    }
}

impl Along<'_> {
    fn scalar<E: de::Error>(&self) -> Result<(), E> {
        if self.0.is_empty() { Err(found()) } else { Ok(()) }
    }
}

fn found<E: de::Error>() -> E {
    E::custom(FOUND)
}

fn skip<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Reads a key and says whether it is the wanted one; an error where it is also the path's end.
struct Key<'p> {
    wanted: Option<&'p str>,
    is_end: bool,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<bool, E> {
        let is_wanted = self.wanted.is_some_and(|wanted| is_same(wanted, key));
        if is_wanted && self.is_end { Err(found()) } else { Ok(is_wanted) }
    }

    fn visit_u64<E: de::Error>(self, key: u64) -> Result<bool, E> {
        self.visit_str(&key.to_string())
    }

    fn visit_i64<E: de::Error>(self, key: i64) -> Result<bool, E> {
        self.visit_str(&key.to_string())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E: de::Error>(self) -> Result<bool, E> {
        Ok(false)
    }
}

/// The same field: errors name it in camelCase, a file may have it in snake_case.
fn is_same(wanted: &str, key: &str) -> bool {
    wanted == key || wanted == camel_case(key)
}

fn camel_case(key: &str) -> String {
    let mut words = key.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |camel, word| {
        let mut letters = word.chars();
        let initial = letters.next().map(|letter| letter.to_ascii_uppercase());
        camel + &initial.into_iter().chain(letters).collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_items_and_scalars_have_a_place() {
        let text = "a:\n- b\n- c:\n    d_e: [1, 2]\n---\nf: &x {g: 1}\nh: *x\n";
        let at = |document, path: &str| {
            let position = position(text, document, &Path::parse(path));
            position.map(|position| (position.line, position.column))
        };
        assert_eq!(at(0, "a"), Some((1, 1)));
        assert_eq!(at(0, "a[0]"), Some((2, 3)));
        assert_eq!(at(0, "a[1].c"), Some((3, 3)));
        assert_eq!(at(0, "a[1].c.dE"), Some((4, 5)));
        assert_eq!(at(0, "a[1].c.dE[1]"), Some((4, 14)));
        // What is not there is where its parent is.
        assert_eq!(at(0, "a[1].c.missing.deep"), Some((3, 3)));
        assert_eq!(at(0, "a[7]"), Some((1, 1)));
        assert_eq!(at(0, "z"), Some((1, 1)));
        assert_eq!(at(1, "f.g"), Some((6, 8)));
        assert_eq!(at(2, "f"), None);
    }
}

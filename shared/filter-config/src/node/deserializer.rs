//! Reading a wire type from a node.
//!
//! Every method looks only at the kinds of values that its caller wants, and none but
//! `deserialize_any` leads to all of a visitor: what a visitor could do with a list when only an
//! object may stand there is not even compiled. Nothing is inlined, so that the fields of all
//! types share one copy per type of field.

use super::{Node, access};
use crate::error::Error;
use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use std::borrow::Cow;

impl<'de> Node<'de> {
    /// Any number. A protobuf Struct knows only doubles, so a whole number arrives as one.
    #[inline(never)]
    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Unsigned(value) => visitor.visit_u64(value),
            Self::Signed(value) => visitor.visit_i64(value),
            Self::Float(value) => match crate::wire::whole(value) {
                Some(value) => visitor.visit_u64(value),
                None => Err(self.mismatch(&visitor)),
            },
            _ => Err(self.mismatch(&visitor)),
        }
    }

    #[inline(never)]
    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Text(Cow::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Self::Text(Cow::Owned(text)) => visitor.visit_string(text),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    #[inline(never)]
    fn map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Object(entries) => visitor.visit_map(access::Entries::new(entries)?),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    /// Reads a struct by position: names, spellings and repeats are settled once for all types in
    /// [`access::Fields`], so that what is compiled per type is only its fields' values.
    #[inline(never)]
    fn structure<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Object(entries) => {
                let mut values = access::Fields::new(entries, fields)?;
                let value =
                    visitor.visit_seq(&mut values).map_err(|error| error.of_struct(fields))?;
                values.end()?;
                Ok(value)
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }
}

/// Methods that read one kind of value.
macro_rules! forward {
    ($($method:ident)* => $reader:ident) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$reader(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Error;

    #[inline(never)]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Missing | Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Unsigned(value) => visitor.visit_u64(value),
            Self::Signed(value) => visitor.visit_i64(value),
            Self::Float(value) => visitor.visit_f64(value),
            Self::Text(_) => self.text(visitor),
            Self::List(items) => visitor.visit_seq(access::Items::new(items)),
            Self::Object(_) => self.map(visitor),
        }
    }

    forward! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 => integer
    }
    forward! { deserialize_char deserialize_identifier deserialize_str deserialize_string => text }
    forward! { deserialize_map => map }

    #[inline(never)]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Bool(value) => visitor.visit_bool(value),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    #[inline(never)]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Unsigned(value) => visitor.visit_u64(value),
            Self::Signed(value) => visitor.visit_i64(value),
            Self::Float(value) => visitor.visit_f64(value),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    /// `null` is no way to leave a field out: in YAML it is a value that somebody forgot, and a
    /// `match:` without its value would silently mean every request.
    #[inline(never)]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Missing => visitor.visit_none(),
            Self::Null => Err(Error::found("null", "a value, or no such field")),
            _ => visitor.visit_some(self),
        }
    }

    #[inline(never)]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::List(items) => visitor.visit_seq(access::Items::new(items)),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.structure(fields, visitor)
    }

    #[inline(never)]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self {
            Self::Text(text) => {
                let variant: StrDeserializer<'_, Error> = text.as_ref().into_deserializer();
                visitor.visit_enum(variant)
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct tuple_struct }
}

//! The bytes of a state.

use std::ops::Deref;

const FEW: usize = 8;

/// Bytes; up to eight, which is what most algorithms need, are not allocated.
#[derive(Clone, Debug)]
pub(crate) enum Detail {
    Few(u8, [u8; FEW]),
    Many(Vec<u8>),
}

impl Deref for Detail {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Few(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Many(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Detail {
    fn from(from: &[u8]) -> Self {
        let mut bytes = [0; FEW];
        match bytes.get_mut(..from.len()) {
            Some(place) => {
                place.copy_from_slice(from);
                Self::Few(from.len() as u8, bytes)
            }
            None => Self::Many(from.to_vec()),
        }
    }
}

impl From<u64> for Detail {
    fn from(number: u64) -> Self {
        Self::Few(8, number.to_le_bytes())
    }
}

impl Default for Detail {
    fn default() -> Self {
        Self::Few(0, [0; FEW])
    }
}

impl PartialEq for Detail {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Detail {}

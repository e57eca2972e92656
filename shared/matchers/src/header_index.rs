//! One pass over the headers for all conditions that look at them.
//!
//! Rules ask for headers by name, most of which no request has. A [`HeaderIndex`] knows all names that
//! any rule of a filter asks for, and reads them in one pass: what is then asked is a bit of a mask.

use attributes::HeaderKey;
use filter_api::{HeaderPairs, RequestHead};

/// How many names a snapshot holds; conditions on further names read the headers themselves.
const SLOTS: usize = 16;

/// The names of headers that conditions look at.
#[derive(Clone, Debug, Default)]
pub struct HeaderIndex {
    names: Vec<(Mark, HeaderKey)>,
    /// The bits of the names' lengths: most headers are passed over by this alone.
    lengths: u64,
    /// The bits of the names' marks, which rule out most of the rest.
    marks: u64,
}

/// What tells most names of one length apart at the price of one comparison: length and last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark(u32);

impl Mark {
    #[inline]
    fn of(name: &[u8]) -> Self {
        let last = name.last().copied().unwrap_or_default();
        Self((name.len() as u32) << 8 | u32::from(last))
    }

    #[inline]
    fn bit(self) -> u64 {
        1 << ((self.0 ^ self.0 >> 5) % 64)
    }
}

/// Where a name's value lies in a [`Snapshot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(usize);

/// A set of slots, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slots(u32);

impl Slots {
    /// Adds a slot.
    #[inline]
    pub fn insert(&mut self, Slot(slot): Slot) {
        self.0 |= 1 << slot;
    }

    #[inline]
    fn has(self, Slot(slot): Slot) -> bool {
        self.0 >> slot & 1 != 0
    }
}

impl HeaderIndex {
    /// The slot of a name; `None` where all are taken.
    pub fn slot(&mut self, key: &HeaderKey) -> Option<Slot> {
        let known = self.names.iter().position(|(_, name)| name == key);
        if known.is_none() && self.names.len() == SLOTS {
            return None;
        }
        Some(Slot(known.unwrap_or_else(|| {
            self.lengths |= HeaderPairs::length_bit(key.as_bytes());
            let mark = Mark::of(key.as_bytes());
            self.marks |= mark.bit();
            self.names.push((mark, key.clone()));
            self.names.len() - 1
        })))
    }

    /// Reads the headers once.
    #[must_use]
    pub fn read<'a>(&self, request: &RequestHead<'a>) -> Snapshot<'a> {
        let mut snapshot = Snapshot::unindexed(request);
        self.read_into(&mut snapshot);
        snapshot
    }

    /// Reads the headers into a snapshot without an index, where it stands: moving it costs as much as
    /// reading.
    pub(crate) fn read_into(&self, snapshot: &mut Snapshot<'_>) {
        let request = snapshot.request;
        for (name, value) in request.headers().of_lengths(self.lengths) {
            let mark = Mark::of(name);
            if self.marks & mark.bit() == 0 {
                continue;
            }
            for (slot, (known, key)) in self.names.iter().enumerate() {
                if *known == mark && key.as_bytes() == name {
                    snapshot.hold(Slot(slot), value);
                    break;
                }
            }
        }
    }
}

/// The headers of a request, those of a [`HeaderIndex`] at hand.
#[derive(Clone, Debug)]
pub struct Snapshot<'a> {
    request: RequestHead<'a>,
    /// The slots that hold something.
    present: Slots,
    /// Those whose header is there more than once.
    several: Slots,
    first: [&'a [u8]; SLOTS],
}

/// What a snapshot knows of a header.
#[derive(Clone, Copy, Debug)]
pub enum Held<'a> {
    /// It is not there.
    Nothing,
    /// Its only value.
    One(&'a [u8]),
    /// It is there more than once, or not held.
    Several,
}

impl<'a> Snapshot<'a> {
    /// Without an index: for conditions that have no slot.
    #[must_use]
    pub fn unindexed(request: &RequestHead<'a>) -> Self {
        let (present, several) = (Slots::default(), Slots::default());
        Self { request: *request, present, several, first: [&[]; SLOTS] }
    }

    #[inline]
    fn hold(&mut self, slot: Slot, value: &'a [u8]) {
        if self.present.has(slot) {
            self.several.insert(slot);
        }
        self.present.insert(slot);
        if let Some(first) = self.first.get_mut(slot.0) {
            *first = value;
        }
    }

    /// The request whose headers these are.
    #[must_use]
    pub fn request(&self) -> RequestHead<'a> {
        self.request
    }

    /// Whether the header of every one of these slots is there.
    #[inline]
    #[must_use]
    pub fn has_all(&self, slots: Slots) -> bool {
        slots.0 & !self.present.0 == 0
    }

    /// What is known of the header in `slot`.
    #[inline]
    #[must_use]
    pub fn held(&self, slot: Option<Slot>) -> Held<'a> {
        let Some(slot) = slot else { return Held::Several };
        if !self.present.has(slot) {
            return Held::Nothing;
        }
        match self.first.get(slot.0) {
            Some(value) if !self.several.has(slot) => Held::One(value),
            _ => Held::Several,
        }
    }

    /// All values of the header, read again.
    pub fn values<'n>(&self, key: &'n HeaderKey) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.request.headers().values(key.as_bytes())
    }
}

//! One pass over the headers for all conditions that look at them.
//!
//! Rules ask for headers by name, most of which no request has. A [`HeaderIndex`] knows all names that
//! any rule of a filter asks for, and reads them in one pass: what is then asked is a bit of a mask.

use attributes::HeaderKey;
use filter_api::RequestHead;

/// How many names a snapshot holds; conditions on further names read the headers themselves.
const SLOTS: usize = 16;

/// The names of headers that conditions look at.
#[derive(Clone, Debug, Default)]
pub struct HeaderIndex {
    names: Vec<(Mark, HeaderKey)>,
    /// One bit for each mark of a name: most headers are passed over by this alone.
    marks: u32,
}

/// What tells most names apart at the price of one comparison: length and last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark(u32);

impl Mark {
    #[inline]
    fn of(name: &[u8]) -> Self {
        let last = name.last().copied().unwrap_or_default();
        Self((name.len() as u32) << 8 | u32::from(last))
    }

    #[inline]
    fn bit(self) -> u32 {
        1 << ((self.0 ^ self.0 >> 8) % 32)
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
    pub fn insert(&mut self, Slot(slot): Slot) {
        self.0 |= 1 << slot;
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
        if self.marks == 0 {
            return snapshot;
        }
        for (name, value) in request.headers().iter() {
            let mark = Mark::of(name);
            if self.marks & mark.bit() == 0 {
                continue;
            }
            let is_name =
                |(known, key): &(Mark, HeaderKey)| *known == mark && key.as_bytes() == name;
            let Some(slot) = self.names.iter().position(is_name) else {
                continue;
            };
            snapshot.present.insert(Slot(slot));
            if let Some(held) = snapshot.held.get_mut(slot) {
                *held = match *held {
                    Held::Nothing => Held::One(value),
                    Held::One(_) | Held::Several => Held::Several,
                };
            }
        }
        snapshot
    }
}

/// The headers of a request, those of a [`HeaderIndex`] at hand.
#[derive(Clone, Debug)]
pub struct Snapshot<'a> {
    request: RequestHead<'a>,
    /// The slots that hold something.
    present: Slots,
    held: [Held<'a>; SLOTS],
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
        Self { request: *request, present: Slots::default(), held: [Held::Nothing; SLOTS] }
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
        let held = slot.and_then(|Slot(slot)| self.held.get(slot));
        held.copied().unwrap_or(Held::Several)
    }

    /// All values of the header, read again.
    pub fn values<'n>(&self, key: &'n HeaderKey) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.request.headers().values(key.as_bytes())
    }
}

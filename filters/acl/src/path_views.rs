//! The readings of a path that servers are known to make.
//!
//! Between Envoy and the code that serves a request stand a framework, an operating system and
//! sometimes another proxy, and each reads a path in its own way: escapes once or twice, `\` as
//! `/`, `;x` as nothing, `//` as `/`, dots upwards before or after all that. A refusal has to hold
//! whichever of them it is, and a permission too. So a rule that refuses matches if **any** reading
//! does, and a rule that allows only if **all** do. The path that goes on is never changed.

use std::borrow::Cow;

mod normalise;
#[cfg(test)]
mod tests;

/// Whether all servers would read a path alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Clarity {
    /// They would, as far as is known.
    Clear,
    /// Some would read another path: double or structural escapes, `//`, `\`, `;`, dot segments,
    /// a fragment, a dot or blank at the end of a segment, bytes that are no UTF-8.
    Ambiguous,
    /// There is no path, or one that nobody can be trusted to read: an escaped control character,
    /// an overlong UTF-8 sequence, more than [`normalise::ROUNDS`] layers of escapes.
    Unreadable,
}

/// A path without its query, in every reading.
#[derive(Debug)]
pub(crate) struct PathViews<'a> {
    /// As it goes on to the upstream; `None` where there is none (CONNECT).
    raw: Option<&'a [u8]>,
    /// Readings that differ from `raw`.
    further: Vec<Vec<u8>>,
    /// The last of them without the slash at its end.
    without_slash: Option<Cow<'a, [u8]>>,
    clarity: Clarity,
}

impl<'a> PathViews<'a> {
    /// Reads `:path`, query included; `None` where there is none (CONNECT).
    pub(crate) fn read(path_and_query: Option<&'a [u8]>) -> Self {
        let Some(whole) = path_and_query else {
            return Self {
                raw: None,
                further: Vec::new(),
                without_slash: None,
                clarity: Clarity::Unreadable,
            };
        };
        match plain(whole) {
            Some(raw) => Self {
                raw: Some(raw),
                further: Vec::new(),
                without_slash: without_slash(raw).map(Cow::Borrowed),
                clarity: Clarity::Clear,
            },
            None => Self::of_unusual(whole.split(|byte| *byte == b'?').next().unwrap_or_default()),
        }
    }

    #[cold]
    #[inline(never)]
    fn of_unusual(raw: &'a [u8]) -> Self {
        let readings = normalise::read(raw);
        let shortest = without_slash(&readings.normalised).map(|path| Cow::Owned(path.to_vec()));
        let mut further: Vec<Vec<u8>> = Vec::new();
        for view in [readings.decoded, readings.resolved, readings.normalised] {
            if view != raw && !further.contains(&view) {
                further.push(view);
            }
        }
        Self { raw: Some(raw), further, without_slash: shortest, clarity: readings.clarity }
    }

    /// The path, if all readings are the same.
    pub(crate) fn plain(&self) -> Option<&'a [u8]> {
        self.raw.filter(|_| self.clarity == Clarity::Clear && self.further.is_empty())
    }

    /// The last of the readings without the slash at its end, if there is one.
    pub(crate) fn without_slash(&self) -> Option<&[u8]> {
        self.without_slash.as_deref()
    }

    /// Whether there is a path at all.
    pub(crate) fn is_there(&self) -> bool {
        self.raw.is_some()
    }

    /// How alike servers would read it.
    pub(crate) fn clarity(&self) -> Clarity {
        self.clarity
    }

    /// Whether `test` holds for any reading; it does for an unreadable path. For rules that refuse.
    pub(crate) fn any(&self, test: impl Fn(&[u8]) -> bool) -> bool {
        self.clarity == Clarity::Unreadable
            || self.raw.is_some_and(&test)
            || self.further.iter().any(|view| test(view))
    }

    /// As [`any`](Self::any), or without the slash at the end: `/admin/` is answered as `/admin` by
    /// many servers. Not for what a path must not be: `/public/` is not to be refused for not being
    /// `/public/*`.
    pub(crate) fn any_or_shorter(&self, test: impl Fn(&[u8]) -> bool) -> bool {
        self.any(&test) || self.without_slash.as_deref().is_some_and(test)
    }

    /// Whether `test` holds for every reading; it does not for an unreadable path. For rules that
    /// allow.
    pub(crate) fn all(&self, test: impl Fn(&[u8]) -> bool) -> bool {
        self.clarity != Clarity::Unreadable
            && self.raw.is_some_and(&test)
            && self.further.iter().all(|view| test(view))
    }
}

/// The path before its query, if every server reads it alike. It may say no to one that they do,
/// never the reverse.
fn plain(whole: &[u8]) -> Option<&[u8]> {
    let mut before = 0;
    let mut end = whole.len();
    for (index, byte) in whole.iter().enumerate() {
        let is_usual = match byte {
            b'a'..=b'z' | b'0'..=b'9' => true,
            b'?' => {
                end = index;
                break;
            }
            b'/' => !matches!(before, b'/' | b'.'),
            b'.' => before != b'/',
            b'%' | b'\\' | b';' | b'#' | 0..=0x20 | 0x7f.. => false,
            _ => true,
        };
        // Nothing stands before the slash that a path begins with.
        if !is_usual || (index == 0 && *byte != b'/') {
            return None;
        }
        before = *byte;
    }
    whole.get(..end).filter(|path| before != b'.' && !path.is_empty())
}

/// The path without a slash at its end, if that is something else and not nothing.
fn without_slash(path: &[u8]) -> Option<&[u8]> {
    path.strip_suffix(b"/").filter(|rest| !rest.is_empty())
}

//! What rules out most rules at the price of four comparisons.
//!
//! A rule with `methods`, `paths` or `hosts` is compared with a request only where the letters agree
//! with which its texts begin or end. Letters, not bytes: five bits of each, so that the case of a
//! letter makes no difference, and every other byte stands for some letter.

use crate::host_name::HostName;
use crate::path_views::PathViews;

/// A set of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Letters(u32);

impl Letters {
    pub(crate) const ALL: Self = Self(u32::MAX);
    pub(crate) const NONE: Self = Self(0);

    /// The letter of a byte; all of them where there is none.
    pub(crate) fn of(byte: Option<&u8>) -> Self {
        byte.map_or(Self::ALL, |byte| Self(1 << (byte & 31)))
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Letters of methods, paths and hosts: those that a rule may be about, or those of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gate {
    /// With which the method begins.
    pub(crate) method: Letters,
    /// With which the path goes on after its first slash.
    pub(crate) path_begin: Letters,
    /// With which the path ends, its last slash counted or not.
    pub(crate) path_end: Letters,
    /// With which the name of the host ends.
    pub(crate) host_end: Letters,
}

impl Gate {
    /// Of a rule that may be about everything, and of a request of which nothing is known.
    pub(crate) const OPEN: Self = Self {
        method: Letters::ALL,
        path_begin: Letters::ALL,
        path_end: Letters::ALL,
        host_end: Letters::ALL,
    };

    /// Of a rule that is about what either is about.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            method: self.method.or(other.method),
            path_begin: self.path_begin.or(other.path_begin),
            path_end: self.path_end.or(other.path_end),
            host_end: self.host_end.or(other.host_end),
        }
    }

    /// Whether a rule with this gate may be about the request.
    #[inline]
    pub(crate) fn admits(&self, request: &Self) -> bool {
        self.method.0 & request.method.0 != 0
            && self.path_begin.0 & request.path_begin.0 != 0
            && self.path_end.0 & request.path_end.0 != 0
            && self.host_end.0 & request.host_end.0 != 0
    }

    /// Whether telling the letters of a path, or of a host, may rule this rule out.
    pub(crate) fn asks_for_path(&self) -> bool {
        self.path_begin != Letters::ALL || self.path_end != Letters::ALL
    }

    /// See [`asks_for_path`](Self::asks_for_path).
    pub(crate) fn asks_for_host(&self) -> bool {
        self.host_end != Letters::ALL
    }

    /// Adds what is known of the request's path: nothing of one that has several readings.
    pub(crate) fn tell_path(&mut self, path: &PathViews<'_>) {
        if let Some(plain) = path.plain() {
            self.path_begin = Letters::of(plain.get(1));
            let end = Letters::of(plain.last());
            self.path_end = match path.without_slash() {
                Some(shorter) => end.or(Letters::of(shorter.last())),
                None => end,
            };
        }
    }

    /// Adds what is known of the request's host.
    pub(crate) fn tell_host(&mut self, host: &HostName<'_>) {
        if !host.has_user() {
            self.host_end = Letters::of(host.name().last());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn letters_have_no_case_and_what_is_unknown_is_admitted() {
        let letter = |byte: u8| Letters::of(Some(&byte));
        assert_eq!(letter(b'a'), letter(b'A'));
        let about_a = Gate { method: letter(b'a'), ..Gate::OPEN };
        assert!(about_a.admits(&Gate { method: letter(b'A'), ..Gate::OPEN }));
        assert!(!about_a.admits(&Gate { method: letter(b'b'), ..Gate::OPEN }));
        assert!(about_a.admits(&Gate::OPEN));
        assert!(
            about_a
                .or(Gate { method: letter(b'b'), ..Gate::OPEN })
                .admits(&Gate { method: letter(b'b'), ..Gate::OPEN })
        );
    }

    #[test]
    fn the_slash_at_the_end_of_a_path_counts_or_not() {
        let gate = |path: &str| {
            let mut gate = Gate::OPEN;
            gate.tell_path(&PathViews::read(Some(path.as_bytes())));
            gate
        };
        let ends = |byte: u8| Gate { path_end: Letters::of(Some(&byte)), ..Gate::OPEN };
        assert!(ends(b'n').admits(&gate("/admin/")) && ends(b'/').admits(&gate("/admin/")));
        assert!(ends(b'n').admits(&gate("/admin")) && !ends(b'm').admits(&gate("/admin")));
        assert_eq!(gate("/a/../admin"), Gate::OPEN);
        assert!(Gate { path_begin: Letters::of(Some(&b'x')), ..Gate::OPEN }.admits(&gate("/")));
    }
}

//! Whether something matches, where that cannot always be told.

/// The answer of a match against attributes that may be missing.
///
/// What refuses acts on [`Missing`](Self::Missing), what admits does not: a request never gets
/// through because something about it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchResult {
    /// It matches.
    Match,
    /// An attribute that the answer depends on is missing.
    Missing,
    /// It does not match.
    NoMatch,
}

impl MatchResult {
    /// Whether both match.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::NoMatch, _) | (_, Self::NoMatch) => Self::NoMatch,
            (Self::Missing, _) | (_, Self::Missing) => Self::Missing,
            (Self::Match, Self::Match) => Self::Match,
        }
    }

    /// Whether either matches.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.negated().and(other.negated()).negated()
    }

    /// The opposite; of what is missing, nothing follows.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Match => Self::NoMatch,
            Self::Missing => Self::Missing,
            Self::NoMatch => Self::Match,
        }
    }

    /// Whether a rule that refuses applies: unless it certainly does not.
    #[must_use]
    pub fn denies(self) -> bool {
        self != Self::NoMatch
    }

    /// Whether a rule that admits applies: only if it certainly does.
    #[must_use]
    pub fn allows(self) -> bool {
        self == Self::Match
    }
}

impl From<bool> for MatchResult {
    fn from(matches: bool) -> Self {
        if matches { Self::Match } else { Self::NoMatch }
    }
}

#[cfg(test)]
mod tests {
    use super::MatchResult::{self, Match, Missing, NoMatch};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn what_is_missing_matters_only_where_the_answer_depends_on_it() {
        for (a, b, and, or) in [
            (Match, Match, Match, Match),
            (Match, Missing, Missing, Match),
            (Match, NoMatch, NoMatch, Match),
            (Missing, Missing, Missing, Missing),
            (Missing, NoMatch, NoMatch, Missing),
            (NoMatch, NoMatch, NoMatch, NoMatch),
        ] {
            assert_eq!((a.and(b), b.and(a)), (and, and), "{a:?} and {b:?}");
            assert_eq!((a.or(b), b.or(a)), (or, or), "{a:?} or {b:?}");
        }
    }

    #[test]
    fn what_is_missing_refuses_and_never_admits_however_it_is_asked() {
        for (result, denies, allows) in
            [(Match, true, true), (Missing, true, false), (NoMatch, false, false)]
        {
            assert_eq!((result.denies(), result.allows()), (denies, allows), "{result:?}");
        }
        assert_eq!(Missing.negated(), Missing);
        assert_eq!(MatchResult::from(true).negated(), MatchResult::from(false));
    }
}

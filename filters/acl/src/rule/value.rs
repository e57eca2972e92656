//! Values against the texts of a rule.

use super::Reading;
use crate::pattern::Pattern;

/// What a field and its negation (`values` and `notValues`, `methods` and `notMethods`, …) say of
/// something that has any number of values. `None` where a field is not there.
#[derive(Clone, Debug)]
pub(super) struct Alternatives<P = Pattern> {
    pub(super) of: Option<Vec<P>>,
    pub(super) not: Option<Vec<P>>,
}

impl<P> Alternatives<P> {
    pub(super) fn is_empty(&self) -> bool {
        self.of.is_none() && self.not.is_none()
    }
}

impl Alternatives {
    /// Begins to look at values.
    pub(super) fn look(&self) -> Look<'_> {
        Look { alternatives: self, count: 0, asked_for: 0, asked_for_by_part: false, ruled_out: 0 }
    }

    /// Whether the one value is as the rule says: what [`look`](Self::look) finds, for most requests
    /// and at a fraction of the price.
    pub(super) fn is_met_by(&self, value: &[u8], reading: Reading) -> bool {
        if let Some(of) = &self.of
            && !is_one_of(of, value)
            && !(reading.any && has_member(of, value))
        {
            return false;
        }
        self.not.as_ref().is_none_or(|not| !is_one_of(not, value))
    }
}

fn is_one_of(texts: &[Pattern], value: &[u8]) -> bool {
    for text in texts {
        if text.matches(value, false) {
            return true;
        }
    }
    false
}

/// Whether any of the members between commas is one of the texts. What was sent as several lines
/// arrives as one where Envoy, or a proxy before it, has joined them.
fn has_member(texts: &[Pattern], value: &[u8]) -> bool {
    value.contains(&b',')
        && value.split(|byte| *byte == b',').any(|member| is_one_of(texts, member.trim_ascii()))
}

/// How many values were seen, and how many of them the rule speaks of.
pub(super) struct Look<'r> {
    alternatives: &'r Alternatives,
    count: u32,
    asked_for: u32,
    /// A value of which a member is asked for.
    asked_for_by_part: bool,
    ruled_out: u32,
}

impl Look<'_> {
    /// The next value.
    pub(super) fn at(&mut self, value: &[u8]) {
        let Alternatives { of, not } = self.alternatives;
        self.count = self.count.saturating_add(1);
        if let Some(of) = of {
            if is_one_of(of, value) {
                self.asked_for = self.asked_for.saturating_add(1);
            } else {
                self.asked_for_by_part |= has_member(of, value);
            }
        }
        if not.as_ref().is_some_and(|not| is_one_of(not, value)) {
            self.ruled_out = self.ruled_out.saturating_add(1);
        }
    }

    /// Whether all values together are as the rule says. With no value at all, nothing that is asked
    /// for is there, and nothing that is ruled out.
    pub(super) fn is_met(&self, reading: Reading) -> bool {
        let Alternatives { of, not } = self.alternatives;
        let (is_asked_for, is_clear) = match reading.any {
            true => (
                self.asked_for > 0 || self.asked_for_by_part,
                self.count == 0 || self.ruled_out < self.count,
            ),
            false => (self.count > 0 && self.asked_for == self.count, self.ruled_out == 0),
        };
        (of.is_none() || is_asked_for) && (not.is_none() || is_clear)
    }
}

//! What one worker has taken ahead of one key.

use super::LeaseSettings;
use super::message::Answer;
use crate::hash::Digest;

/// After this long what was left of a window may have gone to others: in nanoseconds.
const FRESH: u64 = 100_000_000;
/// A lease that is used up within this time was too small.
const TOO_FAST: u64 = 50_000_000;
/// How long the service is left alone after it failed.
pub(super) const BACK_OFF: u64 = 500_000_000;

/// What a request finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The units are there.
    Ready,
    /// The window is used up: nanoseconds until the next.
    Exhausted(u64),
    /// Units have been asked for.
    Wait,
    /// The service is not there.
    Unavailable,
}

/// One key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(super) record: Digest,
    /// The serialised descriptor.
    pub(super) descriptor: Vec<u8>,
    /// The limit of a window.
    pub(super) limit: u64,
    /// Nanoseconds.
    pub(super) period: u64,
    left: u64,
    /// Until when `left` may be used.
    ends: u64,
    granted_at: u64,
    exhausted_until: u64,
    failed_until: u64,
    pub(super) is_asked: bool,
    /// Units of requests that found too little since the last answer.
    demand: u64,
    /// How many to ask for, as far as is known.
    size: u64,
    /// What was left of which window, when.
    remaining: Option<(u64, u64, u64)>,
}

/// A question that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    pub(super) tag: u32,
    pub(super) record: Digest,
    pub(super) units: u64,
    /// When the window in which it was asked ends.
    pub(super) window_end: u64,
}

impl Key {
    pub(super) fn new(record: Digest, descriptor: Vec<u8>, limit: u64, period: u64) -> Self {
        Self {
            record,
            descriptor,
            limit,
            period,
            left: 0,
            ends: 0,
            granted_at: 0,
            exhausted_until: 0,
            failed_until: 0,
            is_asked: false,
            demand: 0,
            size: 1,
            remaining: None,
        }
    }

    /// Whether nothing would be forgotten with it.
    pub(super) fn is_idle(&self, now: u64) -> bool {
        let until = [self.exhausted_until, self.failed_until];
        let has_units = self.left > 0 && self.ends > now;
        !self.is_asked && !has_units && until.iter().all(|until| *until <= now)
    }

    /// Whether `units` are there; none are taken yet.
    pub(super) fn look(&mut self, now: u64, units: u64) -> Verdict {
        if self.ends <= now {
            self.left = 0;
        }
        if self.left >= units {
            return Verdict::Ready;
        }
        if self.exhausted_until > now {
            return Verdict::Exhausted(self.exhausted_until - now);
        }
        if self.failed_until > now {
            return Verdict::Unavailable;
        }
        Verdict::Wait
    }

    pub(super) fn want(&mut self, units: u64) {
        self.demand = self.demand.saturating_add(units);
    }

    /// Takes units that are there. Says whether it is time to ask for more.
    pub(super) fn take(&mut self, now: u64, units: u64) -> bool {
        self.left = self.left.saturating_sub(units);
        let is_low = self.left <= self.size / 2;
        is_low && !self.is_asked && self.exhausted_until <= now && self.failed_until <= now
    }

    pub(super) fn put_back(&mut self, units: u64) {
        self.left = self.left.saturating_add(units);
    }

    /// Units left, here and, as far as is known, of the window.
    pub(super) fn remaining(&self, now: u64) -> u64 {
        let known = self.remaining.filter(|(end, ..)| *end > now);
        self.left.saturating_add(known.map_or(0, |(_, remaining, _)| remaining))
    }

    /// Nanoseconds until what was taken ahead ends.
    pub(super) fn ends_after(&self, now: u64) -> u64 {
        self.ends.saturating_sub(now)
    }

    /// The largest lease. No more is held in store either: what others could have had would be lost.
    fn most(&self, settings: &LeaseSettings) -> u64 {
        let share = self.limit.saturating_mul(settings.percent) / 100;
        settings.max.min(share).max(settings.min)
    }

    /// How many units to ask for: as many as are used in a while, but never more than the settings
    /// say, and never so many that the service would refuse them all where it would have given some,
    /// for what it refuses is lost too.
    pub(super) fn question(&self, now: u64, window_end: u64, settings: &LeaseSettings) -> u64 {
        let wanted = self.size.max(self.demand).clamp(settings.min, self.most(settings));
        // The end comes of two clocks that are not read at one moment: it is never the same twice.
        let is_window = |end: u64| end.abs_diff(window_end) < self.period / 2;
        let known = self
            .remaining
            .filter(|(end, _, at)| is_window(*end) && now.saturating_sub(*at) <= FRESH);
        let safe = match known {
            // Each Envoy has several workers that ask.
            Some((_, remaining, _)) => remaining / settings.replicas.saturating_mul(4).max(1),
            // Little of a window is used in its first tenth; later nobody knows.
            None if window_end.saturating_sub(now) >= self.period / 10 * 9 => wanted,
            None => settings.min,
        };
        wanted.min(safe).max(settings.min)
    }

    /// Takes over what the service answered.
    pub(super) fn answered(
        &mut self,
        question: &Question,
        answer: Option<Answer>,
        now: u64,
        settings: &LeaseSettings,
    ) {
        self.is_asked = false;
        let Some(answer) = answer else {
            self.failed_until = now.saturating_add(BACK_OFF);
            return;
        };
        self.failed_until = 0;
        // Should both clocks disagree, the earlier end counts.
        let told = answer
            .reset_seconds
            .map(|seconds| now.saturating_add(seconds.saturating_mul(1_000_000_000)));
        let end = told.map_or(question.window_end, |told| told.min(question.window_end));
        self.remaining = Some((question.window_end, answer.remaining, now));
        if !answer.is_granted {
            self.demand = 0;
            self.exhausted_until = end;
            return;
        }
        if self.ends <= now {
            self.left = 0;
        }
        let was_fast = now.saturating_sub(self.granted_at) < TOO_FAST || self.demand > self.size;
        self.size = if was_fast {
            self.size.saturating_mul(2).max(question.units).min(self.most(settings))
        } else {
            self.size.max(2) / 2
        };
        self.demand = 0;
        self.granted_at = now;
        self.left = self.left.saturating_add(question.units);
        self.ends = end.min(now.saturating_add(settings.ttl));
        if answer.remaining == 0 {
            self.exhausted_until = end;
        }
    }
}

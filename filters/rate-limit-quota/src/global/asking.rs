//! What one worker has taken ahead of all keys, and its questions to the service.

use super::leases::{Key, Question};
use super::message::{self, METHOD, SERVICE};
use super::{GlobalSettings, Verdict};
use crate::hash::Digest;
use filter_api::{Callout, CalloutResult, Environment};

/// Sets of four: a key has its place in one of them.
const SETS: usize = 1024;
const WAYS: usize = 4;
/// Questions under way at one time; others wait for their turn.
const MOST_QUESTIONS: usize = 64;
/// The keys of one worker: at most 4,096.
#[derive(Debug, Default)]
pub(crate) struct Globals {
    keys: Vec<Option<Key>>,
    /// Keys that have to be asked for.
    queue: Vec<Digest>,
    questions: Vec<Question>,
    last_tag: u32,
}

/// What came of an answer, for the statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// So many units.
    Granted(u64),
    OverLimit,
    Failed,
}

impl Globals {
    /// Whether the units of a key are there; takes none. Asks for some where they are not.
    pub(crate) fn look(
        &mut self,
        record: Digest,
        now: u64,
        units: u64,
        make: impl FnOnce() -> (Vec<u8>, u64, u64),
    ) -> Verdict {
        // Every key that is in the set still counts for something: no place for another.
        let Some(key) = self.key(record, now, make) else { return Verdict::Unavailable };
        let verdict = key.look(now, units);
        if verdict == Verdict::Wait {
            key.want(units);
            if !key.is_asked {
                key.is_asked = true;
                self.queue.push(record);
            }
        }
        verdict
    }

    /// Takes units that were looked at. Gives those that are left and the time until they end.
    pub(crate) fn take(&mut self, record: Digest, now: u64, units: u64) -> (u64, u64) {
        let Some(key) = self.known(record) else { return (0, 0) };
        let is_low = key.take(now, units);
        let standing = (key.remaining(now), key.ends_after(now));
        if is_low {
            key.is_asked = true;
            self.queue.push(record);
        }
        standing
    }

    /// Gives units back that were just taken.
    pub(crate) fn put_back(&mut self, record: Digest, units: u64) {
        if let Some(key) = self.known(record) {
            key.put_back(units);
        }
    }

    /// Whether the service has to be asked.
    pub(crate) fn has_questions(&self) -> bool {
        !self.queue.is_empty() && self.questions.len() < MOST_QUESTIONS
    }

    /// The calls to make now.
    pub(crate) fn ask(
        &mut self,
        settings: &GlobalSettings,
        env: &mut dyn Environment,
    ) -> Vec<Callout> {
        let mut callouts = Vec::new();
        let (now, unix) = (env.monotonic(), env.unix_time().0);
        while self.questions.len() < MOST_QUESTIONS
            && let Some(record) = self.queue.pop()
        {
            let tag = self.last_tag.wrapping_add(1);
            let Some(key) = self.known(record) else { continue };
            let window_end = now.saturating_add(key.period - unix % key.period.max(1));
            let units = key.question(now, window_end, &settings.lease);
            callouts.push(Callout::Grpc {
                tag,
                cluster: settings.cluster.clone(),
                service: SERVICE.to_owned(),
                method: METHOD.to_owned(),
                message: message::request(&settings.domain, &key.descriptor, units),
                timeout: settings.timeout,
            });
            self.last_tag = tag;
            self.questions.push(Question { tag, record, units, window_end });
        }
        callouts
    }

    /// A question is answered, or will not be.
    pub(crate) fn answered(
        &mut self,
        result: &CalloutResult<'_>,
        now: u64,
        settings: &GlobalSettings,
    ) -> Option<Answered> {
        let index = self.questions.iter().position(|question| question.tag == result.tag)?;
        let question = self.questions.swap_remove(index);
        let is_ok = result.status == Some(0);
        let answer = if is_ok { message::answer(result.body) } else { None };
        if let Some(key) = self.known(question.record) {
            key.answered(&question, answer, now, &settings.lease);
        }
        Some(match answer {
            None => Answered::Failed,
            Some(answer) if answer.is_granted => Answered::Granted(question.units),
            Some(_) => Answered::OverLimit,
        })
    }

    fn known(&mut self, record: Digest) -> Option<&mut Key> {
        self.set(record).iter_mut().flatten().find(|key| key.record == record)
    }

    /// The key, in its place or in one that is free.
    fn key(
        &mut self,
        record: Digest,
        now: u64,
        make: impl FnOnce() -> (Vec<u8>, u64, u64),
    ) -> Option<&mut Key> {
        if self.keys.is_empty() {
            self.keys.resize(SETS * WAYS, None);
        }
        let set = self.set(record);
        let own = |place: &Option<Key>| place.as_ref().is_some_and(|key| key.record == record);
        let free = |place: &Option<Key>| place.as_ref().is_none_or(|key| key.is_idle(now));
        let known = set.iter().position(own);
        let index = known.or_else(|| set.iter().position(free))?;
        let place = set.get_mut(index)?;
        if known.is_none() {
            let (descriptor, limit, period) = make();
            *place = Some(Key::new(record, descriptor, limit, period));
        }
        place.as_mut()
    }

    fn set(&mut self, record: Digest) -> &mut [Option<Key>] {
        let [low, _] = record.0;
        let begin = (low >> 32) as usize % SETS * WAYS;
        self.keys.get_mut(begin..begin.saturating_add(WAYS)).unwrap_or_default()
    }
}

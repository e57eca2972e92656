//! What is remembered of one request. Requests that no fault concerns remember nothing.

use crate::fault::Plan;
use crate::limits::{self, Permits};
use crate::response::BodyProgress;
use filter_api::{Effects, LocalReply, ResponseInterest};
use std::rc::Rc;

/// The state of one stream.
#[derive(Debug, Default)]
pub struct FaultStream {
    pub(crate) active: Option<Box<ActiveFault>>,
}

/// A request that suffers a fault, or whose answer is only watched (`haltOn`).
#[derive(Debug)]
pub(crate) struct ActiveFault {
    /// The index of the rule.
    pub(crate) rule: usize,
    /// What is still to happen.
    pub(crate) plan: Plan,
    /// What happened.
    pub(crate) done: Kinds,
    pub(crate) permits: Permits,
    /// The answer to send once the response's delay is over.
    pub(crate) reply: Option<Rc<LocalReply>>,
    /// The body that is being spoiled.
    pub(crate) body: Option<BodyProgress>,
}

/// Kinds of faults, in the order in which they happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    pub(crate) delay: bool,
    pub(crate) abort: bool,
    pub(crate) reset: bool,
    pub(crate) response: bool,
}

// === impl ActiveFault ===

impl ActiveFault {
    pub(crate) fn new(rule: usize, plan: Plan, permits: Permits) -> Box<Self> {
        Box::new(Self { rule, plan, done: Kinds::default(), permits, reply: None, body: None })
    }

    /// Nothing more happens to the request or its answer.
    pub(crate) fn release(&mut self, effects: &mut Effects) {
        limits::release(&mut self.permits, effects);
    }

    /// What the rest of the stream has to show.
    pub(crate) fn interest(&self, is_watched: bool, is_marked: bool) -> ResponseInterest {
        match &self.plan.response {
            Some(plan) if plan.body.is_some() => ResponseInterest::HeadersAndBody,
            Some(_) => ResponseInterest::Headers,
            None if is_watched || (is_marked && self.done.delay) => ResponseInterest::Headers,
            None => ResponseInterest::None,
        }
    }
}

// === impl Kinds ===

impl Kinds {
    /// `delay`, `abort`, `reset`, `response`, joined by `+`.
    pub(crate) fn names(self) -> String {
        let names = [
            (self.delay, "delay"),
            (self.abort, "abort"),
            (self.reset, "reset"),
            (self.response, "response"),
        ];
        let happened: Vec<&str> =
            names.iter().filter(|(happened, _)| *happened).map(|(_, name)| *name).collect();
        happened.join("+")
    }
}

//! Which faults a request suffers: drawn once, before anything happens.

use crate::abort::{AbortAction, AbortSource};
use crate::delay::Distribution;
use crate::header_control;
use crate::outcome::Table;
use crate::response::{BodyFault, BodyProgress, Rate, ResponseFault};
use crate::schedule::Share;
use filter_api::{Environment, RequestHead};
use matchers::sticky::Draw;
use matchers::{FractionalPercent, Selection};
use std::rc::Rc;
use std::time::Duration;

/// The faults of a rule.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Each kind is drawn by itself.
    Independent {
        delay: Option<(Chance, DelaySource)>,
        abort: Option<(Chance, AbortSource)>,
        response: Option<(Chance, Rc<ResponseFault>)>,
    },
    /// One draw decides.
    Outcomes { table: Table<Outcome>, draw: Draw },
}

/// One entry of a table.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) delay: Option<DelaySource>,
    pub(crate) abort: Option<AbortSource>,
    pub(crate) response: Option<Rc<ResponseFault>>,
}

/// A percentage that the request's headers may lower.
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    pub(crate) selection: Selection,
    /// Which header, where the rule allows one.
    pub(crate) control: Option<header_control::Percentage>,
}

/// Where the length of a delay comes from.
#[derive(Clone, Debug)]
pub(crate) enum DelaySource {
    /// From a distribution.
    Drawn(Distribution),
    /// From the request's headers.
    Header,
}

/// What a request is going to suffer, in this order.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) delay: Option<Duration>,
    pub(crate) abort: Option<AbortAction>,
    pub(crate) response: Option<ResponsePlan>,
}

/// Faults on an answer, with what only the request could tell.
#[derive(Debug)]
pub(crate) struct ResponsePlan {
    pub(crate) fault: Rc<ResponseFault>,
    pub(crate) body: Option<BodyProgress>,
    /// The answer to HEAD has no body, whatever its headers say.
    pub(crate) to_head: bool,
}

// === impl Fault ===

impl Fault {
    /// Draws for one request; `None` where nothing happens, which is what most requests get.
    /// `share` scales every percentage.
    pub(crate) fn draw(
        &self,
        share: Share,
        request: &RequestHead<'_>,
        env: &mut dyn Environment,
    ) -> Option<Plan> {
        match self {
            Self::Independent { delay, abort, response } => {
                let delay = hit(delay.as_ref(), share, request, env);
                let abort = hit(abort.as_ref(), share, request, env);
                let response = hit(response.as_ref(), share, request, env);
                if delay.is_none() && abort.is_none() && response.is_none() {
                    return None;
                }
                Plan::drawn(delay, abort, response, request, env)
            }
            Self::Outcomes { table, draw } => {
                // The table keeps its proportions while it ramps up: a second draw admits to it.
                let admitted = match share {
                    Share::Closed => false,
                    Share::Full => true,
                    Share::Part(part) => {
                        FractionalPercent::from_parts_per_million(part).draw(env.random())
                    }
                };
                if !admitted {
                    return None;
                }
                let Outcome { delay, abort, response } = table.at(draw.position(request, env))?;
                Plan::drawn(delay.as_ref(), abort.as_ref(), response.as_ref(), request, env)
            }
        }
    }

    /// Whether drawing reads the request's headers. A rule that ramps up draws at 100 % too.
    pub(crate) fn needs_request_headers(&self, ramps_up: bool) -> bool {
        match self {
            Self::Independent { delay, abort, response } => {
                delay.as_ref().is_some_and(|(chance, source)| {
                    chance.needs_request_headers(ramps_up) || source.needs_request_headers()
                }) || abort.as_ref().is_some_and(|(chance, source)| {
                    chance.needs_request_headers(ramps_up) || source.needs_request_headers()
                }) || response.as_ref().is_some_and(|(chance, fault)| {
                    chance.needs_request_headers(ramps_up) || fault.needs_request_headers()
                })
            }
            Self::Outcomes { table, draw } => {
                draw.needs_request_headers()
                    || table.iter().any(|Outcome { delay, abort, response }| {
                        delay.as_ref().is_some_and(DelaySource::needs_request_headers)
                            || abort.as_ref().is_some_and(AbortSource::needs_request_headers)
                            || response.as_ref().is_some_and(|fault| fault.needs_request_headers())
                    })
            }
        }
    }
}

/// The kind's fault, if its chance hits.
fn hit<'a, T>(
    kind: Option<&'a (Chance, T)>,
    share: Share,
    request: &RequestHead<'_>,
    env: &mut dyn Environment,
) -> Option<&'a T> {
    let (chance, fault) = kind?;
    chance.hits(share, request, env).then_some(fault)
}

// === impl Chance ===

impl Chance {
    fn hits(&self, share: Share, request: &RequestHead<'_>, env: &mut dyn Environment) -> bool {
        let control = self.control.and_then(|of| header_control::percentage(request, of));
        if control.is_none() && share == Share::Full {
            return self.selection.selects(request, env);
        }
        let asked = control.map_or(FractionalPercent::ALWAYS, |percent| {
            FractionalPercent::from_parts_per_million(percent.saturating_mul(10_000))
        });
        let capped = self.selection.threshold().min(asked);
        let parts = share.of(capped.parts_per_million());
        self.selection
            .with_cap(FractionalPercent::from_parts_per_million(parts))
            .selects(request, env)
    }

    /// A share of 100 % is not drawn, unless it may be lowered.
    fn needs_request_headers(&self, ramps_up: bool) -> bool {
        let lowered = FractionalPercent::from_parts_per_million(999_999);
        self.control.is_some()
            || self.selection.needs_request_headers()
            || (ramps_up && self.selection.with_cap(lowered).needs_request_headers())
    }
}

// === impl DelaySource ===

impl DelaySource {
    fn sample(&self, request: &RequestHead<'_>, env: &mut dyn Environment) -> Option<Duration> {
        match self {
            Self::Drawn(distribution) => Some(distribution.sample(&mut || env.random())),
            Self::Header => header_control::delay(request),
        }
    }

    fn needs_request_headers(&self) -> bool {
        matches!(self, Self::Header)
    }
}

// === impl Plan ===

impl Plan {
    /// What follows from the kinds that were hit. Headers may still say that nothing does.
    fn drawn(
        delay: Option<&DelaySource>,
        abort: Option<&AbortSource>,
        response: Option<&Rc<ResponseFault>>,
        request: &RequestHead<'_>,
        env: &mut dyn Environment,
    ) -> Option<Self> {
        let abort = abort.and_then(|source| source.choose(request));
        let response = match abort {
            // There will be no real answer.
            Some(_) => None,
            None => response.and_then(|fault| ResponsePlan::of(fault, request)),
        };
        let delay = delay.and_then(|source| source.sample(request, env));
        let happens = delay.is_some() || abort.is_some() || response.is_some();
        happens.then_some(Self { delay, abort, response })
    }
}

// === impl ResponsePlan ===

impl ResponsePlan {
    /// `None` where the headers ask for no limit and there is nothing else to do.
    fn of(fault: &Rc<ResponseFault>, request: &RequestHead<'_>) -> Option<Self> {
        let body = match &fault.body {
            None => None,
            Some(BodyFault::Replace(body)) => Some(BodyProgress::Replace(Some(Rc::clone(body)))),
            Some(BodyFault::Truncate(after)) => Some(BodyProgress::Truncate(Some(*after))),
            Some(BodyFault::Throttle(Rate::Fixed(rate))) => Some(BodyProgress::throttle(*rate)),
            Some(BodyFault::Throttle(Rate::Header)) => {
                header_control::throughput(request).map(BodyProgress::throttle)
            }
        };
        let to_head = fault.needs_request_headers() && request.method() == b"HEAD";
        (body.is_some() || !fault.is_body_only()).then(|| Self {
            fault: Rc::clone(fault),
            body,
            to_head,
        })
    }
}

//! What a filter answers: a verdict on the stream, and effects beside it.

use crate::{Counter, FilterStateKey, Gauge, HeaderName, HeaderValue, LocalReply, Permit};
use std::rc::Rc;
use std::time::Duration;

/// What is to become of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Go on to the next filter.
    #[default]
    Continue,
    /// Answer with this local reply; the upstream is not called, or its answer is dropped.
    Reply(Rc<LocalReply>),
    /// Reset the stream: RST_STREAM on HTTP/2, a closed connection on HTTP/1.
    Reset,
    /// Hold the stream and ask again (`on_deadline`) after this long. For filters with
    /// [`Callbacks::STREAM_END`](crate::Callbacks::STREAM_END).
    StopIteration(Duration),
}

/// Which half of the exchange a stream is held in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Between the downstream and the upstream.
    Request,
    /// Between the upstream and the downstream.
    Response,
}

/// What of the response a stream still wants to see. Seeing nothing costs next to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResponseInterest {
    /// Nothing: the response callbacks return at once.
    #[default]
    None,
    /// The response headers.
    Headers,
    /// The response headers, then every piece of the body.
    HeadersAndBody,
}

/// A change to the headers of the side at hand.
///
/// The adapter compares it with the snapshot: it writes nothing that already stands there, adds
/// where the header is absent and replaces where it is present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderMutation {
    /// One more value, whatever is there.
    Add(HeaderName, HeaderValue),
    /// Every value goes.
    Remove(HeaderName),
    /// Exactly this value.
    Set(HeaderName, HeaderValue),
    /// `:status` of a response, 200–599.
    SetStatus(u16),
}

impl HeaderMutation {
    /// The header; `None` is `:status`.
    #[must_use]
    pub fn name(&self) -> Option<&HeaderName> {
        match self {
            Self::Add(name, _) | Self::Remove(name) | Self::Set(name, _) => Some(name),
            Self::SetStatus(_) => None,
        }
    }
}

/// A filter-state entry for access logs and stock matchers, `%FILTER_STATE(wasm.<key>:PLAIN)%`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterState {
    /// The host prefixes it with `wasm.`.
    pub key: FilterStateKey,
    /// The raw value.
    pub value: Rc<str>,
}

/// One thing that happens beside a verdict.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// The next filter and the router find a route anew, by the filter state as it is now.
    ClearRouteCache,
    /// A counter rises by so much, at least 1.
    Count(Counter, u64),
    /// A gauge of the process is set, for what is known as a whole: the size of a list, say. Never
    /// of a gauge that permits raise.
    SetGauge(Gauge, u64),
    /// Filter state is set, for access logs and matchers.
    Publish(FilterState),
    /// Headers of the side at hand change.
    Mutate(HeaderMutation),
    /// A permit is given back.
    Release(Permit),
    /// The plugin is asked ([`on_root_deadline`](crate::HttpFilter::on_root_deadline)) after this
    /// long, or earlier where it was to be asked earlier.
    WakeRoot(Duration),
}

/// What happens beside the verdict, in order. Nothing costs nothing.
#[derive(Debug, Default)]
pub struct Effects(Vec<Effect>);

impl Effects {
    /// Makes room for so many more.
    pub fn reserve(&mut self, more: usize) {
        self.0.reserve(more);
    }

    /// Counts `counter` once.
    pub fn count(&mut self, counter: Counter) {
        self.count_by(counter, 1);
    }

    /// Counts `counter` so many times; 0 is nothing.
    pub fn count_by(&mut self, counter: Counter, by: u64) {
        if by > 0 {
            self.0.push(Effect::Count(counter, by));
        }
    }

    /// Sets a gauge that no permits raise.
    pub fn set_gauge(&mut self, gauge: Gauge, value: u64) {
        self.0.push(Effect::SetGauge(gauge, value));
    }

    /// Sets filter state, for the access log and for stock matchers.
    pub fn publish(&mut self, key: impl Into<FilterStateKey>, value: Rc<str>) {
        self.0.push(Effect::Publish(FilterState { key: key.into(), value }));
    }

    /// Has the route found anew, by the filter state published in this decision. A change of the
    /// request's headers does that by itself; the adapter asks the host once, where it is needed.
    pub fn clear_route_cache(&mut self) {
        self.0.push(Effect::ClearRouteCache);
    }

    /// Changes a header of the side at hand.
    pub fn mutate(&mut self, mutation: HeaderMutation) {
        self.0.push(Effect::Mutate(mutation));
    }

    /// Changes a header in place of what this decision was to make of it so far.
    pub fn mutate_last(&mut self, mutation: HeaderMutation) {
        let earlier = self.0.iter_mut().find_map(|effect| match effect {
            Effect::Mutate(earlier) => (earlier.name() == mutation.name()).then_some(earlier),
            _ => None,
        });
        match earlier {
            Some(earlier) => *earlier = mutation,
            None => self.mutate(mutation),
        }
    }

    /// Sets filter state before all that stands here already, in place of what this decision was to
    /// set the key to so far.
    pub fn publish_last(&mut self, key: FilterStateKey, value: Rc<str>) {
        let earlier = self.0.iter_mut().find_map(|effect| match effect {
            Effect::Publish(state) if state.key == key => Some(&mut state.value),
            _ => None,
        });
        match earlier {
            Some(earlier) => *earlier = value,
            None => self.0.insert(0, Effect::Publish(FilterState { key, value })),
        }
    }

    /// Gives a permit back.
    pub fn release(&mut self, permit: Permit) {
        self.0.push(Effect::Release(permit));
    }

    /// Has the plugin asked ([`on_root_deadline`](crate::HttpFilter::on_root_deadline)) on this
    /// worker after `time` at the latest: a stream can make no calls to clusters, its plugin can.
    pub fn wake_root(&mut self, time: Duration) {
        self.0.push(Effect::WakeRoot(time));
    }

    /// The effects, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Effect] {
        &self.0
    }
}

impl IntoIterator for Effects {
    type Item = Effect;
    type IntoIter = std::vec::IntoIter<Effect>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A filter's answer to a header callback or a deadline.
#[derive(Debug, Default)]
#[must_use]
pub struct Decision {
    /// What is to become of the stream.
    pub verdict: Verdict,
    /// What happens beside it.
    pub effects: Effects,
    /// What the stream wants of the response from now on.
    pub interest: ResponseInterest,
    /// In a response-header decision: the body will be replaced or cut, so the adapter removes
    /// `content-length`, which no filter may write itself.
    pub rewrites_body: bool,
}

impl Decision {
    /// Go on, change nothing, see nothing more of this stream.
    pub fn pass() -> Self {
        Self::default()
    }

    /// A decision with nothing beside its verdict.
    pub fn of(verdict: Verdict) -> Self {
        Self { verdict, ..Self::default() }
    }
}

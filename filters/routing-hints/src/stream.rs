//! What is remembered of one request until its answer. Most requests remember nothing.

use filter_api::{Counter, HeaderValue, ResponseInterest};

/// The state of one stream.
#[derive(Debug, Default)]
pub struct RoutingStream {
    pub(crate) after: Option<Box<After>>,
}

/// What is to be done with the answer.
#[derive(Debug, Default)]
pub(crate) struct After {
    /// `Set-Cookie` values, each with what counts it.
    pub(crate) cookies: Vec<(HeaderValue, Counter)>,
    /// What an authorised caller asked to be told.
    pub(crate) explain: Option<HeaderValue>,
    /// Rules and variants whose answer this is.
    pub(crate) observed: Vec<(usize, usize)>,
}

impl RoutingStream {
    /// Remembers what is to be done, if anything is.
    pub(crate) fn remember(&mut self, after: Option<Box<After>>) -> ResponseInterest {
        self.after = after;
        match self.after {
            Some(_) => ResponseInterest::Headers,
            None => ResponseInterest::None,
        }
    }
}

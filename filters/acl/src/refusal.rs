//! How a request is refused.

use filter_api::{LocalReply, RequestHead};
use replies::ReplyChoice;
use std::rc::Rc;
use std::time::Duration;

/// What a refused request is given, made when the configuration is loaded.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) ending: Ending,
    /// How long it is held before.
    pub(crate) tarpit: Option<Duration>,
}

/// The end of a refused request.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Reply(ReplyChoice),
    Reset,
}

/// The end of one refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sentence {
    Reply(Rc<LocalReply>),
    Reset,
}

impl Refusal {
    /// The end of this request; `text` takes the place of the filter's own where it is known only now.
    pub(crate) fn sentence(&self, request: &RequestHead<'_>, text: Option<&str>) -> Sentence {
        match (&self.ending, text) {
            (Ending::Reset, _) => Sentence::Reset,
            (Ending::Reply(choice), None) => Sentence::Reply(choice.choose(request)),
            (Ending::Reply(choice), Some(text)) => {
                Sentence::Reply(choice.choose_with(request, text))
            }
        }
    }

    /// Whether the end depends on the request's headers.
    pub(crate) fn needs_request_headers(&self) -> bool {
        matches!(&self.ending, Ending::Reply(choice) if choice.needs_request_headers())
    }
}

//! What is remembered of one request.

use crate::correlate::Key;
use filter_api::Permit;

/// The state of one stream: an inbound request under which its context is remembered.
#[derive(Debug, Default)]
pub struct TraceStream {
    pub(crate) open: Option<OpenRequest>,
}

/// What the end of an inbound request closes.
#[derive(Debug)]
pub(crate) struct OpenRequest {
    pub(crate) keys: Vec<Key>,
    pub(crate) permit: Option<Permit>,
}

//! The state of one HTTP stream as the filter manager and the module's context see it.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    header_map::{HeaderMap, MapKind, Pairs},
    host::outcome::LocalReply,
    message::Message,
    process::route::Route,
};

/// Towards the upstream or towards the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The request, on its way upstream.
    Request,
    /// The response, on its way downstream.
    Response,
}

impl Direction {
    pub(crate) fn map_kind(self) -> MapKind {
        match self {
            Self::Request => MapKind::Request,
            Self::Response => MapKind::Response,
        }
    }
}

/// Envoy's iteration state of this filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Iteration {
    #[default]
    Continue,
    /// Stopped, but the module still gets body and trailers.
    StopSingle,
    /// Stopped, body and trailers wait; `true`: above the limit the source is told to wait, else the stream fails.
    StopAll { watermark: bool },
}

/// An event that has arrived and not been processed because of back-pressure.
#[derive(Debug)]
pub(crate) enum Inbound {
    Data(Vec<u8>, bool),
    Trailers(Pairs),
}

/// One direction of a stream.
#[derive(Debug, Default)]
pub(crate) struct Side {
    /// The map once it has arrived, wherever it is now.
    pub(crate) headers: Option<HeaderMap>,
    /// The module may read `headers`.
    pub(crate) headers_visible: bool,
    /// The headers callback runs.
    pub(crate) in_headers_callback: bool,
    pub(crate) trailers: Option<HeaderMap>,
    pub(crate) trailers_visible: bool,
    /// The chunk of the body callback under way.
    pub(crate) chunk: Option<Vec<u8>>,
    /// The module answered StopIterationAndBuffer last: it sees the buffer instead of the chunk.
    pub(crate) buffering: bool,
    /// The filter manager's buffer.
    pub(crate) buffer: Option<Vec<u8>>,
    /// The buffer may apply back-pressure instead of failing.
    pub(crate) streaming: bool,
    pub(crate) iteration: Iteration,
    pub(crate) headers_continued: bool,
    /// The end of the stream has arrived.
    pub(crate) ended: bool,
    /// Trailers have arrived and not passed.
    pub(crate) trailers_pending: bool,
    pub(crate) inbound: VecDeque<Inbound>,
    /// What passed the filter.
    pub(crate) passed: Option<Message>,
}

impl Side {
    pub(crate) fn buffered(&self) -> usize {
        self.buffer.as_ref().map_or(0, Vec::len)
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.iteration != Iteration::Continue
    }
}

/// How the stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Complete,
    Reset,
    Disconnect,
}

/// One stream of a worker.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) root: u32,
    pub(crate) request: Side,
    pub(crate) response: Side,
    pub(crate) opened_at: u64,
    pub(crate) ended_at: Option<u64>,
    pub(crate) end: Option<End>,
    /// `proxy_on_delete` has run: the context id is dead.
    pub(crate) deleted: bool,
    /// Inside `proxy_on_log`: all maps are readable, none writable.
    pub(crate) logging: bool,
    /// Inside `on_log`, `on_done` or `on_delete`.
    pub(crate) ending: bool,
    /// A local reply was sent while the request was being decoded, or while the response was encoded.
    pub(crate) request_aborted: bool,
    pub(crate) response_aborted: bool,
    pub(crate) fail_reply_sent: bool,
    /// The upstream has answered: its address is known.
    pub(crate) upstream_answered: bool,
    pub(crate) local_reply: Option<LocalReply>,
    pub(crate) details: Option<String>,
    pub(crate) response_code: Option<u16>,
    pub(crate) filter_state: BTreeMap<String, Vec<u8>>,
    /// Attributes set by the test, by path joined with dots.
    pub(crate) attributes: BTreeMap<String, Vec<u8>>,
    pub(crate) route: Option<Route>,
    pub(crate) route_cleared: bool,
    pub(crate) route_cache_clears: u64,
    /// How often the request headers were handed to the router.
    pub(crate) upstream_requests: u32,
    /// Terminal actions so far, each with the number of the VM call it happened in.
    pub(crate) closed_in_call: Option<u64>,
    pub(crate) replied_in_call: Option<u64>,
}

impl Stream {
    pub(crate) fn new(root: u32, opened_at: u64) -> Self {
        Self {
            root,
            request: Side::default(),
            response: Side::default(),
            opened_at,
            ended_at: None,
            end: None,
            deleted: false,
            logging: false,
            ending: false,
            request_aborted: false,
            response_aborted: false,
            fail_reply_sent: false,
            upstream_answered: false,
            local_reply: None,
            details: None,
            response_code: None,
            filter_state: BTreeMap::new(),
            attributes: BTreeMap::new(),
            route: None,
            route_cleared: false,
            route_cache_clears: 0,
            upstream_requests: 0,
            closed_in_call: None,
            replied_in_call: None,
        }
    }

    pub(crate) fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        }
    }

    pub(crate) fn side_mut(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }
}

//! What became of a stream.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    death::Death,
    header_map::Pairs,
    message::Message,
    process::route::Route,
    stream::{Direction, End, Stream},
};

/// A local reply as the module (or Envoy itself) asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalReply {
    /// The HTTP status, 16 bits, unchecked as in Envoy.
    pub status: u16,
    /// Headers asked for.
    pub headers: Pairs,
    /// Body asked for.
    pub body: Vec<u8>,
    /// Details as they appear in the access log: white space replaced by `_`.
    pub details: String,
    /// The gRPC status asked for; `None` for -1.
    pub grpc_status: Option<u32>,
}

/// A stream's state, at its end or on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The last local reply.
    pub local_reply: Option<LocalReply>,
    /// What reached the upstream.
    pub upstream_request: Option<Message>,
    /// How often the request was sent upstream. More than once: the module called `proxy_continue_stream(0)` in
    /// `on_request_headers` and returned Continue as well.
    pub upstream_requests: u32,
    /// What reached the client. Envoy's own `date` and `server` headers are not part of it.
    pub downstream_response: Option<Message>,
    /// The stream was reset: the client saw no response, or not all of it.
    pub reset: bool,
    /// The client left.
    pub disconnected: bool,
    /// `response.code_details`.
    pub details: Option<String>,
    /// `response.code`.
    pub response_code: Option<u16>,
    /// The side that is paused, if the stream has not ended.
    pub paused: Option<Direction>,
    /// Virtual time from the request headers to the end, or to now.
    pub elapsed: Duration,
    /// Filter state by key, `wasm.<name>` for properties set by the module.
    pub filter_state: BTreeMap<String, Vec<u8>>,
    /// Where the request was routed, last.
    pub route: Option<Route>,
    /// How often the module called `clear_route_cache`.
    pub route_cache_clears: u64,
    /// Headers of the client's response that split it or break it on the wire (Envoy checks none of them).
    pub invalid_response_headers: Pairs,
    /// The trap that stopped the worker's VM.
    pub trap: Option<String>,
    /// How Envoy would have died.
    pub death: Option<Death>,
}

impl Outcome {
    pub(crate) fn new(
        stream: &Stream,
        now: u64,
        trap: Option<String>,
        death: Option<Death>,
    ) -> Self {
        let paused = [Direction::Response, Direction::Request]
            .into_iter()
            .find(|direction| stream.end.is_none() && stream.side(*direction).is_paused());
        let response = &stream.response.passed;
        Self {
            local_reply: stream.local_reply.clone(),
            upstream_request: stream.request.passed.clone(),
            upstream_requests: stream.upstream_requests,
            downstream_response: response.clone(),
            reset: stream.end == Some(End::Reset),
            disconnected: stream.end == Some(End::Disconnect),
            details: stream.details.clone(),
            response_code: stream.response_code,
            paused,
            elapsed: Duration::from_nanos(
                stream.ended_at.unwrap_or(now).saturating_sub(stream.opened_at),
            ),
            filter_state: stream.filter_state.clone(),
            route: stream.route.clone(),
            route_cache_clears: stream.route_cache_clears,
            invalid_response_headers: response
                .as_ref()
                .map(|message| message.headers.invalid_entries())
                .unwrap_or_default(),
            trap,
            death,
        }
    }

    /// The status the client saw.
    pub fn status(&self) -> Option<u16> {
        self.downstream_response.as_ref().and_then(Message::status)
    }

    /// The body the client saw, empty where there was none.
    pub fn body(&self) -> &[u8] {
        self.downstream_response.as_ref().map(|message| message.body.as_slice()).unwrap_or_default()
    }

    /// The first value of a header the client saw.
    pub fn header(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        self.downstream_response.as_ref().and_then(|message| message.header(name))
    }
}

//! What leaves the filter: towards the upstream, or to the client.

use crate::{
    drive::reply,
    header_map::HeaderMap,
    message::Message,
    process::route::RouteRequest,
    stream::{Direction, End},
    vm::Vm,
};

/// `:status` as a number.
pub(crate) fn status_code(headers: &HeaderMap) -> Option<u16> {
    std::str::from_utf8(headers.get(b":status")?).ok()?.parse().ok()
}

impl Vm {
    /// Chooses the route with the headers and the filter state as they are now.
    pub(crate) fn route(&mut self, id: u32) {
        let router = self.state().process.get().router.clone();
        let Some(stream) = self.live(id) else { return };
        if let Some(headers) = &stream.request.headers {
            stream.route =
                Some(router(&RouteRequest { headers, filter_state: &stream.filter_state }));
        }
        stream.route_cleared = false;
    }

    pub(super) fn pass_headers(&mut self, id: u32, direction: Direction, end: bool) {
        let now = self.now();
        if direction == Direction::Request
            && self.live(id).is_some_and(|stream| stream.route_cleared)
        {
            self.route(id);
        }
        let Some(stream) = self.live(id) else { return };
        let side = stream.side_mut(direction);
        side.headers_continued = true;
        let Some(headers) = side.headers.clone() else { return };
        match direction {
            Direction::Request => {
                if let Some(reply) = reply::refused_by_router(&headers) {
                    self.local_reply(id, reply);
                    return;
                }
                side.passed = Some(Message::new(headers, end, now));
                stream.upstream_requests += 1;
            }
            Direction::Response => {
                let code = status_code(&headers);
                if code.is_none() {
                    self.local_reply(id, reply::no_status());
                    return;
                }
                side.passed = Some(Message::new(headers, end, now));
                stream.response_code = code;
                if end {
                    self.finish(id, End::Complete);
                }
            }
        }
    }

    pub(super) fn pass_data(&mut self, id: u32, direction: Direction, bytes: &[u8], end: bool) {
        let now = self.now();
        let Some(message) =
            self.live(id).and_then(|stream| stream.side_mut(direction).passed.as_mut())
        else {
            return;
        };
        if !bytes.is_empty() {
            message.body.extend_from_slice(bytes);
            message.chunks.push((now, bytes.len()));
        }
        message.complete |= end;
        if end && direction == Direction::Response {
            self.finish(id, End::Complete);
        }
    }

    pub(super) fn pass_trailers(&mut self, id: u32, direction: Direction) {
        let Some(side) = self.live(id).map(|stream| stream.side_mut(direction)) else { return };
        side.trailers_pending = false;
        side.trailers_visible = false;
        let trailers = side.trailers.clone();
        let Some(message) = side.passed.as_mut() else { return };
        message.trailers = trailers;
        message.complete = true;
        if direction == Direction::Response {
            self.finish(id, End::Complete);
        }
    }
}

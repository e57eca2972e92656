//! Local replies, the module's and Envoy's own.

use crate::{
    header_map::{HeaderMap, MapKind, Pairs, splits_message},
    host::outcome::LocalReply,
    message::Message,
    stream::{Direction, End},
    vm::{Vm, state::Reply},
};

fn envoy_reply(status: u32, details: String, body: &str) -> Reply {
    Reply {
        status,
        details,
        body: body.as_bytes().to_vec(),
        headers: Pairs::new(),
        grpc_status: -1,
    }
}

/// What a client gets when the VM has trapped and the policy is FAIL_CLOSED.
pub(super) fn fail_reply() -> Reply {
    Reply { grpc_status: 14, ..envoy_reply(503, "wasm_fail_stream".to_owned(), "") }
}

/// What becomes of a stream whose buffer may not grow.
pub(super) fn too_large(direction: Direction) -> Reply {
    match direction {
        Direction::Request => {
            envoy_reply(413, "request_payload_too_large".to_owned(), "Payload Too Large")
        }
        Direction::Response => {
            envoy_reply(500, "response_payload_too_large".to_owned(), "Internal Server Error")
        }
    }
}

/// Envoy's own answer to request headers that cannot be routed or sent upstream.
pub(super) fn refused_by_router(headers: &HeaderMap) -> Option<Reply> {
    if headers.get(b":path").is_none_or(<[u8]>::is_empty) {
        return Some(envoy_reply(404, "route_not_found".to_owned(), ""));
    }
    let error = if headers.get(b":method").is_none_or(<[u8]>::is_empty) {
        "missing required header: :method".to_owned()
    } else {
        let (name, _) = headers.pairs().iter().find(|(_, value)| splits_message(value))?;
        format!("invalid header value for: {}", String::from_utf8_lossy(name))
    };
    let details = format!("filter_removed_required_request_headers{{{}}}", error.replace(' ', "_"));
    Some(envoy_reply(503, details, &error))
}

/// Envoy's own answer where the module has removed the response's status.
pub(super) fn no_status() -> Reply {
    let error = "missing required header: :status";
    let details =
        format!("filter_removed_required_response_headers{{{}}}", error.replace(' ', "_"));
    envoy_reply(502, details, error)
}

/// gRPC status of an HTTP status, as Envoy maps them.
fn grpc_from_http(status: u16) -> u32 {
    match status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}

/// `grpc-message` escaping: everything but printable ASCII, and `%`, becomes `%XX`.
fn percent_encode(body: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    for byte in body {
        if matches!(byte, 0x20..=0x7e) && *byte != b'%' {
            encoded.push(*byte);
        } else {
            encoded.extend(format!("%{byte:02X}").into_bytes());
        }
    }
    encoded
}

/// The reply's headers and body as Envoy builds them.
fn render(reply: &Reply, request: Option<&HeaderMap>) -> (HeaderMap, Vec<u8>) {
    // Envoy keeps 16 bits of the status and checks none of them.
    let status = reply.status as u16;
    let mut headers = HeaderMap::from_pairs(MapKind::Response, [(":status", status.to_string())]);
    for (name, value) in reply.headers.iter().filter(|(name, _)| name != b":status") {
        headers.add(name, value);
    }
    let content_type = request.and_then(|request| request.get(b"content-type")).unwrap_or_default();
    let is_grpc =
        content_type == b"application/grpc" || content_type.starts_with(b"application/grpc+");
    if is_grpc {
        headers.set(b":status", b"200");
        headers.set(b"content-type", b"application/grpc");
        if headers.get(b"grpc-status").is_none() {
            let code = u32::try_from(reply.grpc_status)
                .ok()
                .filter(|code| *code <= 16)
                .unwrap_or_else(|| grpc_from_http(status));
            headers.set(b"grpc-status", code.to_string().as_bytes());
        }
        if !reply.body.is_empty() && headers.get(b"grpc-message").is_none() {
            headers.set(b"grpc-message", &percent_encode(&reply.body));
        }
        return (headers, Vec::new());
    }
    if reply.body.is_empty() {
        headers.remove(b"content-length");
        headers.remove(b"content-type");
        return (headers, Vec::new());
    }
    headers.set(b"content-length", reply.body.len().to_string().as_bytes());
    if headers.get(b"content-type").is_none() {
        headers.set(b"content-type", b"text/plain");
    }
    let is_head = request.and_then(|request| request.get(b":method")) == Some(b"HEAD");
    (headers, if is_head { Vec::new() } else { reply.body.clone() })
}

impl Vm {
    /// Sends a local reply: through the module's own response callbacks if no response has begun; straight to the client
    /// if one has and its headers wait; after that the stream can only be reset.
    pub(crate) fn local_reply(&mut self, id: u32, reply: Reply) {
        let details = reply.details.split_whitespace().collect::<Vec<_>>().join("_");
        let Some(stream) = self.state_mut().streams.get_mut(&id) else { return };
        // Even a reply that comes too late leaves its details in the access log.
        stream.details = Some(details.clone());
        if stream.end.is_some() {
            return;
        }
        let (headers, body) = render(&reply, stream.request.headers.as_ref());
        stream.request_aborted = true;
        stream.local_reply = Some(LocalReply {
            status: reply.status as u16,
            headers: reply.headers,
            body: reply.body,
            details,
            grpc_status: u32::try_from(reply.grpc_status).ok(),
        });
        if stream.response.passed.is_some() {
            stream.response_aborted = true;
            self.finish(id, End::Reset);
        } else if stream.response.headers.is_some() {
            stream.response_aborted = true;
            self.send_direct(id, headers, body);
        } else {
            self.send_through_filter(id, headers, body);
        }
    }

    fn send_direct(&mut self, id: u32, headers: HeaderMap, body: Vec<u8>) {
        let now = self.now();
        let Some(stream) = self.live(id) else { return };
        stream.response_code = super::pass::status_code(&headers);
        let mut message = Message::new(headers.clone(), true, now);
        stream.response.headers = Some(headers);
        stream.response.headers_visible = false;
        if !body.is_empty() {
            message.chunks.push((now, body.len()));
        }
        message.body = body;
        stream.response.passed = Some(message);
        self.finish(id, End::Complete);
    }

    fn send_through_filter(&mut self, id: u32, headers: HeaderMap, body: Vec<u8>) {
        let Some(stream) = self.live(id) else { return };
        stream.response_code = super::pass::status_code(&headers);
        let headers_only = body.is_empty();
        stream.response.headers = Some(headers);
        stream.response.ended = headers_only;
        self.run_headers(id, Direction::Response, headers_only);
        if !headers_only {
            self.receive_data(id, Direction::Response, body, true);
        }
    }
}

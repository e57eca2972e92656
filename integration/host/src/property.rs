//! Envoy's attributes as `proxy_get_property` serialises them: integers as 8 bytes little-endian, booleans as one byte,
//! maps as header pairs.

use crate::{
    abi::headers, header_map::encode_pairs, status::Status, stream::Stream, vm::state::VmState,
};

/// The value at a path whose parts are separated by NUL.
///
/// A value set by the test (per stream, else for the whole host) comes first.
pub(crate) fn lookup(state: &VmState, path: &[u8]) -> Result<Vec<u8>, Status> {
    if path.is_empty() {
        return Err(Status::SerializationFailure);
    }
    let path = std::str::from_utf8(path).map_err(|_| Status::NotFound)?;
    let parts: Vec<&str> = path.split('\0').collect();
    let dotted = parts.join(".");
    let stream = state.stream();
    let process = state.process.get();
    if let Some(value) = stream.and_then(|stream| stream.attributes.get(&dotted)) {
        return Ok(value.clone());
    }
    if let Some(value) = process.settings.attributes.get(&dotted) {
        return Ok(value.clone());
    }
    drop(process);
    plugin(state, &parts)
        .or_else(|| stream.and_then(|stream| stream_attribute(state, stream, &parts)))
        .unwrap_or(Err(Status::NotFound))
}

type Value = Option<Result<Vec<u8>, Status>>;

fn text(value: &str) -> Value {
    Some(Ok(value.as_bytes().to_vec()))
}

fn number(value: u64) -> Value {
    Some(Ok(value.to_le_bytes().to_vec()))
}

/// Attributes that exist without a stream.
fn plugin(state: &VmState, parts: &[&str]) -> Value {
    let process = state.process.get();
    let settings = &process.settings;
    match parts {
        ["plugin_name"] => text(&settings.plugin_name),
        ["plugin_root_id"] => text(&settings.root_id),
        ["plugin_vm_id"] => text(&settings.vm_id),
        ["xds", "node", "id"] => text(&settings.node_id),
        ["xds", "node", "cluster"] => text(&settings.node_cluster),
        _ => None,
    }
}

fn stream_attribute(state: &VmState, stream: &Stream, parts: &[&str]) -> Value {
    match parts {
        // Maps of attributes exist but cannot be serialised as a whole.
        [
            "request" | "response" | "source" | "destination" | "connection" | "upstream"
            | "filter_state" | "xds",
        ] => Some(Err(Status::SerializationFailure)),
        ["request", rest @ ..] => request(state, stream, rest),
        ["response", rest @ ..] => response(state, stream, rest),
        ["xds", rest @ ..] => xds(stream, rest),
        ["metadata"] => text(""),
        [name] => stream
            .filter_state
            .get(&format!("wasm.{name}"))
            .cloned()
            .map(Ok)
            .or_else(|| connection(state, stream, parts)),
        _ => connection(state, stream, parts),
    }
}

fn request(state: &VmState, stream: &Stream, parts: &[&str]) -> Value {
    let headers = headers::readable(state, 0);
    let header = |name: &str| {
        headers.and_then(|headers| headers.get(name.as_bytes())).map(|value| Ok(value.to_vec()))
    };
    let path = || headers.and_then(|headers| headers.get(b":path"));
    match parts {
        ["path"] => header(":path"),
        ["url_path"] => path()
            .and_then(|path| path.split(|byte| *byte == b'?').next())
            .map(|path| Ok(path.to_vec())),
        ["query"] => path().map(|path| {
            let query = path.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
            Ok(query.split(|byte| *byte == b'#').next().unwrap_or_default().to_vec())
        }),
        ["host"] => header(":authority"),
        ["scheme"] => header(":scheme"),
        ["method"] => header(":method"),
        ["referer"] => header("referer"),
        ["useragent"] => header("user-agent"),
        ["id"] => header("x-request-id"),
        ["headers"] => Some(Ok(headers.map(joined_pairs).unwrap_or_default())),
        ["headers", name] => headers.and_then(|headers| headers.joined(name.as_bytes())).map(Ok),
        ["protocol"] => text("HTTP/1.1"),
        ["time"] => number(stream.opened_at),
        ["duration"] => {
            stream.ended_at.and_then(|end| number(end.saturating_sub(stream.opened_at)))
        }
        ["size"] => number(
            content_length(stream.request.headers.as_ref())
                .unwrap_or_else(|| passed_bytes(&stream.request)),
        ),
        ["total_size"] => number(total_size(&stream.request)),
        _ => None,
    }
}

fn response(state: &VmState, stream: &Stream, parts: &[&str]) -> Value {
    let headers = headers::readable(state, 2);
    match parts {
        ["code"] => stream.response_code.and_then(|code| number(code.into())),
        ["code_details"] => stream.details.as_deref().and_then(text),
        ["flags"] => number(0),
        ["size"] => number(passed_bytes(&stream.response)),
        ["total_size"] => number(total_size(&stream.response)),
        ["headers"] => Some(Ok(headers.map(joined_pairs).unwrap_or_default())),
        ["headers", name] => headers.and_then(|headers| headers.joined(name.as_bytes())).map(Ok),
        _ => None,
    }
}

fn xds(stream: &Stream, parts: &[&str]) -> Value {
    let route = stream.route.as_ref();
    match parts {
        ["cluster_name"] => route.and_then(|route| text(&route.cluster)),
        ["route_name"] => route.and_then(|route| text(&route.name)),
        ["virtual_host_name"] => text("v"),
        ["listener_direction"] => number(0),
        ["listener_metadata"] => text(""),
        [
            "route_metadata" | "cluster_metadata" | "upstream_host_metadata" | "filter_chain_name",
        ] => text(""),
        _ => None,
    }
}

fn connection(state: &VmState, stream: &Stream, parts: &[&str]) -> Value {
    let process = state.process.get();
    let settings = &process.settings;
    match parts {
        ["source", "address"] => text(&settings.downstream_remote_address),
        ["source", "port"] => number(port(&settings.downstream_remote_address)?),
        ["destination", "address"] => text(&settings.downstream_local_address),
        ["destination", "port"] => number(port(&settings.downstream_local_address)?),
        ["connection", "id"] | ["connection_id"] => number(1),
        ["connection", "mtls"] => Some(Ok(vec![0])),
        ["connection", "requested_server_name"] => text(""),
        ["upstream", "address"] if stream.upstream_answered => text(&settings.upstream_address),
        ["upstream", "request_attempt_count"] if stream.upstream_answered => number(1),
        ["upstream", "port"] if stream.upstream_answered => {
            number(port(&settings.upstream_address)?)
        }
        _ => None,
    }
}

fn port(address: &str) -> Option<u64> {
    address.rsplit_once(':')?.1.parse().ok()
}

fn joined_pairs(headers: &crate::HeaderMap) -> Vec<u8> {
    let mut pairs: Vec<(&[u8], Vec<u8>)> = Vec::new();
    for (name, _) in headers.pairs() {
        if !pairs.iter().any(|(seen, _)| seen == name) {
            pairs.push((name, headers.joined(name).unwrap_or_default()));
        }
    }
    encode_pairs(&pairs)
}

fn content_length(headers: Option<&crate::HeaderMap>) -> Option<u64> {
    std::str::from_utf8(headers?.get(b"content-length")?).ok()?.parse().ok()
}

fn passed_bytes(side: &crate::stream::Side) -> u64 {
    side.passed.as_ref().map_or(0, |message| message.body.len() as u64)
}

fn total_size(side: &crate::stream::Side) -> u64 {
    let headers = side.headers.as_ref().map_or(0, |headers| headers.byte_size() as u64);
    headers
        + passed_bytes(side)
        + side.trailers.as_ref().map_or(0, |trailers| trailers.byte_size() as u64)
}

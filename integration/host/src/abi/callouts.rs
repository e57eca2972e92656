//! HTTP and gRPC calls. They belong to the root context and wait for the test's answer.

use wasmtime::Linker;

use super::{Answer, Guest, define};
use crate::{
    callout::{GrpcCall, GrpcKind, GrpcTarget, HttpCall},
    death::KillPattern,
    header_map::{HeaderMap, MapKind, decode_pairs},
    status::Status,
    vm::state::VmState,
};

/// Nanoseconds in a millisecond.
const MILLISECOND: u64 = 1_000_000;

/// Tokens of one kind are this far apart.
const TOKEN_STEP: u32 = 4;

/// A pointer and a length, as the ABI passes bytes.
type Slice = (u32, u32);

pub(super) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    define! { linker;
        "proxy_http_call" => |guest: &mut Guest<'_>, c, cl, h, hl, b, bl, t, tl, timeout, token| {
            http_call(guest, [(c, cl), (h, hl), (b, bl), (t, tl)], timeout, token)
        }, (cluster: u32, cluster_len: u32, headers: u32, headers_len: u32, body: u32, body_len: u32,
            trailers: u32, trailers_len: u32, timeout: i32, token_out: u32);
        "proxy_grpc_call" => |guest: &mut Guest<'_>, s, sl, n, nl, m, ml, i, il, r, rl, timeout, token| {
            let parts = [(s, sl), (n, nl), (m, ml), (i, il), (r, rl)];
            grpc_start(guest, GrpcKind::Call, parts, Some(timeout), token)
        }, (service: u32, service_len: u32, name: u32, name_len: u32, method: u32, method_len: u32,
            metadata: u32, metadata_len: u32, message: u32, message_len: u32, timeout: u32, token_out: u32);
        "proxy_grpc_stream" => |guest: &mut Guest<'_>, s, sl, n, nl, m, ml, i, il, token| {
            grpc_start(guest, GrpcKind::Stream, [(s, sl), (n, nl), (m, ml), (i, il), (0, 0)], None, token)
        }, (service: u32, service_len: u32, name: u32, name_len: u32, method: u32, method_len: u32,
            metadata: u32, metadata_len: u32, token_out: u32);
        "proxy_grpc_send" => grpc_send, (token: u32, message: u32, message_len: u32, end_stream: u32);
        "proxy_grpc_cancel" => grpc_cancel, (token: u32);
        "proxy_grpc_close" => grpc_close, (token: u32);
    }
    Ok(())
}

fn read_all<const N: usize>(
    guest: &mut Guest<'_>,
    slices: [Slice; N],
) -> Result<[Vec<u8>; N], super::Fault> {
    let mut parts = [const { Vec::new() }; N];
    for (part, (pointer, len)) in parts.iter_mut().zip(slices) {
        *part = guest.read(pointer, len)?;
    }
    Ok(parts)
}

fn http_call(guest: &mut Guest<'_>, slices: [Slice; 4], timeout: i32, token_out: u32) -> Answer {
    let [cluster, headers, body, trailers] = read_all(guest, slices)?;
    // Envoy proves the out-parameter writable before it starts anything.
    guest.write_u32(token_out, 0)?;
    let timeout = u64::try_from(timeout).map_err(|_| Status::BadArgument)?;
    let cluster = String::from_utf8(cluster).map_err(|_| Status::BadArgument)?;
    let process = guest.process();
    if !process.get().settings.clusters.contains(&cluster) {
        return Err(Status::BadArgument.into());
    }
    let headers = HeaderMap::from_pairs(MapKind::Request, decode_pairs(&headers));
    if [":path", ":method", ":authority"].iter().any(|name| headers.get(name.as_bytes()).is_none())
    {
        return Err(Status::BadArgument.into());
    }
    let now = process.get().now;
    let state = guest.state_mut();
    let token = state.next_http_token;
    state.next_http_token += TOKEN_STEP;
    let call = HttpCall {
        token,
        root: state.root_id(),
        cluster,
        headers: headers.pairs().clone(),
        body,
        trailers: decode_pairs(&trailers),
        deadline: (timeout > 0).then(|| now + timeout * MILLISECOND),
    };
    state.http_calls.insert(token, call);
    guest.write_u32(token_out, token)
}

fn grpc_start(
    guest: &mut Guest<'_>,
    kind: GrpcKind,
    slices: [Slice; 5],
    timeout: Option<u32>,
    token_out: u32,
) -> Answer {
    let [target, service, method, metadata, message] = read_all(guest, slices)?;
    let process = guest.process();
    let is_cluster =
        |name: &str| process.get().settings.clusters.iter().any(|cluster| cluster == name);
    let cluster = match GrpcTarget::parse(&target, is_cluster) {
        GrpcTarget::Cluster(name) if is_cluster(&name) => name,
        GrpcTarget::Cluster(_) => return Err(Status::InternalFailure.into()),
        GrpcTarget::Garbage => return Err(Status::ParseFailure.into()),
        GrpcTarget::Missing => {
            process.die(
                KillPattern::GrpcWithoutTarget,
                guest.state().callback,
                guest.state().context(),
            );
            return Err(Status::InternalFailure.into());
        }
    };
    let now = process.get().now;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let state = guest.state_mut();
    let next = match kind {
        GrpcKind::Call => &mut state.next_grpc_call,
        GrpcKind::Stream => &mut state.next_grpc_stream,
    };
    let token = *next;
    *next += TOKEN_STEP;
    let call = GrpcCall {
        token,
        kind,
        root: state.root_id(),
        cluster,
        service: text(service),
        method: text(method),
        metadata: decode_pairs(&metadata),
        messages: if kind == GrpcKind::Call { vec![message] } else { Vec::new() },
        local_closed: kind == GrpcKind::Call,
        deadline: timeout
            .filter(|timeout| *timeout > 0)
            .map(|timeout| now + u64::from(timeout) * MILLISECOND),
    };
    state.grpc_calls.insert(token, call);
    guest.write_u32(token_out, token)
}

fn grpc_send(
    guest: &mut Guest<'_>,
    token: u32,
    message: u32,
    message_len: u32,
    end_stream: u32,
) -> Answer {
    let message = guest.read(message, message_len)?;
    let call = guest.state_mut().grpc_calls.get_mut(&token).ok_or(Status::NotFound)?;
    if call.kind == GrpcKind::Call {
        return Err(Status::BadArgument.into());
    }
    call.messages.push(message);
    call.local_closed |= end_stream != 0;
    Ok(())
}

fn grpc_cancel(guest: &mut Guest<'_>, token: u32) -> Answer {
    guest.state_mut().grpc_calls.remove(&token).map(|_| ()).ok_or_else(|| Status::NotFound.into())
}

fn grpc_close(guest: &mut Guest<'_>, token: u32) -> Answer {
    let calls = &mut guest.state_mut().grpc_calls;
    let call = calls.get_mut(&token).ok_or(Status::NotFound)?;
    call.local_closed = true;
    if call.kind == GrpcKind::Call {
        calls.remove(&token);
    }
    Ok(())
}

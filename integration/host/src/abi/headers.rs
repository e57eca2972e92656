//! Header maps: requests, responses, trailers, gRPC metadata and answers of HTTP calls.

use wasmtime::Linker;

use super::{Answer, Fault, Guest, define};
use crate::{
    header_map::{HeaderMap, decode_pairs, encode_pairs},
    status::Status,
    vm::{size, state::VmState},
};

/// The highest map number of the ABI.
const LAST_MAP: u32 = 7;

pub(super) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    define! { linker;
        "proxy_get_header_map_value" => get, (map: u32, key: u32, key_len: u32, value_out: u32, size_out: u32);
        "proxy_get_header_map_pairs" => get_pairs, (map: u32, pairs_out: u32, size_out: u32);
        "proxy_get_header_map_size" => get_size, (map: u32, size_out: u32);
        "proxy_add_header_map_value" => add, (map: u32, key: u32, key_len: u32, value: u32, value_len: u32);
        "proxy_replace_header_map_value" => replace, (map: u32, key: u32, key_len: u32, value: u32, value_len: u32);
        "proxy_remove_header_map_value" => remove, (map: u32, key: u32, key_len: u32);
        "proxy_set_header_map_pairs" => set_pairs, (map: u32, pairs: u32, pairs_len: u32);
    }
    Ok(())
}

fn check(map: u32) -> Answer {
    if map > LAST_MAP { Err(Status::BadArgument.into()) } else { Ok(()) }
}

/// The map as the module may read it now. In the log phase all maps of the stream are readable.
pub(crate) fn readable(state: &VmState, map: u32) -> Option<&HeaderMap> {
    let stream = state.stream();
    match map {
        0..=3 => {
            let stream = stream?;
            let side = if map < 2 { &stream.request } else { &stream.response };
            let (headers, visible) = if map.is_multiple_of(2) {
                (&side.headers, side.headers_visible)
            } else {
                (&side.trailers, side.trailers_visible)
            };
            // Envoy's log call gets no request trailers.
            headers.as_ref().filter(|_| visible || (stream.logging && map != 1))
        }
        4 => state.grpc_initial.as_ref(),
        5 => state.grpc_trailing.as_ref(),
        6 => state.call_response.as_ref().map(|response| &response.headers),
        7 => state.call_response.as_ref().map(|response| &response.trailers),
        _ => None,
    }
}

fn writable(state: &mut VmState, map: u32) -> Option<&mut HeaderMap> {
    match map {
        0..=3 => {
            let stream = state.stream_mut()?;
            let side = if map < 2 { &mut stream.request } else { &mut stream.response };
            let (headers, visible) = if map.is_multiple_of(2) {
                (&mut side.headers, side.headers_visible)
            } else {
                (&mut side.trailers, side.trailers_visible)
            };
            headers.as_mut().filter(|_| visible)
        }
        4 => state.grpc_initial.as_mut(),
        5 => state.grpc_trailing.as_mut(),
        // Envoy hands out the answers of HTTP calls for writing too.
        6 => state.call_response.as_mut().map(|response| &mut response.headers),
        7 => state.call_response.as_mut().map(|response| &mut response.trailers),
        _ => None,
    }
}

/// Changes a map; a change of request headers clears the route cache up to ABI 0.2.1.
fn change(guest: &mut Guest<'_>, map: u32, edit: impl FnOnce(&mut HeaderMap)) -> Answer {
    edit(writable(guest.state_mut(), map).ok_or(Status::BadArgument)?);
    if map == 0
        && let Some(stream) = guest.state_mut().stream_mut()
    {
        stream.route_cleared = true;
    }
    Ok(())
}

fn get(
    guest: &mut Guest<'_>,
    map: u32,
    key: u32,
    key_len: u32,
    value_out: u32,
    size_out: u32,
) -> Answer {
    check(map)?;
    let key = guest.read(key, key_len)?;
    let value = readable(guest.state(), map)
        .ok_or(Status::BadArgument)
        .and_then(|headers| headers.get(&key).map(<[u8]>::to_vec).ok_or(Status::NotFound));
    guest.answer_bytes(value.map_err(Fault::Status), value_out, size_out)
}

fn get_pairs(guest: &mut Guest<'_>, map: u32, pairs_out: u32, size_out: u32) -> Answer {
    check(map)?;
    let bytes = readable(guest.state(), map)
        .map(|headers| encode_pairs(headers.pairs()))
        .unwrap_or_default();
    guest.answer_bytes(Ok(bytes), pairs_out, size_out)
}

fn get_size(guest: &mut Guest<'_>, map: u32, size_out: u32) -> Answer {
    check(map)?;
    // Envoy asks for the map it would let the module write: in the log phase there is none.
    let bytes = writable(guest.state_mut(), map).ok_or(Status::BadArgument)?.byte_size();
    guest.write_u32(size_out, size(bytes))
}

fn add(
    guest: &mut Guest<'_>,
    map: u32,
    key: u32,
    key_len: u32,
    value: u32,
    value_len: u32,
) -> Answer {
    check(map)?;
    let (key, value) = (guest.read(key, key_len)?, guest.read(value, value_len)?);
    change(guest, map, |headers| headers.add(&key, &value))
}

fn replace(
    guest: &mut Guest<'_>,
    map: u32,
    key: u32,
    key_len: u32,
    value: u32,
    value_len: u32,
) -> Answer {
    check(map)?;
    let (key, value) = (guest.read(key, key_len)?, guest.read(value, value_len)?);
    change(guest, map, |headers| headers.set(&key, &value))
}

fn remove(guest: &mut Guest<'_>, map: u32, key: u32, key_len: u32) -> Answer {
    check(map)?;
    let key = guest.read(key, key_len)?;
    change(guest, map, |headers| headers.remove(&key))
}

fn set_pairs(guest: &mut Guest<'_>, map: u32, pairs: u32, pairs_len: u32) -> Answer {
    check(map)?;
    let pairs = decode_pairs(&guest.read(pairs, pairs_len)?);
    change(guest, map, |headers| headers.replace_all(pairs))
}

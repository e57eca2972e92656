//! Buffers: bodies, configurations, answers of calls.

use wasmtime::Linker;

use super::{Answer, Fault, Guest, define};
use crate::{
    status::Status,
    stream::{Direction, Side},
    vm::{size, state::VmState},
};

/// The number of the buffer that aliases the one asked for last.
const CALL_DATA: u32 = 8;

pub(super) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    define! { linker;
        "proxy_get_buffer_bytes" => get, (buffer: u32, start: u32, len: u32, bytes_out: u32, size_out: u32);
        "proxy_get_buffer_status" => status, (buffer: u32, size_out: u32, flags_out: u32);
        "proxy_set_buffer_bytes" => set, (buffer: u32, start: u32, len: u32, bytes: u32, bytes_len: u32);
    }
    Ok(())
}

fn body(side: &Side) -> Vec<u8> {
    let bytes = if side.buffering { &side.buffer } else { &side.chunk };
    bytes.clone().unwrap_or_default()
}

/// A buffer's contents; `NotFound` where Envoy has none. A body outside its callback is empty, not absent.
fn contents(state: &mut VmState, buffer: u32) -> Result<Vec<u8>, Status> {
    let buffer = if buffer == CALL_DATA { state.last_buffer } else { buffer };
    let bytes = match buffer {
        0 => state.stream().map(|stream| body(&stream.request)).unwrap_or_default(),
        1 => state.stream().map(|stream| body(&stream.response)).unwrap_or_default(),
        // Network buffers: this host runs HTTP filters only.
        2 | 3 | CALL_DATA => Vec::new(),
        4 => state
            .call_response
            .as_ref()
            .map(|response| response.body.clone())
            .ok_or(Status::NotFound)?,
        5 => state.grpc_message.clone().unwrap_or_default(),
        6 => state.process.get().settings.vm_configuration.clone(),
        7 if state.configuring => state
            .roots
            .get(&state.root_id())
            .map(|root| root.configuration.clone())
            .ok_or(Status::NotFound)?,
        7 => return Err(Status::NotFound),
        _ => return Err(Status::BadArgument),
    };
    state.last_buffer = buffer;
    Ok(bytes)
}

fn get(
    guest: &mut Guest<'_>,
    buffer: u32,
    start: u32,
    len: u32,
    bytes_out: u32,
    size_out: u32,
) -> Answer {
    let injected = guest.state().injected_bytes.is_some();
    let bytes = contents(guest.state_mut(), buffer).map_err(Fault::Status).and_then(|bytes| {
        let end = start.checked_add(len).ok_or(Status::BadArgument)?.min(size(bytes.len()));
        Ok(bytes.get(start as usize..end as usize).unwrap_or_default().to_vec())
    });
    match bytes {
        // Nothing to copy: Envoy does not touch the out-parameters.
        Ok(bytes) if bytes.is_empty() && !injected => Ok(()),
        bytes => guest.answer_bytes(bytes, bytes_out, size_out),
    }
}

fn status(guest: &mut Guest<'_>, buffer: u32, size_out: u32, flags_out: u32) -> Answer {
    let len = contents(guest.state_mut(), buffer)?.len();
    guest.write_u32(size_out, size(len))?;
    guest.write_u32(flags_out, 0)
}

/// Envoy edits a body at its two ends only: from 0 it replaces `len` bytes (0: prepends), from the end on it appends.
fn set(
    guest: &mut Guest<'_>,
    buffer: u32,
    start: u32,
    len: u32,
    bytes: u32,
    bytes_len: u32,
) -> Answer {
    contents(guest.state_mut(), buffer)?;
    let bytes = guest.read(bytes, bytes_len)?;
    let direction = match guest.state().last_buffer {
        0 => Direction::Request,
        1 => Direction::Response,
        _ => return Err(Status::BadArgument.into()),
    };
    let side = guest.state_mut().stream_mut().ok_or(Status::BadArgument)?.side_mut(direction);
    let target = if side.buffering { &mut side.buffer } else { &mut side.chunk };
    let target = target.as_mut().ok_or(Status::BadArgument)?;
    if start == 0 {
        let replaced = target.len().min(len as usize);
        target.splice(..replaced, bytes);
    } else if start as usize >= target.len() {
        target.extend(bytes);
    } else {
        return Err(Status::BadArgument.into());
    }
    Ok(())
}

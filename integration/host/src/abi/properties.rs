//! Properties (attributes) and the filter state that `proxy_set_property` writes.

use wasmtime::Linker;

use super::{Answer, Fault, Guest, define};
use crate::{property, status::Status, vm::state::VmState};

pub(super) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    define! { linker;
        "proxy_get_property" => get, (path: u32, path_len: u32, value_out: u32, size_out: u32);
        "proxy_set_property" => set, (path: u32, path_len: u32, value: u32, value_len: u32);
    }
    Ok(())
}

fn get(guest: &mut Guest<'_>, path: u32, path_len: u32, value_out: u32, size_out: u32) -> Answer {
    let path = guest.read(path, path_len)?;
    let value = property::lookup(guest.state(), &path).map_err(Fault::Status);
    guest.answer_bytes(value, value_out, size_out)
}

fn set(guest: &mut Guest<'_>, path: u32, path_len: u32, value: u32, value_len: u32) -> Answer {
    let (path, value) = (guest.read(path, path_len)?, guest.read(value, value_len)?);
    let name = String::from_utf8_lossy(&path).into_owned();
    let read_only = guest.state().read_only.contains(&name);
    let stream = guest.state_mut().stream_mut().ok_or(Status::NotFound)?;
    let key = format!("wasm.{name}");
    if read_only && stream.filter_state.contains_key(&key) {
        return Err(Status::BadArgument.into());
    }
    stream.filter_state.insert(key, value);
    Ok(())
}

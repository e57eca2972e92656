//! Shared data and shared queues.

use wasmtime::Linker;

use super::{Answer, Fault, Guest, define};
use crate::{status::Status, vm::state::VmState};

pub(super) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    define! { linker;
        "proxy_get_shared_data" => get, (key: u32, key_len: u32, value_out: u32, size_out: u32, cas_out: u32);
        "proxy_set_shared_data" => set, (key: u32, key_len: u32, value: u32, value_len: u32, cas: u32);
        "proxy_register_shared_queue" => register, (name: u32, name_len: u32, token_out: u32);
        "proxy_resolve_shared_queue" => resolve,
            (vm_id: u32, vm_id_len: u32, name: u32, name_len: u32, token_out: u32);
        "proxy_enqueue_shared_queue" => enqueue, (token: u32, item: u32, item_len: u32);
        "proxy_dequeue_shared_queue" => dequeue, (token: u32, item_out: u32, size_out: u32);
    }
    Ok(())
}

fn vm_id(guest: &Guest<'_>) -> Vec<u8> {
    guest.process().get().settings.vm_id.clone().into_bytes()
}

fn get(
    guest: &mut Guest<'_>,
    key: u32,
    key_len: u32,
    value_out: u32,
    size_out: u32,
    cas_out: u32,
) -> Answer {
    let key = guest.read(key, key_len)?;
    let vm_id = vm_id(guest);
    let found = guest.process().get().shared_data.get(&vm_id, &key).cloned();
    let cas = found.as_ref().map_or(0, |(_, cas)| *cas);
    let value = found.map(|(value, _)| value).ok_or(Fault::Status(Status::NotFound));
    guest.answer_bytes(value, value_out, size_out)?;
    guest.write_u32(cas_out, cas)
}

fn set(
    guest: &mut Guest<'_>,
    key: u32,
    key_len: u32,
    value: u32,
    value_len: u32,
    cas: u32,
) -> Answer {
    let (key, value) = (guest.read(key, key_len)?, guest.read(value, value_len)?);
    let vm_id = vm_id(guest);
    guest.process().get_mut().shared_data.set(&vm_id, &key, value, cas)?;
    Ok(())
}

fn register(guest: &mut Guest<'_>, name: u32, name_len: u32, token_out: u32) -> Answer {
    let name = guest.read(name, name_len)?;
    let (vm, root) = (guest.state().index, guest.state().root_id());
    let vm_id = vm_id(guest);
    let token = guest.process().get_mut().queues.register(&vm_id, &name, vm, root);
    guest.write_u32(token_out, token)
}

fn resolve(
    guest: &mut Guest<'_>,
    vm_id_at: u32,
    vm_id_len: u32,
    name: u32,
    name_len: u32,
    token_out: u32,
) -> Answer {
    let (mut owner, name) = (guest.read(vm_id_at, vm_id_len)?, guest.read(name, name_len)?);
    if owner.is_empty() {
        owner = vm_id(guest);
    }
    let token = guest.process().get().queues.resolve(&owner, &name)?;
    guest.write_u32(token_out, token)
}

fn enqueue(guest: &mut Guest<'_>, token: u32, item: u32, item_len: u32) -> Answer {
    let item = guest.read(item, item_len)?;
    let process = guest.process();
    let mut process = process.get_mut();
    let notification = process.queues.enqueue(token, item)?;
    process.queue_ready.push_back(notification);
    Ok(())
}

fn dequeue(guest: &mut Guest<'_>, token: u32, item_out: u32, size_out: u32) -> Answer {
    let item = guest.process().get_mut().queues.dequeue(token).map_err(Fault::Status);
    guest.answer_bytes(item, item_out, size_out)
}

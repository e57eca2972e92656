//! Log, clock, timers, status and foreign functions.

use wasmtime::Linker;

use super::{Answer, Fault, Guest, define};
use crate::{
    foreign::{self, ForeignResult},
    status::Status,
    vm::{log::LogLevel, state::VmState},
};

/// Nanoseconds in a millisecond.
const MILLISECOND: u64 = 1_000_000;

pub(super) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    define! { linker;
        "proxy_log" => log, (level: u32, message: u32, message_len: u32);
        "proxy_get_log_level" => get_log_level, (level_out: u32);
        "proxy_get_current_time_nanoseconds" => get_time, (time_out: u32);
        "proxy_set_tick_period_milliseconds" => set_tick_period, (milliseconds: u32);
        "proxy_get_status" => get_status, (code_out: u32, message_out: u32, size_out: u32);
        "proxy_call_foreign_function" => call_foreign,
            (name: u32, name_len: u32, argument: u32, argument_len: u32, result_out: u32, size_out: u32);
    }
    Ok(())
}

fn log(guest: &mut Guest<'_>, level: u32, message: u32, message_len: u32) -> Answer {
    let level = LogLevel::from_abi(level).ok_or(Status::BadArgument)?;
    let message = guest.read(message, message_len)?;
    guest.state().log(level, &message);
    Ok(())
}

fn get_log_level(guest: &mut Guest<'_>, level_out: u32) -> Answer {
    let level = guest.process().get().settings.log_level;
    guest.write_u32(level_out, level as u32)
}

fn get_time(guest: &mut Guest<'_>, time_out: u32) -> Answer {
    let now = guest.process().get().now;
    guest.write_u64(time_out, now)
}

/// Sets the tick of the context's own root. 0 stops it.
fn set_tick_period(guest: &mut Guest<'_>, milliseconds: u32) -> Answer {
    let now = guest.process().get().now;
    let state = guest.state_mut();
    let id = state.root_id();
    let ticking = state.ticking;
    let Some(root) = state.roots.get_mut(&id) else { return Ok(()) };
    let first_time = !std::mem::replace(&mut root.timer_known, true);
    root.period = milliseconds.into();
    root.next_tick = (root.period > 0).then(|| now + root.period * MILLISECOND);
    if first_time && ticking.is_some_and(|ticking| ticking != id) {
        state.armed_in_tick = true;
    }
    Ok(())
}

fn get_status(guest: &mut Guest<'_>, code_out: u32, message_out: u32, size_out: u32) -> Answer {
    let (code, message) = guest.state().status.clone();
    guest.write_u32(code_out, code)?;
    guest.answer_bytes(Ok(message), message_out, size_out)
}

fn call_foreign(
    guest: &mut Guest<'_>,
    name: u32,
    name_len: u32,
    argument: u32,
    argument_len: u32,
    result_out: u32,
    size_out: u32,
) -> Answer {
    let name = guest.read(name, name_len)?;
    let argument = guest.read(argument, argument_len)?;
    let name = String::from_utf8(name).map_err(|_| Status::NotFound)?;
    let registered = guest.process().get().foreign.get(&name).cloned();
    let result = match registered {
        Some(function) => function(&argument),
        None => built_in(guest, &name, &argument),
    };
    match result {
        Ok(bytes) if result_out == 0 => {
            if size_out == 0 {
                Ok(())
            } else {
                guest.write_u32(size_out, crate::vm::size(bytes.len()))
            }
        }
        result => guest.answer_bytes(result.map_err(Fault::Status), result_out, size_out),
    }
}

fn built_in(guest: &mut Guest<'_>, name: &str, argument: &[u8]) -> ForeignResult {
    let state = guest.state_mut();
    match name {
        "clear_route_cache" => {
            if let Some(stream) = state.stream_mut() {
                stream.route_cleared = true;
                stream.route_cache_clears += 1;
            }
        }
        "set_envoy_filter_state" => {
            let (key, value) = foreign::parse_filter_state(argument)?;
            state.stream_mut().ok_or(Status::NotFound)?.filter_state.insert(key, value);
        }
        "declare_property" => {
            let declared = foreign::parse_declared(argument)?;
            if declared.name.is_empty() || !state.declared.insert(declared.name.clone()) {
                return Err(Status::BadArgument);
            }
            if declared.read_only {
                state.read_only.insert(declared.name);
            }
        }
        _ => return Err(Status::NotFound),
    }
    Ok(Vec::new())
}

//! The part of WASI preview 1 that Envoy offers: clock, randomness, environment, stdout and stderr as log.

use wasmtime::{Caller, Linker};

use super::{Fault, Guest};
use crate::{
    bytes::u32_at,
    vm::{log::LogLevel, size, state::VmState},
};

/// `errno` values.
const SUCCESS: u32 = 0;
const BADF: u32 = 8;
const FAULT: u32 = 21;
const NOSYS: u32 = 52;
const NOTSUP: u32 = 58;

const MODULE: &str = "wasi_snapshot_preview1";

/// Defines WASI functions: name, implementation, parameters. Injected statuses are `errno` values.
macro_rules! wasi {
    ($linker:ident; $($name:literal => $call:expr, ($($arg:ident: $ty:ty),*);)+) => {$(
        $linker.func_wrap(MODULE, $name, |caller: Caller<'_, VmState>, $($arg: $ty),*| -> wasmtime::Result<u32> {
            run($name, caller, |guest| ($call)(guest, $($arg),*))
        })?;
    )+};
}

pub(super) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    wasi! { linker;
        "clock_time_get" => clock_time_get, (clock: u32, _precision: u64, time_out: u32);
        "random_get" => random_get, (buffer: u32, len: u32);
        "fd_write" => fd_write, (fd: u32, vectors: u32, count: u32, written_out: u32);
        "environ_sizes_get" => environ_sizes_get, (count_out: u32, size_out: u32);
        "environ_get" => environ_get, (pointers: u32, buffer: u32);
        "args_sizes_get" => |guest: &mut Guest<'_>, count, size| write_sizes(guest, count, 0, size, 0), (count_out: u32, size_out: u32);
        "args_get" => |_: &mut Guest<'_>, _, _| Ok(SUCCESS), (pointers: u32, buffer: u32);
        "fd_read" => |_: &mut Guest<'_>, _, _, _, _| Ok(BADF), (fd: u32, vectors: u32, count: u32, read_out: u32);
        "fd_seek" => |_: &mut Guest<'_>, _, _, _, _| Ok(BADF), (fd: u32, offset: i64, whence: u32, position_out: u32);
        "fd_close" => |_: &mut Guest<'_>, _| Ok(BADF), (fd: u32);
        "fd_fdstat_get" => fd_fdstat_get, (fd: u32, stat_out: u32);
        "fd_fdstat_set_flags" => |_: &mut Guest<'_>, _, _| Ok(BADF), (fd: u32, flags: u32);
        "fd_prestat_get" => |_: &mut Guest<'_>, _, _| Ok(BADF), (fd: u32, stat_out: u32);
        "fd_prestat_dir_name" => |_: &mut Guest<'_>, _, _, _| Ok(BADF), (fd: u32, path: u32, len: u32);
        "sched_yield" => |_: &mut Guest<'_>| Ok(SUCCESS), ();
        "poll_oneoff" => |_: &mut Guest<'_>, _, _, _, _| Ok(NOSYS), (input: u32, output: u32, count: u32, events_out: u32);
    }
    linker.func_wrap(MODULE, "proc_exit", |code: u32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::msg(format!("proc_exit({code})")))
    })?;
    Ok(())
}

fn run(
    name: &'static str,
    caller: Caller<'_, VmState>,
    call: impl FnOnce(&mut Guest<'_>) -> Result<u32, Fault>,
) -> wasmtime::Result<u32> {
    let mut guest = Guest(caller);
    super::check_allowed(&guest, name)?;
    guest.state_mut().counts.count_host(name);
    let injected = guest.process().get_mut().injections.call(name);
    if let Some(errno) = injected.status {
        return Ok(errno);
    }
    guest.state_mut().injected_bytes = injected.bytes;
    let answer = call(&mut guest);
    guest.state_mut().injected_bytes = None;
    match answer {
        Ok(errno) => Ok(errno),
        Err(Fault::Status(_)) => Ok(FAULT),
        Err(Fault::Trap(error)) => Err(error),
    }
}

fn clock_time_get(
    guest: &mut Guest<'_>,
    clock: u32,
    _precision: u64,
    time_out: u32,
) -> Result<u32, Fault> {
    let process = guest.process();
    let (now, start) = (process.get().now, process.get().settings.start_time);
    let time = match clock {
        0 => now,
        // The monotonic clock starts at one second, so that nothing takes it for unset.
        1 => now - start + 1_000_000_000,
        _ => return Ok(NOTSUP),
    };
    guest.write_u64(time_out, time)?;
    Ok(SUCCESS)
}

fn random_get(guest: &mut Guest<'_>, buffer: u32, len: u32) -> Result<u32, Fault> {
    // Checked before anything of that size is made.
    guest.read(buffer, len)?;
    let injected = guest.state_mut().injected_bytes.take();
    let mut bytes = Vec::with_capacity(len as usize + 8);
    match injected.filter(|pattern| !pattern.is_empty()) {
        Some(pattern) => bytes.extend(pattern.iter().cycle().take(len as usize)),
        None => {
            while bytes.len() < len as usize {
                bytes.extend(guest.state_mut().next_random().to_le_bytes());
            }
        }
    }
    bytes.truncate(len as usize);
    guest.write(buffer, &bytes)?;
    Ok(SUCCESS)
}

fn fd_write(
    guest: &mut Guest<'_>,
    fd: u32,
    vectors: u32,
    count: u32,
    written_out: u32,
) -> Result<u32, Fault> {
    let level = match fd {
        1 => LogLevel::Info,
        2 => LogLevel::Error,
        _ => return Ok(BADF),
    };
    let table = guest.read(vectors, count.saturating_mul(8))?;
    let mut text = Vec::new();
    for index in 0..count as usize {
        let pointer = u32_at(&table, 8 * index).unwrap_or(0);
        let len = u32_at(&table, 8 * index + 4).unwrap_or(0);
        text.extend(guest.read(pointer, len)?);
    }
    let written = size(text.len());
    if written > 0 {
        guest.state().log(level, text.strip_suffix(b"\n").unwrap_or(&text));
    }
    guest.write_u32(written_out, written)?;
    Ok(SUCCESS)
}

fn fd_fdstat_get(guest: &mut Guest<'_>, fd: u32, stat_out: u32) -> Result<u32, Fault> {
    if !matches!(fd, 1 | 2) {
        return Ok(BADF);
    }
    let mut stat = [0_u8; 24];
    // fs_rights_base: may write.
    if let Some(rights) = stat.get_mut(8) {
        *rights = 64;
    }
    guest.write(stat_out, &stat)?;
    Ok(SUCCESS)
}

fn environment(guest: &Guest<'_>) -> Vec<Vec<u8>> {
    let process = guest.process();
    let process = process.get();
    process
        .settings
        .environment
        .iter()
        .map(|(name, value)| format!("{name}={value}\0").into_bytes())
        .collect()
}

fn environ_sizes_get(guest: &mut Guest<'_>, count_out: u32, size_out: u32) -> Result<u32, Fault> {
    let entries = environment(guest);
    write_sizes(guest, count_out, entries.len(), size_out, entries.iter().map(Vec::len).sum())
}

fn write_sizes(
    guest: &mut Guest<'_>,
    count_out: u32,
    count: usize,
    size_out: u32,
    bytes: usize,
) -> Result<u32, Fault> {
    guest.write_u32(count_out, size(count))?;
    guest.write_u32(size_out, size(bytes))?;
    Ok(SUCCESS)
}

fn environ_get(guest: &mut Guest<'_>, mut pointers: u32, mut buffer: u32) -> Result<u32, Fault> {
    for entry in environment(guest) {
        guest.write_u32(pointers, buffer)?;
        guest.write(buffer, &entry)?;
        pointers = pointers.saturating_add(4);
        buffer = buffer.saturating_add(size(entry.len()));
    }
    Ok(SUCCESS)
}

//! The host functions of proxy-wasm ABI 0.2.1 and of WASI, one file per group.

use wasmtime::{Caller, Linker};

use crate::{
    process::SharedProcess,
    status::Status,
    vm::{size, state::VmState},
};

mod buffers;
mod callouts;
pub(crate) mod headers;
mod metrics;
mod properties;
mod shared;
mod stream;
mod system;
mod wasi;

/// Why a host call did not succeed: a status for the module, or a trap.
pub(crate) enum Fault {
    Status(Status),
    Trap(wasmtime::Error),
}

impl From<Status> for Fault {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<wasmtime::Error> for Fault {
    fn from(error: wasmtime::Error) -> Self {
        Self::Trap(error)
    }
}

/// What a host function answers.
pub(crate) type Answer = Result<(), Fault>;

/// The calling module: its memory and its VM's state.
pub(crate) struct Guest<'a>(Caller<'a, VmState>);

impl Guest<'_> {
    pub(crate) fn state(&self) -> &VmState {
        self.0.data()
    }

    pub(crate) fn state_mut(&mut self) -> &mut VmState {
        self.0.data_mut()
    }

    pub(crate) fn process(&self) -> SharedProcess {
        self.state().process.clone()
    }

    fn memory(&mut self) -> Result<wasmtime::Memory, Fault> {
        // During a start function the state does not hold the memory yet.
        let memory = self
            .state()
            .memory
            .or_else(|| self.0.get_export("memory").and_then(wasmtime::Extern::into_memory));
        memory.ok_or(Fault::Status(Status::InvalidMemoryAccess))
    }

    /// Bytes of the module's memory.
    pub(crate) fn read(&mut self, pointer: u32, len: u32) -> Result<Vec<u8>, Fault> {
        let memory = self.memory()?;
        let start = pointer as usize;
        let bytes = memory.data(&self.0).get(start..start + len as usize);
        bytes.map(<[u8]>::to_vec).ok_or(Fault::Status(Status::InvalidMemoryAccess))
    }

    /// Writes bytes into the module's memory.
    pub(crate) fn write(&mut self, pointer: u32, bytes: &[u8]) -> Answer {
        let memory = self.memory()?;
        memory
            .write(&mut self.0, pointer as usize, bytes)
            .map_err(|_| Fault::Status(Status::InvalidMemoryAccess))
    }

    pub(crate) fn write_u32(&mut self, pointer: u32, value: u32) -> Answer {
        self.write(pointer, &value.to_le_bytes())
    }

    pub(crate) fn write_u64(&mut self, pointer: u32, value: u64) -> Answer {
        self.write(pointer, &value.to_le_bytes())
    }

    /// Returns bytes: into memory that the module allocates, a null pointer where there are none.
    pub(crate) fn give(&mut self, bytes: &[u8], pointer_out: u32, size_out: u32) -> Answer {
        let mut pointer = 0;
        if !bytes.is_empty() {
            let (name, allocator) =
                self.state().allocator.clone().ok_or(Fault::Status(Status::InvalidMemoryAccess))?;
            let before = self.0.get_fuel()?;
            let outer = self.state_mut().allowed.replace(ALLOWED_IN_ALLOCATOR);
            let allocated = allocator.call(&mut self.0, size(bytes.len()));
            self.state_mut().allowed = outer;
            pointer = allocated?;
            let fuel = before.saturating_sub(self.0.get_fuel()?);
            self.state_mut().counts.count_export(name, fuel);
            self.write(pointer, bytes)?;
        }
        self.write_u32(pointer_out, pointer)?;
        self.write_u32(size_out, size(bytes.len()))
    }

    /// As [`Self::give`], unless a test has injected other bytes into this call.
    pub(crate) fn answer_bytes(
        &mut self,
        bytes: Result<Vec<u8>, Fault>,
        pointer_out: u32,
        size_out: u32,
    ) -> Answer {
        let bytes = match self.state_mut().injected_bytes.take() {
            Some(injected) => injected,
            None => bytes?,
        };
        self.give(&bytes, pointer_out, size_out)
    }
}

/// What a module may call while it starts.
pub(crate) const ALLOWED_AT_START: &[&str] = &[
    "proxy_log",
    "fd_write",
    "args_sizes_get",
    "args_get",
    "environ_sizes_get",
    "environ_get",
    "fd_prestat_get",
    "fd_prestat_dir_name",
    "clock_time_get",
    "random_get",
];

/// What a module may call while it allocates memory for the host.
const ALLOWED_IN_ALLOCATOR: &[&str] = &["proxy_log", "fd_write", "clock_time_get"];

/// Traps, as Envoy does, if the function may not be called now.
fn check_allowed(guest: &Guest<'_>, name: &str) -> wasmtime::Result<()> {
    match guest.state().allowed {
        Some(allowed) if !allowed.contains(&name) => {
            Err(wasmtime::Error::msg(format!("restricted_callback: {name} may not be called here")))
        }
        _ => Ok(()),
    }
}

/// Counts the call, applies injected faults, else runs it.
fn run(
    name: &'static str,
    caller: Caller<'_, VmState>,
    call: impl FnOnce(&mut Guest<'_>) -> Answer,
) -> wasmtime::Result<u32> {
    let mut guest = Guest(caller);
    check_allowed(&guest, name)?;
    guest.state_mut().counts.count_host(name);
    let injected = guest.process().get_mut().injections.call(name);
    if let Some(status) = injected.status {
        return Ok(status);
    }
    guest.state_mut().injected_bytes = injected.bytes;
    let answer = call(&mut guest);
    guest.state_mut().injected_bytes = None;
    match answer {
        Ok(()) => Ok(Status::Ok.into()),
        Err(Fault::Status(status)) => Ok(status.into()),
        Err(Fault::Trap(error)) => Err(error),
    }
}

/// Defines host functions of the module `env`: name, implementation, parameters.
macro_rules! define {
    ($linker:ident; $($name:literal => $call:expr, ($($arg:ident: $ty:ty),*);)+) => {$(
        $linker.func_wrap("env", $name, |caller: wasmtime::Caller<'_, $crate::vm::state::VmState>, $($arg: $ty),*| {
            $crate::abi::run($name, caller, |guest| ($call)(guest, $($arg),*))
        })?;
    )+};
}
use define;

/// Defines every host function.
pub(crate) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    buffers::link(linker)?;
    callouts::link(linker)?;
    headers::link(linker)?;
    metrics::link(linker)?;
    properties::link(linker)?;
    shared::link(linker)?;
    stream::link(linker)?;
    system::link(linker)?;
    wasi::link(linker)
}

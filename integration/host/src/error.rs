//! Why a module or a configuration was refused.

use std::fmt;

use crate::vm::log::LogLine;

/// A module or a plugin configuration that Envoy would refuse as well.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes are no valid WebAssembly module.
    InvalidModule(String),
    /// The module imports a function that no ABI 0.2.1 host has, or one with another signature.
    Import {
        /// The import's module, for example `env`.
        module: String,
        /// The import's name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An export that Envoy requires is absent: memory, an allocator or the ABI version.
    MissingExport(&'static str),
    /// An exported callback has another signature than the ABI's.
    WrongSignature(String),
    /// The module trapped while it was started or configured.
    Trap {
        /// The export that trapped.
        callback: &'static str,
        /// wasmtime's words, with a backtrace where the module has names.
        message: String,
        /// What the module logged until then.
        logs: Vec<LogLine>,
    },
    /// `proxy_on_vm_start` answered false.
    StartRejected(Vec<LogLine>),
    /// `proxy_on_configure` answered false.
    ConfigurationRejected(Vec<LogLine>),
    /// Envoy would have died while loading.
    Died(crate::Death),
}

impl LoadError {
    /// What the module logged before it was refused.
    pub fn logs(&self) -> &[LogLine] {
        match self {
            Self::Trap { logs, .. }
            | Self::StartRejected(logs)
            | Self::ConfigurationRejected(logs) => logs,
            _ => &[],
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidModule(reason) => write!(f, "not a WebAssembly module: {reason}"),
            Self::Import { module, name, reason } => write!(f, "import {module}.{name}: {reason}"),
            Self::MissingExport(name) => write!(f, "the module does not export {name}"),
            Self::WrongSignature(reason) => f.write_str(reason),
            Self::Trap { callback, message, .. } => write!(f, "{callback} trapped: {message}"),
            Self::StartRejected(_) => f.write_str("proxy_on_vm_start answered false"),
            Self::ConfigurationRejected(_) => f.write_str("proxy_on_configure answered false"),
            Self::Died(death) => death.fmt(f),
        }?;
        self.logs().iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for LoadError {}

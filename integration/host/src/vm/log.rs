//! What modules log.

use std::fmt;

/// Levels of `proxy_log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Trace = 0,
    Debug = 1,
    Info = 2,
    Warn = 3,
    Error = 4,
    Critical = 5,
}

impl LogLevel {
    pub(crate) fn from_abi(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Trace,
            1 => Self::Debug,
            2 => Self::Info,
            3 => Self::Warn,
            4 => Self::Error,
            5 => Self::Critical,
            _ => return None,
        })
    }
}

/// Which VM of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmRole {
    /// Loaded first to check the configuration, then dropped.
    Canary,
    /// The main thread's: gets ticks, never a request.
    Main,
    /// A worker's, counted from 0.
    Worker(usize),
}

/// One line logged, whatever its level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The VM that logged it.
    pub vm: VmRole,
    /// The context it was logged in.
    pub context: u32,
    /// Its level.
    pub level: LogLevel,
    /// The text, lossily as UTF-8.
    pub message: String,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{:?}] {:?}: {}", self.level, self.vm, self.message)
    }
}
